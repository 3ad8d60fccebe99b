package encode

import (
	"strings"
	"unicode"

	"batchfetch/fetch"
)

// Printable returns text as it may stand on a terminal: on one line, with everything that could move the cursor,
// change colours or turn the writing direction shown as the replacement character.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == 0x2028 || r == 0x2029:
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}

// DisplayURL is what names a Record to a person: its URL, or the start of a line that has none.
func DisplayURL(r *fetch.Record) string {
	if r.Request.URL != "" {
		return fetch.MaskURL(r.Request.URL)
	}
	return string(r.Input)
}
