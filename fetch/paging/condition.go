package paging

import (
	"io"
	"strconv"
)

// Holds reports whether p leads to a value in a JSON text that is not null, false, 0 or empty: a string, an array or an
// object with something in it. The error is that of in, or a *BodyError where the text is no JSON up to there.
func (p Pointer) Holds(in io.Reader) (holds bool, err error) {
	_, err = p.read(in, func(s *scanner) (string, error) {
		found, err := p.enter(&s)
		if err != nil || !found {
			return "", err
		}
		holds, err = s.isFilled()
		return "", err
	})
	return holds, err
}

// hasElements reports whether a JSON text is an array that has elements. The error is that of in, or a *BodyError where
// it is no array.
func hasElements(in io.Reader) (has bool, err error) {
	_, err = Pointer(nil).read(in, func(s *scanner) (string, error) {
		if s.peek() != '[' {
			return "", &BodyError{"the body is no JSON array: say where the array of a page is, as in \"page=+1 while /items\""}
		}
		has, err = s.isFilled()
		return "", err
	})
	return has, err
}

// isFilled reports whether the next value is not null, false, 0 or empty. It reads no more than it needs of it.
func (s *scanner) isFilled() (bool, error) {
	switch b := s.peek(); b {
	case '"', '[', '{':
		s.next()
		if b == '"' {
			return s.next() != '"', nil
		}
		return s.peek() != b+2, nil // ] and } are two behind [ and {
	}
	word, err := s.readWord()
	if err != nil || word == "null" || word == "false" {
		return false, err
	}
	n, err := strconv.ParseFloat(word, 64)
	return err != nil || n != 0, nil // true, or a number
}
