package paging

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

// errNoJSON is the error of a scanner where the text is no JSON.
var errNoJSON = errors.New("not JSON")

// errTooLong is the error of a scanner where a string is longer than it was asked to read.
var errTooLong = errors.New("a string is too long")

// maxReference is the longest URL reference in bytes, and the longest value for a next page, as it is written.
const maxReference = 64 << 10

// maxElement is the length in bytes from which on an element of an array is not looked at.
const maxElement = 128 << 10

// A scanner reads a JSON text (RFC 8259) value by value. It checks of what it skips only that strings, brackets and
// braces match, and needs no memory for it.
type scanner struct {
	in     *bufio.Reader
	failed error  // of in, io.EOF at its end
	kept   []byte // what has been read since it was made empty, as far as maxElement; nil: nothing is kept
}

// newScanner returns a scanner of in, behind a byte order mark.
func newScanner(in io.Reader) *scanner {
	s := &scanner{in: bufio.NewReaderSize(in, 16<<10)}
	if mark, _ := s.in.Peek(3); string(mark) == "\uFEFF" {
		_, _ = s.in.Discard(3) // Peek has returned it
	}
	return s
}

// next returns the next byte; 0, which is in no JSON, after the end.
func (s *scanner) next() byte {
	b, err := s.in.ReadByte()
	if err != nil {
		s.failed = err
		return 0
	}
	if s.kept != nil && len(s.kept) < maxElement {
		s.kept = append(s.kept, b)
	}
	return b
}

// unread puts the byte back that next has returned.
func (s *scanner) unread() {
	_ = s.in.UnreadByte() // it has just been read
	if n := len(s.kept); n > 0 && n < maxElement {
		s.kept = s.kept[:n-1]
	}
}

// peek returns the first byte of the next token, and leaves it; 0 at the end.
func (s *scanner) peek() byte {
	for {
		switch b := s.next(); b {
		case ' ', '\t', '\r', '\n':
		case 0:
			return 0
		default:
			s.unread()
			return b
		}
	}
}

// take reads the next token where it is b, and reports whether it was.
func (s *scanner) take(b byte) bool {
	if s.peek() != b {
		return false
	}
	s.next()
	return true
}

// enter goes to the member of an object, or the element of an array, that a token of a pointer names, and reports
// whether it is there. Of members with one name the first counts.
func (s *scanner) enter(token string) (bool, error) {
	switch s.peek() {
	case '{':
		return s.enterObject(token)
	case '[':
		return s.enterArray(token)
	}
	return false, s.skipValue()
}

func (s *scanner) enterObject(name string) (bool, error) {
	s.next()
	if s.take('}') {
		return false, nil
	}
	for {
		found, err := s.readName(name)
		if err != nil || found {
			return found, err
		}
		if err := s.skipValue(); err != nil {
			return false, err
		}
		if s.take('}') {
			return false, nil
		}
		if !s.take(',') {
			return false, errNoJSON
		}
	}
}

// readName reads the name of a member and its colon, and reports whether it is name.
func (s *scanner) readName(name string) (bool, error) {
	if s.peek() != '"' {
		return false, errNoJSON
	}
	text, err := s.readString(6*len(name) + 2) // each byte as \u00XX
	if errors.Is(err, errTooLong) {
		text, err = "", s.skipString()
	} else if err == nil && text == name {
		if !s.take(':') {
			return false, errNoJSON
		}
		return true, nil
	}
	if err == nil && !s.take(':') {
		err = errNoJSON
	}
	return false, err
}

func (s *scanner) enterArray(token string) (bool, error) {
	s.next()
	index, err := strconv.ParseUint(token, 10, 63)
	if err != nil || strconv.FormatUint(index, 10) != token { // "-" is the element after the last one
		return false, nil
	}
	if s.take(']') {
		return false, nil
	}
	for ; index > 0; index-- {
		if err := s.skipValue(); err != nil {
			return false, err
		}
		if s.take(']') {
			return false, nil
		}
		if !s.take(',') {
			return false, errNoJSON
		}
	}
	return true, nil
}

// readString reads a string of at most so many bytes as it is written. The error is errTooLong where it is longer; the
// scanner is then within the string, and not within an escape.
func (s *scanner) readString(most int) (text string, err error) {
	raw := append(make([]byte, 0, min(most, 256)), s.next())
	for {
		if len(raw) > most {
			return "", errTooLong
		}
		b := s.next()
		raw = append(raw, b)
		switch {
		case b == '"':
			if json.Unmarshal(raw, &text) != nil {
				return "", errNoJSON
			}
			return text, nil
		case b == '\\':
			raw = append(raw, s.next())
		case b < ' ':
			return "", errNoJSON
		}
	}
}

// skipString reads the rest of a string.
func (s *scanner) skipString() error {
	for {
		switch b := s.next(); {
		case b == '"':
			return nil
		case b == '\\':
			s.next()
		case b < ' ':
			return errNoJSON
		}
	}
}

// skipValue reads a value of any kind.
func (s *scanner) skipValue() error {
	depth := 0
	for {
		switch b := s.peek(); b {
		case '"':
			s.next()
			if err := s.skipString(); err != nil {
				return err
			}
		case '{', '[':
			s.next()
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return errNoJSON
			}
			s.next()
			depth--
		case ',', ':':
			if depth == 0 {
				return errNoJSON
			}
			s.next()
			continue
		default:
			if err := s.skipWord(); err != nil {
				return err
			}
		}
		if depth == 0 {
			return nil
		}
	}
}

// skipWord reads a number or a literal. Of a number it checks no more than its letters.
func (s *scanner) skipWord() error {
	var word [8]byte // long enough for the literals
	size := 0
	for {
		b := s.next()
		if !('0' <= b && b <= '9' || 'a' <= b && b <= 'z' || b == '-' || b == '+' || b == '.' || b == 'E') {
			if b != 0 {
				s.unread()
			}
			break
		}
		if size < len(word) {
			word[size] = b
		}
		size++
	}
	switch string(word[:min(size, len(word))]) {
	case "true", "false", "null":
		return nil
	}
	if first := word[0]; first != '-' && (first < '0' || first > '9') {
		return errNoJSON
	}
	return nil
}

// readWord reads a number or a literal, and returns it.
func (s *scanner) readWord() (string, error) {
	s.kept = make([]byte, 0, 16)
	defer func() { s.kept = nil }()
	err := s.skipValue()
	return string(s.kept), err
}

// readNumber is readWord with the error errTooLong beyond maxReference bytes.
func (s *scanner) readNumber() (string, error) {
	word, err := s.readWord()
	if err == nil && len(word) > maxReference {
		return "", errTooLong
	}
	return word, err
}

// readRaw reads a value of any kind and returns its text. The error is errTooLong beyond maxReference bytes, errNoJSON
// where it is not valid.
func (s *scanner) readRaw() ([]byte, error) {
	s.peek() // space in front
	s.kept = make([]byte, 0, 64)
	defer func() { s.kept = nil }()
	err := s.skipValue()
	switch raw := s.kept; {
	case err != nil:
		return nil, err
	case len(raw) > maxReference:
		return nil, errTooLong
	case !json.Valid(raw):
		return nil, errNoJSON
	default:
		return raw, nil
	}
}
