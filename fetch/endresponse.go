package fetch

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
)

// This file is about servers whose application fails within a body, and that then write a response about it behind what
// they had sent, into the body: Unicorn 6.0.0 and Puma 5.6.5 do. Where the connection closes, its bytes look like the
// next ones of the body.

// endSize is how many bytes at the end of a partial body are searched for such a response.
const endSize = 4 << 10

// endBytes is a Writer that passes all but the last endSize bytes on to out.
type endBytes struct {
	out  io.Writer
	text []byte // the last bytes
}

// Write is io.Writer's.
func (e *endBytes) Write(p []byte) (int, error) {
	e.text = append(e.text, p...)
	over := len(e.text) - endSize
	if over <= 0 {
		return len(p), nil
	}
	_, err := e.out.Write(e.text[:over])
	e.text = append(e.text[:0], e.text[over:]...)
	return len(p), err
}

// beforeResponse returns text without the whole response of HTTP/1 with a status of 5xx that it ends with, or text. One
// without a Content-Length has no body.
func beforeResponse(text []byte) []byte {
	for begin := 0; ; begin++ {
		at := bytes.Index(text[begin:], []byte("HTTP/1."))
		if at < 0 {
			return text
		}
		begin += at
		left := bytes.NewReader(text[begin:])
		in := bufio.NewReader(left)
		resp, err := http.ReadResponse(in, nil)
		if err != nil || resp.StatusCode < http.StatusInternalServerError {
			continue
		}
		n, err := io.Copy(io.Discard, resp.Body)
		if err == nil && (n == 0 || resp.ContentLength == n) && in.Buffered()+left.Len() == 0 {
			return text[:begin]
		}
	}
}
