package input

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"batchfetch/fetch"
	"batchfetch/fetch/redact"
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
		rd.read(in, file, func(request fetch.Request, _ []byte, err error) bool { return yield(request, err) })
	}
}

// A Line is a Request, and the text that it was made of: a URL, or JSON.
type Line struct {
	fetch.Request
	Text []byte // valid until the next one
}

// Texts is Lines with the text of each Request.
func (rd *Reader) Texts(in io.Reader, file string) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		rd.read(in, file, func(request fetch.Request, text []byte, err error) bool { return yield(Line{request, text}, err) })
	}
}

// read yields what Lines and Texts do.
func (rd *Reader) read(in io.Reader, file string, yield func(fetch.Request, []byte, error) bool) {
	all := rd.texts(in)
	for {
		text, err := all.next()
		number, tooLong := all.place()
		var bad *textError
		if err != nil && !errors.As(err, &bad) {
			if !errors.Is(err, io.EOF) {
				where := file
				if number > 0 {
					where = fmt.Sprintf("%s after line %d", file, number)
				}
				yield(fetch.Request{File: file, Line: number}, nil, fmt.Errorf("reading %s: %w", where, err))
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
		if !yield(request, text, err) {
			return
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
		if index, entry, known := recordPlace(text); known {
			request.Index, request.Entry = index, entry
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
