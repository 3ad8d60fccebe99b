package input

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// A lineReader splits a stream into lines without space or byte order marks at either end. Its memory is bounded by the
// longest usable line.
type lineReader struct {
	in       *bufio.Reader
	longLine []byte
	number   int64 // of the line read last; 1 is the first
	tooLong  bool  // that line is longer than maxJSONLine, and only its start was returned
}

// newLineReader returns a reader of in. It reads the first bytes, to find a byte order mark.
func newLineReader(in io.Reader) *lineReader {
	return &lineReader{in: DecodeUTF16(bufio.NewReaderSize(in, readSize))}
}

func (l *lineReader) place() (int64, bool) { return l.number, l.tooLong }

// next returns the next line, which is valid until the following call; after the last one the error is io.EOF. The last
// line needs no newline. Of a line that is too long it returns the start, and sets tooLong.
func (l *lineReader) next() ([]byte, error) {
	l.tooLong = false
	part, err := l.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		part, err = l.readLong(part)
	}
	if err != nil && (len(part) == 0 || !errors.Is(err, io.EOF)) {
		return nil, err
	}
	l.number++
	part = bytes.TrimSpace(part)
	for bytes.HasPrefix(part, []byte(byteOrderMark)) { // files that were joined have several
		part = bytes.TrimSpace(part[len(byteOrderMark):])
	}
	return part, nil
}

// readLong reads the rest of a line that does not fit into the buffer, and drops what is over maxJSONLine.
func (l *lineReader) readLong(part []byte) ([]byte, error) {
	l.longLine = append(l.longLine[:0], part...)
	for {
		part, err := l.in.ReadSlice('\n')
		if len(l.longLine)+len(part) <= maxJSONLine+2 { // the line itself, a carriage return and a newline
			l.longLine = append(l.longLine, part...)
		} else {
			l.tooLong = true
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.longLine, err
		}
	}
}
