package coding

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"
)

// UncodedPeek is how many bytes of a body IsUncoded needs.
const UncodedPeek = 512

// IsUncoded reports whether a body, given its first UncodedPeek bytes, is text that has none of the codings that its
// response declares. So come bodies from servers that pass on what a client of theirs has decoded, with the header of
// the coded one, as "return fetch(url)" does in Bun 1.4.5. Coded data is no text: it has control characters, or is no
// UTF-8. What is not text may be damaged.
func IsUncoded(start []byte, h http.Header, windows Windows) bool {
	known, _ := Of(h, nil)
	if len(known) == 0 || !isText(start) {
		return false
	}
	d, err := NewReader(known, bytes.NewReader(start), nil, windows)
	if err != nil {
		return false
	}
	defer d.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(d, 64<<10))
	return err != nil && !errors.Is(err, io.ErrUnexpectedEOF)
}

// isText reports whether the start of a body is UTF-8, but for a rune that its end may cut, without control characters.
func isText(start []byte) bool {
	for len(start) > 0 {
		r, size := utf8.DecodeRune(start)
		switch {
		case r == utf8.RuneError && size == 1:
			return !utf8.FullRune(start)
		case r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f', r == '\x7f':
			return false
		}
		start = start[size:]
	}
	return true
}
