package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

// lines reads lines of JSON, one object each, in bounded memory: what a line holds is gone through as it is read, and
// of each value that is asked for the start is kept. It accepts more than JSON, and no less.
type lines struct {
	in      io.Reader
	buf     []byte
	r, w    int    // buf[r:w] is what was read and not used
	err     error  // of in, once buf is used
	scratch []byte // the value that was read last
	name    []byte // the name of the member that was read last
}

const (
	// bufferSize is how much of a file is read at once.
	bufferSize = 256 << 10
	// maxValue is how many bytes of a value are kept.
	maxValue = 2 << 10
)

// errLine is that a line is no object of JSON, or ends before it does.
var errLine = errors.New("no object of JSON")

func newLines(in io.Reader) lines { return lines{in: in, buf: make([]byte, bufferSize)} }

// fill reads on where buf is used, and reports whether there is anything in it.
func (l *lines) fill() bool {
	for l.r == l.w && l.err == nil {
		l.r = 0
		l.w, l.err = l.in.Read(l.buf)
	}
	return l.r < l.w
}

// peek returns the next byte that is no white space within a line, nor of a byte order mark, without using it; 0 is the
// end of the input.
func (l *lines) peek() byte {
	for l.r < l.w || l.fill() {
		c := l.buf[l.r]
		switch c {
		case ' ', '\t', '\r', 0xEF, 0xBB, 0xBF:
			l.r++
		default:
			return c
		}
	}
	return 0
}

// next goes on to the next line, and reports whether there is one. skipped says that something stood before it that was
// not read.
func (l *lines) next() (more, skipped bool) {
	for l.peek(); l.r < l.w; l.peek() {
		if l.buf[l.r] == '\n' {
			l.r++
			return true, skipped
		}
		skipped = true
		if at := bytes.IndexByte(l.buf[l.r:l.w], '\n'); at >= 0 {
			l.r += at
		} else {
			l.r = l.w
		}
	}
	return false, skipped
}

// object reads an object, and calls member with each name, which has to read the value.
func (l *lines) object(member func(name []byte) error) error {
	if l.peek() != '{' {
		return errLine
	}
	l.r++
	if l.peek() == '}' {
		l.r++
		return nil
	}
	for {
		if l.peek() != '"' {
			return errLine
		}
		if err := l.text(); err != nil {
			return err
		}
		l.name = append(l.name[:0], l.scratch...)
		if l.peek() != ':' {
			return errLine
		}
		l.r++
		if err := member(l.name); err != nil {
			return err
		}
		switch l.peek() {
		case ',':
			l.r++
		case '}':
			l.r++
			return nil
		default:
			return errLine
		}
	}
}

// text reads a string into scratch, without its escapes. A value of another type is skipped, and scratch empty.
func (l *lines) text() error {
	l.scratch = l.scratch[:0]
	if l.peek() != '"' {
		return l.skip()
	}
	escaped, err := l.quoted(true)
	if err == nil && escaped {
		var text string
		if json.Unmarshal(append(append([]byte{'"'}, l.scratch...), '"'), &text) == nil {
			l.scratch = append(l.scratch[:0], text...)
		}
	}
	return err
}

// quoted reads a string from its opening to its closing quote. With keep set its start is appended to scratch, as it
// stands there.
func (l *lines) quoted(keep bool) (escaped bool, err error) {
	l.r++
	for l.r < l.w || l.fill() {
		rest := l.buf[l.r:l.w]
		n := 0
		for n < len(rest) && rest[n] != '"' && rest[n] != '\\' && rest[n] >= ' ' {
			n++
		}
		if keep {
			l.scratch = append(l.scratch, rest[:min(n, max(maxValue-len(l.scratch), 0))]...)
		}
		l.r += n
		if n == len(rest) {
			continue
		}
		switch rest[n] {
		case '"':
			l.r++
			return escaped, nil
		case '\\':
			escaped = true
			l.r++
			if !l.fill() || l.buf[l.r] < ' ' {
				return escaped, errLine
			}
			if keep && len(l.scratch) < maxValue {
				l.scratch = append(l.scratch, '\\', l.buf[l.r])
			}
			l.r++
		default:
			return escaped, errLine
		}
	}
	return escaped, errLine
}

// literal reads a number, true, false or null into scratch. A value of another type is skipped, and scratch empty.
func (l *lines) literal() error {
	l.scratch = l.scratch[:0]
	switch l.peek() {
	case '"', '{', '[':
		return l.skip()
	}
	for l.r < l.w || l.fill() {
		c := l.buf[l.r]
		if c == ',' || c == '}' || c == ']' || c <= ' ' {
			break
		}
		if len(l.scratch) < 64 {
			l.scratch = append(l.scratch, c)
		}
		l.r++
	}
	if len(l.scratch) == 0 {
		return errLine
	}
	return nil
}

// skip reads a value of any type.
func (l *lines) skip() error {
	for depth := 0; ; {
		switch l.peek() {
		case 0, '\n':
			return errLine
		case '"':
			if _, err := l.quoted(false); err != nil {
				return err
			}
		case '{', '[':
			depth++
			l.r++
		case '}', ']':
			if depth == 0 {
				return errLine
			}
			depth--
			l.r++
		case ',', ':':
			if depth == 0 {
				return errLine
			}
			l.r++
			continue
		default:
			if err := l.literal(); err != nil {
				return err
			}
		}
		if depth == 0 {
			return nil
		}
	}
}

// integer reads a number from 0 on; any other value leaves to as it is.
func (l *lines) integer(to *int64) error {
	err := l.literal()
	if n, bad := strconv.ParseInt(string(l.scratch), 10, 64); bad == nil && n >= 0 {
		*to = n
	}
	return err
}

// float reads a number; any other value leaves to as it is.
func (l *lines) float(to *float64) error {
	err := l.literal()
	if n, bad := strconv.ParseFloat(string(l.scratch), 64); bad == nil {
		*to = n
	}
	return err
}
