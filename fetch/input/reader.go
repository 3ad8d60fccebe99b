package input

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"batchfetch/fetch"
	"batchfetch/fetch/redact"
)

// The most bytes of a line that can be used.
const (
	maxURLLine  = 1 << 20 // with a URL
	maxJSONLine = 4 << 20 // with JSON; of a longer line this much is kept
)

// A Reader makes Requests of lines and numbers them. Inputs that are read one after the other through one Reader share
// its index. The zero Reader starts with Index 0.
type Reader struct {
	// BodyURL is the URL of all requests, of which each line of Lines is the body; empty is that lines are requests.
	BodyURL string
	// Form is how inputs write their requests; empty is FormAuto. With BodyURL it is lines.
	Form Form

	nextIndex int64
}

// Lines yields the Requests of in, in the Form of the Reader: of lines that are URLs or JSON, each by itself; file is
// the name of the input in Records. Blank lines and those that start with # are skipped. An error of in is yielded
// last, with the number of the line before it.
func (rd *Reader) Lines(in io.Reader, file string) fetch.Source {
	return func(yield func(fetch.Request, error) bool) {
		all := rd.texts(in)
		for {
			text, err := all.next()
			number, tooLong := all.place()
			var bad *textError
			if err != nil && !errors.As(err, &bad) {
				if !errors.Is(err, io.EOF) {
					err = fmt.Errorf("reading %s after line %d: %w", file, number, err)
					yield(fetch.Request{File: file, Line: number}, err)
				}
				return
			}
			if bad == nil && !isRequestLine(text) && (rd.BodyURL == "" || isBlankOrComment(text)) {
				continue
			}
			request, err := rd.parseLine(text, tooLong, bad)
			if errors.Is(err, errNoRequest) {
				continue
			}
			request.File, request.Line = file, number
			if !yield(request, err) {
				return
			}
		}
	}
}

// URLs yields a Request for each of texts, which are URLs or JSON as lines are.
func (rd *Reader) URLs(texts []string) fetch.Source {
	return func(yield func(fetch.Request, error) bool) {
		for _, text := range texts {
			request, err := rd.parseLine([]byte(text), false, nil)
			if errors.Is(err, errNoRequest) {
				continue
			}
			if !yield(request, err) {
				return
			}
		}
	}
}

// texts returns the texts of in.
func (rd *Reader) texts(in io.Reader) texts {
	if rd.BodyURL != "" {
		return newLineReader(in)
	}
	return newTexts(in, rd.Form)
}

// parseLine parses a line and gives its Request the next index, or that of a Record. What is wrong with the line, or
// was found before, is a LineError.
func (rd *Reader) parseLine(text []byte, tooLong bool, bad *textError) (fetch.Request, error) {
	var request fetch.Request
	var err error
	if bad != nil {
		text, err = bad.text, bad.err
	} else {
		request, err = rd.parseText(text, tooLong)
	}
	if errors.Is(err, errNoRequest) {
		return request, err
	}
	request.Index = rd.nextIndex
	rd.nextIndex++
	if bad == nil && rd.BodyURL == "" {
		if index, known := recordIndex(text); known {
			request.Index = index
		}
	}
	if err != nil {
		request.URL = "" // nothing to ask by: the URL alone is not what the line asked, and other text may hold a secret
		return request, &fetch.LineError{Input: redact.Line(firstInput(text, err)), Err: err}
	}
	return request, nil
}

// parseText parses a line as the body of a request to BodyURL, or as a whole request where there is none.
func (rd *Reader) parseText(text []byte, tooLong bool) (fetch.Request, error) {
	if rd.BodyURL != "" {
		return parseBody(rd.BodyURL, text, tooLong)
	}
	return parseRequest(text, tooLong)
}

// Concat yields the Requests of all sources, one Source after the other.
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

// Count returns the number of Requests that in has, without parsing JSON or URLs. It reads to the end. A line of our
// own output in an unusual form counts as one, although Lines skips it.
func (rd *Reader) Count(in io.Reader) (int64, error) {
	var count int64
	all := rd.texts(in)
	for {
		text, err := all.next()
		var bad *textError
		switch {
		case errors.Is(err, io.EOF):
			return count, nil
		case errors.As(err, &bad):
			count++
		case err != nil:
			return count, err
		case isRequestLine(text):
			count++
		}
	}
}

// outputPrefixes are the beginnings of lines that we write and that belong to no request. The same lines in other forms
// are recognized when they are parsed (errNoRequest).
var outputPrefixes = [...][]byte{
	[]byte(`{"type":"summary","complete":`), []byte(`{"type":"log","time":`),
	[]byte(`{"type":"plan","host":`), []byte(`{"type":"plan","total":`),
}

// isRequestLine reports whether a line is a request as far as its beginning shows: it is not blank, no comment and no
// line of our own output without a request.
func isRequestLine(text []byte) bool {
	if isBlankOrComment(text) {
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

func isBlankOrComment(text []byte) bool { return len(text) == 0 || text[0] == '#' }

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
	return &lineReader{in: decodeUTF16(bufio.NewReaderSize(in, readSize))}
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
	for bytes.HasPrefix(part, []byte("\uFEFF")) { // files that were joined have several
		part = bytes.TrimSpace(part[len("\uFEFF"):])
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
