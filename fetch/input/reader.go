package input

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"batchfetch/fetch"
	"batchfetch/fetch/redact"
)

// The longest usable lines, and how much of an unusable one is kept.
const (
	maxURLLine  = 1 << 20
	maxJSONLine = 4 << 20
)

// A Reader makes Requests of lines. Several inputs read one after the other through one Reader share its index.
type Reader struct {
	nextIndex int64
}

// Lines yields the Requests of in, plain lines and JSON lines told apart one by one; file is its name in Records.
func (rd *Reader) Lines(in io.Reader, file string) fetch.Source {
	return func(yield func(fetch.Request, error) bool) {
		lines := newLineReader(in)
		for {
			text, err := lines.next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					yield(fetch.Request{File: file, Line: lines.number}, fmt.Errorf("reading %s after line %d: %w", file, lines.number, err))
				}
				return
			}
			if !isRequestLine(text) {
				continue
			}
			request, err := rd.parseLine(text, lines.tooLong)
			if errors.Is(err, errNoRequest) {
				continue
			}
			request.File, request.Line = file, lines.number
			if !yield(request, err) {
				return
			}
		}
	}
}

// URLs yields a Request for each text.
func (rd *Reader) URLs(texts []string) fetch.Source {
	return func(yield func(fetch.Request, error) bool) {
		for _, text := range texts {
			request, err := rd.parseLine([]byte(text), false)
			if errors.Is(err, errNoRequest) {
				continue
			}
			if !yield(request, err) {
				return
			}
		}
	}
}

func (rd *Reader) parseLine(text []byte, tooLong bool) (fetch.Request, error) {
	request, err := parseRequest(text, tooLong)
	if errors.Is(err, errNoRequest) {
		return request, err
	}
	request.Index = rd.nextIndex
	rd.nextIndex++
	if err != nil {
		if _, wrongURL := request.ParsedURL(); wrongURL != nil {
			request.URL = "" // what is no URL may hide anything
		}
		return request, &fetch.LineError{Input: redact.Line(text), Err: err}
	}
	return request, nil
}

// Concat yields the Requests of one Source after the other.
func Concat(sources ...fetch.Source) fetch.Source {
	return func(yield func(fetch.Request, error) bool) {
		for _, source := range sources {
			for request, err := range source {
				if !yield(request, err) {
					return
				}
			}
		}
	}
}

// Count returns how many Requests in holds. It reads to the end and understands no more of a line than it must.
func Count(in io.Reader) (int64, error) {
	var count int64
	lines := newLineReader(in)
	for {
		text, err := lines.next()
		if errors.Is(err, io.EOF) {
			return count, nil
		}
		if err != nil {
			return count, err
		}
		if isRequestLine(text) {
			count++
		}
	}
}

// outputPrefixes is how the lines of our own output begin that answer nothing. Written differently, they are known once they are parsed.
var outputPrefixes = [...][]byte{
	[]byte(`{"type":"summary","complete":`), []byte(`{"type":"log","time":`), []byte(`{"type":"plan","host":`), []byte(`{"type":"plan","total":`),
}

// isRequestLine says which lines ask something, as far as a glance tells: not blank ones, comments and lines of our own that answer nothing.
func isRequestLine(text []byte) bool {
	if len(text) == 0 || text[0] == '#' {
		return false
	}
	if text[0] != '{' {
		return true
	}
	for _, start := range outputPrefixes {
		if bytes.HasPrefix(text, start) {
			return false
		}
	}
	return true
}

// A lineReader cuts a stream into lines without space at either end. Memory is bounded by the longest usable line.
type lineReader struct {
	in       *bufio.Reader
	longLine []byte
	number   int64 // of the line last read, 1-based
	tooLong  bool  // it was longer than usable; its start was returned
}

func newLineReader(in io.Reader) *lineReader {
	buffered := bufio.NewReaderSize(in, 64<<10)
	if mark, _ := buffered.Peek(2); len(mark) == 2 && (mark[0] == 0xfe && mark[1] == 0xff || mark[0] == 0xff && mark[1] == 0xfe) {
		utf16 := unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM).NewDecoder()
		buffered = bufio.NewReaderSize(transform.NewReader(buffered, utf16), 64<<10)
	}
	return &lineReader{in: buffered}
}

// next returns a line, valid until the next call. A last line without a newline is a line too.
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
	if l.number == 1 {
		part = bytes.TrimPrefix(part, []byte("\uFEFF"))
	}
	return bytes.TrimSpace(part), nil
}

// readLong collects a line that outgrew the buffer, and reads past what is over the bound.
func (l *lineReader) readLong(part []byte) ([]byte, error) {
	l.longLine = append(l.longLine[:0], part...)
	for {
		part, err := l.in.ReadSlice('\n')
		if len(l.longLine)+len(part) <= maxJSONLine+2 { // a newline and a carriage return are no part of the line
			l.longLine = append(l.longLine, part...)
		} else {
			l.tooLong = true
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.longLine, err
		}
	}
}
