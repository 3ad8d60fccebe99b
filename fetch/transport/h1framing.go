package transport

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http/httputil"
	"net/textproto"
)

// A lengthBody is a body with a Content-Length, as net/http reads it: the last bytes come with io.EOF.
type lengthBody struct {
	in   *bufio.Reader
	left int64 // bytes
}

// Read is io.Reader's.
func (b *lengthBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.in.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	switch {
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	case err == nil && b.left == 0:
		err = io.EOF
	}
	return n, err
}

// Close does nothing: the connection is not this body's.
func (b *lengthBody) Close() error { return nil }

// A chunkedBody is a chunked body (RFC 9112 section 7.1), as net/http reads it.
type chunkedBody struct {
	in     *bufio.Reader
	chunks io.Reader
	ended  error // nil: not yet
}

func newChunkedBody(in *bufio.Reader) *chunkedBody {
	return &chunkedBody{in: in, chunks: httputil.NewChunkedReader(in)}
}

// Read is io.Reader's.
func (b *chunkedBody) Read(p []byte) (n int, err error) {
	if b.ended != nil {
		return 0, b.ended
	}
	if n, err = b.chunks.Read(p); err == io.EOF {
		err = b.readTrailer()
	}
	b.ended = err
	return n, err
}

// Close does nothing: the connection is not this body's.
func (b *chunkedBody) Close() error { return nil }

// readTrailer reads the trailer section, of which nothing is kept, and returns io.EOF, or why it can't be read. One
// that is longer than the buffer is refused: it could go on without end.
func (b *chunkedBody) readTrailer() error {
	switch start, err := b.in.Peek(len("\r\n")); {
	case string(start) == "\r\n":
		_, _ = b.in.Discard(len(start)) // what was peeked is there
		return io.EOF
	case err == io.EOF:
		return io.ErrUnexpectedEOF
	case err != nil:
		return err
	}
	end := []byte("\r\n\r\n")
	for size := len(end); ; size++ {
		text, err := b.in.Peek(size)
		switch {
		case bytes.HasSuffix(text, end):
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case err == bufio.ErrBufferFull:
			return errors.New("the trailer is too long")
		case err != nil:
			return err
		default:
			continue
		}
		break
	}
	if _, err := textproto.NewReader(b.in).ReadMIMEHeader(); err != nil {
		return err
	}
	return io.EOF
}
