package paging

import (
	"bufio"
	"bytes"
	"errors"
)

// elementWith reads an array up to the first element that has a member of that name with that string, and returns its
// text; nil where there is none. Elements of maxElement bytes and more are passed over.
func (s *scanner) elementWith(name, value string) ([]byte, error) {
	defer func() { s.kept = nil }()
	s.next()
	if s.take(']') {
		return nil, nil
	}
	for {
		s.peek() // space in front
		s.kept = make([]byte, 0, 256)
		if err := s.skipValue(); err != nil {
			return nil, err
		}
		if element := s.kept; len(element) < maxElement && hasMember(element, name, value) {
			return element, nil
		}
		s.kept = nil
		if s.take(']') {
			return nil, nil
		}
		if !s.take(',') {
			return nil, errNoJSON
		}
	}
}

// errLongElement is the error of a scanner where the last element of an array has maxElement bytes or more.
var errLongElement = errors.New("the last element is too long")

// lastElement reads an array and returns the text of its last element; nil where it has none.
func (s *scanner) lastElement() ([]byte, error) {
	defer func() { s.kept = nil }()
	s.next()
	if s.take(']') {
		return nil, nil
	}
	element := make([]byte, 0, 256)
	for {
		s.peek() // space in front
		s.kept = element[:0]
		err := s.skipValue()
		if element = s.kept; err != nil {
			return nil, err
		}
		s.kept = nil
		switch {
		case s.take(','):
		case s.peek() != ']':
			return nil, errNoJSON
		case len(element) >= maxElement:
			return nil, errLongElement
		default:
			return element, nil
		}
	}
}

// hasMember reports whether a JSON value is an object that has a member of that name with that string.
func hasMember(element []byte, name, value string) bool {
	s := &scanner{in: bufio.NewReaderSize(bytes.NewReader(element), 64)}
	if s.peek() != '{' {
		return false
	}
	if found, err := s.enterObject(name); err != nil || !found || s.peek() != '"' {
		return false
	}
	text, err := s.readString(6*len(value) + 2) // each byte as \u00XX
	return err == nil && text == value
}
