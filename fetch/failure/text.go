package failure

import (
	"fmt"
	"net/http"
	"strings"
)

// StatusText returns a status code of three digits with its registered reason phrase, if it has one. The phrase that a
// server sent is not used, since it may be any text.
func StatusText(status int) string {
	text := http.StatusText(status)
	if text == "" {
		return fmt.Sprintf("%03d", status)
	}
	return fmt.Sprintf("%d %s", status, text)
}

// maxQuoted bounds the result of Unquoted, in bytes.
const maxQuoted = 256

// Unquoted returns the text of the innermost error of an invalid response, up to where net/http quotes the response: a
// line of it may hold secrets, such as a cookie that it sets or the user's own, and be as long as a header.
func Unquoted(err error) string {
	text, _, _ := strings.Cut(Innermost(err).Error(), `"`)
	text = strings.TrimSuffix(strings.TrimRight(text, ` :;,[(=`), "; got")
	return Clip(strings.TrimPrefix(text, "http: "), maxQuoted)
}

// Clip returns text for an error message: all of it up to most bytes, otherwise its first most bytes, cut
// between characters, and an ellipsis.
func Clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
