package encode

import (
	"fmt"
	"strings"
	"unicode"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/redact"
)

// Printable returns text safe to write to a terminal, or to a log that a CI runner reads: on one line, with U+FFFD for
// everything that could move the cursor, change colours or the writing direction, and with a space between number signs
// that could begin a command.
func Printable(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == 0x2028 || r == 0x2029:
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
	return string(replaceCommands([]byte(text), "# #"))
}

// DisplayURL returns what to call a Record on a terminal: its URL without userinfo, or the start of an input line that
// has none.
func DisplayURL(r *fetch.Record) string {
	if r.Request.URL != "" {
		return redact.URL(r.Request.URL)
	}
	return string(r.Input)
}

// DisplayLine returns FILE:LINE of an input line that can't be used; empty for any other Record, and for arguments.
func DisplayLine(r *fetch.Record) string {
	if r.Failure == nil || r.Failure.Kind != failure.InvalidRequest || r.Request.Line == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d", r.Request.File, r.Request.Line)
}
