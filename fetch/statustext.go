package fetch

import (
	"fmt"
	"net/http"
)

// statusText is a status code with its registered reason phrase, without one where none is registered. The phrase
// that a server sent is left out: it may say anything.
func statusText(status int) string {
	text := http.StatusText(status)
	if text == "" {
		return fmt.Sprintf("%03d", status)
	}
	return fmt.Sprintf("%d %s", status, text)
}
