package failure

import (
	"fmt"
	"net/http"
	"strings"
)

// StatusText is a status code with its registered reason phrase, without one where none is registered. The phrase
// that a server sent is left out: it may say anything.
func StatusText(status int) string {
	text := http.StatusText(status)
	if text == "" {
		return fmt.Sprintf("%03d", status)
	}
	return fmt.Sprintf("%d %s", status, text)
}

// maxQuoted bounds what is told of what is wrong with an answer.
const maxQuoted = 256

// Unquoted says what is wrong with an answer, up to where net/http quotes it: a line of an answer may hold secrets, a cookie
// that it sets or the user's own, and be as long as a header.
func Unquoted(err error) string {
	text, _, _ := strings.Cut(Innermost(err).Error(), `"`)
	return Clip(strings.TrimRight(text, ` :;,[(=`), maxQuoted)
}

// Clip shortens text for an error message.
func Clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
