package paging

import (
	"bufio"
	"errors"
	"io"
	"unicode/utf8"
)

// An xmlText reads a document for an XML decoder, which accepts nothing after a character that XML must not have. A
// control character in it is read as a space, and a byte that is not of UTF-8 as the character of ISO 8859-1: what is
// looked for is ASCII in nearly all documents, whatever their encoding, and texts of old records have such bytes.
type xmlText struct {
	in     *bufio.Reader
	failed error  // of in, other than its end
	rest   []byte // of the last character, where it was read in part
	char   [utf8.UTFMax]byte
}

func newXMLText(in io.Reader) *xmlText { return &xmlText{in: bufio.NewReader(in)} }

// Read is that of io.Reader.
func (x *xmlText) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(x.rest) == 0 {
			c, err := x.readChar()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					x.failed = err
				}
				return n, err
			}
			x.rest = utf8.AppendRune(x.char[:0], c)
		}
		copied := copy(p[n:], x.rest)
		x.rest, n = x.rest[copied:], n+copied
	}
	return n, nil
}

// readChar reads a character that XML may have (XML 1.0, section 2.2).
func (x *xmlText) readChar() (rune, error) {
	c, size, err := x.in.ReadRune()
	switch {
	case err != nil:
		return 0, err
	case c == utf8.RuneError && size == 1:
		_ = x.in.UnreadRune() // it has just been read
		b, err := x.in.ReadByte()
		return rune(b), err
	case c < ' ' && c != '\t' && c != '\n' && c != '\r', c == 0xFFFE, c == 0xFFFF:
		return ' ', nil
	}
	return c, nil
}
