package paging

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A Pointer is a JSON pointer (RFC 6901): the names and indexes on the way to a value, unescaped. Nil is none. In place
// of an index NAME=VALUE is the first element that has a member of that name with that string, as links have a rel, and
// -1 is the last element.
type Pointer []string

// ParsePointer parses the text of a JSON pointer other than the empty one.
func ParsePointer(text string) (Pointer, error) {
	if !strings.HasPrefix(text, "/") {
		return nil, errors.New("is no JSON pointer, which starts with a slash")
	}
	pointer := Pointer(strings.Split(text[1:], "/"))
	unescape := strings.NewReplacer("~0", "~", "~1", "/")
	for i, token := range pointer {
		if strings.Count(token, "~") != strings.Count(token, "~0")+strings.Count(token, "~1") {
			return nil, errors.New("is no JSON pointer: ~ stands for itself as ~0, for a slash as ~1")
		}
		pointer[i] = unescape.Replace(token)
	}
	return pointer, nil
}

// String returns the text of a Pointer.
func (p Pointer) String() string {
	var text strings.Builder
	for _, token := range p {
		text.WriteString("/" + strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1"))
	}
	return text.String()
}

// A BodyError is why a body can't tell where the next page is.
type BodyError struct{ Problem string }

func (e *BodyError) Error() string { return e.Problem }

// maxQuoted is how many bytes of a text of a server a message repeats.
const maxQuoted = 100

// quoteShort returns a text of a server for a message, quoted in ASCII, and only its start where it is long.
func quoteShort(text string) string {
	if len(text) > maxQuoted {
		return strconv.QuoteToASCII(strings.ToValidUTF8(text[:maxQuoted], "")) + "…"
	}
	return strconv.QuoteToASCII(text)
}

// Find returns the string that p leads to in a JSON text; empty where there is no such value, or it is null, false or
// an empty string. An object with a string "href" counts as that string (a link object of JSON:API or HAL). The error
// is that of in, or a *BodyError where the text is no JSON up to there or another value is there. It reads no further
// than to the value.
func (p Pointer) Find(in io.Reader) (string, error) { return p.read(in, p.find) }

// FindValue is Find where a number counts as its text.
func (p Pointer) FindValue(in io.Reader) (string, error) {
	return p.read(in, func(s *scanner) (string, error) {
		found, err := p.enter(&s)
		if err != nil || !found {
			return "", err
		}
		if b := s.peek(); b == '-' || '0' <= b && b <= '9' {
			return s.readNumber()
		}
		return p.readReference(s)
	})
}

// findRaw is Find for a value of any kind, whose text it returns without the space between its tokens: a Record has it
// on one line.
func (p Pointer) findRaw(in io.Reader) (string, error) {
	return p.read(in, func(s *scanner) (string, error) {
		found, err := p.enter(&s)
		if err != nil || !found {
			return "", err
		}
		raw, err := s.readRaw()
		if err != nil {
			return "", err
		}
		var compact bytes.Buffer
		_ = json.Compact(&compact, raw) // it is valid
		switch value := compact.String(); value {
		case "null", "false", `""`, "[]", "{}":
			return "", nil
		default:
			return value, nil
		}
	})
}

// read returns what find makes of a JSON text, with the errors of Find.
func (p Pointer) read(in io.Reader, find func(*scanner) (string, error)) (string, error) {
	s := newScanner(in)
	text, err := find(s)
	if s.failed != nil && !errors.Is(s.failed, io.EOF) {
		return "", s.failed
	}
	switch {
	case errors.Is(err, errNoJSON):
		return "", &BodyError{fmt.Sprintf("the body is not JSON, so that nothing is at %s", p)}
	case errors.Is(err, errTooLong):
		return "", &BodyError{"the URL or value of the next page is longer than 64 KiB"}
	case errors.Is(err, errLongElement):
		return "", &BodyError{fmt.Sprintf("the last element on the way to %s is longer than 128 KiB", p)}
	}
	return text, err
}

func (p Pointer) find(s *scanner) (string, error) {
	found, err := p.enter(&s)
	if err != nil || !found {
		return "", err
	}
	return p.readReference(s)
}

// enter goes to the value that p leads to, and reports whether it is there. It changes s to a scanner of the element
// where p goes to one by its member.
func (p Pointer) enter(s **scanner) (bool, error) {
	for _, token := range p {
		if name, value, isMember := strings.Cut(token, "="); isMember && (*s).peek() == '[' {
			element, err := (*s).elementWith(name, value)
			if err != nil || element == nil {
				return false, err
			}
			*s = newScanner(bytes.NewReader(element))
			continue
		}
		if token == "-1" && (*s).peek() == '[' {
			element, err := (*s).lastElement()
			if err != nil || element == nil {
				return false, err
			}
			*s = newScanner(bytes.NewReader(element))
			continue
		}
		found, err := (*s).enter(token)
		if err != nil || !found {
			return false, err
		}
	}
	return true, nil
}

// readReference reads the value that p leads to.
func (p Pointer) readReference(s *scanner) (string, error) {
	switch s.peek() {
	case '"':
		return s.readString(maxReference)
	case 'n', 'f':
		return "", s.skipValue()
	case '{':
		if found, err := s.enter("href"); err != nil || found && s.peek() == '"' {
			if err != nil {
				return "", err
			}
			return s.readString(maxReference)
		}
		return "", &BodyError{fmt.Sprintf("an object is at %s, and no URL", p)}
	case '[':
		return "", &BodyError{fmt.Sprintf("an array is at %s, and no URL", p)}
	}
	if err := s.skipValue(); err != nil {
		return "", err
	}
	return "", &BodyError{fmt.Sprintf("a number or true is at %s, and no URL", p)}
}
