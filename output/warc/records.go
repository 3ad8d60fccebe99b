package warc

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Records returns a reader of the Records in an archive, which in decompresses: the lines that its metadata records in
// JSON hold. Nothing that a server has sent is one. Its error is that of in, io.ErrUnexpectedEOF for an archive that is
// cut off, or errNoRecord.
func Records(in io.Reader) io.Reader { return &recordLines{in: bufio.NewReaderSize(in, maxHeader)} }

// maxHeader is the most bytes of a line of a record's header.
const maxHeader = 64 << 10

var errNoRecord = errors.New("no archive in WARC, or a damaged one")

// recordLines is the reader that Records returns.
type recordLines struct {
	in   *bufio.Reader
	left int64 // bytes of the line's block
	open bool  // a line has begun, and its end has not been read
}

// Read is io.Reader's.
func (l *recordLines) Read(p []byte) (int, error) {
	for len(p) > 0 {
		switch {
		case l.left > 0:
			n, err := l.in.Read(p[:min(int64(len(p)), l.left)])
			l.left -= int64(n)
			if n > 0 {
				err = nil // it comes again
			}
			return n, cutOff(err)
		case l.open:
			p[0], l.open = '\n', false
			return 1, nil
		}
		isLine, size, err := l.readHeader()
		if err != nil {
			return 0, err
		}
		if isLine {
			l.left, l.open = size, true
			continue
		}
		if _, err := io.CopyN(io.Discard, l.in, size); err != nil {
			return 0, cutOff(err)
		}
	}
	return 0, nil
}

// cutOff returns the error for the end of an archive within a record.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// readHeader reads the header of the next record. It returns whether its block is the line of a Record, and the size of
// that; io.EOF is the end of the archive.
func (l *recordLines) readHeader() (isLine bool, size int64, err error) {
	var kind, content string
	var line []byte
	for len(line) == 0 { // a record ends in two empty lines
		if line, err = l.readLine(); err != nil {
			return false, 0, err
		}
	}
	if !bytes.HasPrefix(line, []byte("WARC/")) {
		return false, 0, errNoRecord
	}
	for size = -1; ; {
		if line, err = l.readLine(); err != nil {
			return false, 0, cutOff(err)
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch string(bytes.ToLower(name)) {
		case "warc-type":
			kind = strings.ToLower(string(value))
		case "content-type":
			content = strings.ToLower(string(value))
		case "content-length":
			if size, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				return false, 0, fmt.Errorf("%w: the length of a record is %.40q", errNoRecord, value)
			}
		}
	}
	if size < 0 {
		return false, 0, errNoRecord
	}
	return kind == "metadata" && strings.HasPrefix(content, "application/json"), size, nil
}

// readLine reads a line of a header, without its end. The line is valid until the next read.
func (l *recordLines) readLine() ([]byte, error) {
	line, err := l.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, errNoRecord
	case err == io.EOF && len(line) > 0:
		return nil, io.ErrUnexpectedEOF
	case err != nil:
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}
