package encode

import (
	"testing"
	"unicode"
	"unicode/utf8"
)

// Printable replaces every character that moves the cursor or changes colours or the writing direction.
func TestPrintableOfEveryCharacter(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		want := string(r)
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			want = " "
		case r < ' ' || r >= 0x7f && r <= 0x9f, // C0, DEL, C1
			// bidirectional
			r == 0x61c || r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069,
			r == 0x2028 || r == 0x2029:
			want = "\ufffd"
		}
		if got := Printable(string(r)); got != want {
			t.Errorf("%U becomes %q, want %q", r, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "",
		"plain 한글 😀 é":               "plain 한글 😀 é",
		"red \x1b[31m and \x9b1A up": "red \ufffd[31m and \ufffd1A up",
		"two\r\nlines":               "two  lines",
		"back\b\b\bspace":            "back\ufffd\ufffd\ufffdspace",
		"cut \xe2\x80":               "cut \ufffd",
		"title \x1b]0;x\x07":         "title \ufffd]0;x\ufffd",
		"abc\u202egpj.exe":           "abc\ufffdgpj.exe",
	} {
		if got := Printable(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
