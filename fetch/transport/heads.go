package transport

import (
	"bytes"
	"net/http"
)

// keepHead keeps the head of a response as it came, where KeepHead asks for it: text begins with it. That of an interim
// response is replaced by the next.
func (c *Call) keepHead(text []byte) {
	if c.KeepHead {
		c.head = append(c.head[:0], text[:headEnd(text)]...)
	}
}

// headEnd returns where the head with which text begins ends: behind its first empty line, or, where that has not come,
// behind text.
func headEnd(text []byte) int {
	at := 0
	for line := range bytes.Lines(text) {
		at += len(line)
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
	}
	return at
}

// ResponseHead returns the head of the response, interim ones left out, as it came over HTTP/1.1 up to its empty line.
// It is nil without KeepHead, and over HTTP/2, which has none.
func (c *Call) ResponseHead() []byte { return c.head }

// RequestHead returns the head of the request as HTTP/1.1 sends it, with lines in place of those of Header, and without
// the credentials of a proxy; over HTTP/2 it is what HTTP/1.1 would have sent.
func (c *Call) RequestHead(lines []byte) []byte {
	return append(appendHead(nil, c.Target, c.forwardedBy != nil, lines), "\r\n"...)
}

// A HeaderCache has the lines of the header that was rendered last. Its zero value can be used by one goroutine.
type HeaderCache struct{ last headerCache }

// LinesOf returns the lines of what change makes of a header, for Call.RequestHead; valid until the next call. It calls
// change only for another map than the last, as headers are shared and not written to.
func (p *HeaderCache) LinesOf(h http.Header, change func(http.Header) http.Header) []byte {
	if !p.last.has(h) {
		p.last.linesOf(change(h))
		p.last.header = h
	}
	return p.last.lines
}
