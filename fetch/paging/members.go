package paging

import (
	"fmt"
	"io"
)

// maxMembers is how many members the object for the parameters of the next page may have.
const maxMembers = 64

// findMembers returns the members of the object that p leads to in a JSON text, without those that are null; none where
// there is no such value, or it is null or false. The error is that of in, or a *BodyError where the text is no JSON up
// to its end, another value is there, or a member is no string, number or boolean.
func (p Pointer) findMembers(in io.Reader) (members []parameter, err error) {
	_, err = p.read(in, func(s *scanner) (string, error) {
		found, err := p.enter(&s)
		if err != nil || !found {
			return "", err
		}
		switch s.peek() {
		case '{':
		case 'n', 'f':
			return "", s.skipValue()
		default:
			return "", &BodyError{fmt.Sprintf("what is at %s is no object", p)}
		}
		members, err = s.readMembers(p)
		return "", err
	})
	return members, err
}

// readMembers reads the object that p leads to.
func (s *scanner) readMembers(p Pointer) (members []parameter, err error) {
	s.next()
	if s.take('}') {
		return nil, nil
	}
	for size := 0; ; {
		m, isNull, err := s.readMember(p)
		if err != nil {
			return nil, err
		}
		if !isNull {
			members = append(members, m)
		}
		if size += len(m.name) + len(m.value); size > maxReference || len(members) > maxMembers {
			return nil, errTooLong
		}
		if s.take('}') {
			return members, nil
		}
		if !s.take(',') {
			return nil, errNoJSON
		}
	}
}

// readMember reads one member of the object that p leads to.
func (s *scanner) readMember(p Pointer) (m parameter, isNull bool, err error) {
	if s.peek() != '"' {
		return m, false, errNoJSON
	}
	if m.name, err = s.readString(maxReference); err != nil {
		return m, false, err
	}
	if !s.take(':') {
		return m, false, errNoJSON
	}
	switch s.peek() {
	case '"':
		m.value, err = s.readString(maxReference)
		return m, false, err
	case '[', '{':
		return m, false, &BodyError{fmt.Sprintf("the member %s of the object at %s is no string or number",
			quoteShort(m.name), p)}
	}
	m.value, err = s.readWord()
	return m, m.value == "null", err
}
