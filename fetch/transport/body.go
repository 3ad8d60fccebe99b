package transport

import (
	"io"
	"net/http"

	"batchfetch/fetch/conn"
)

// A callBody is the body of a response as it is read: it counts bytes for the stall timer and the connection.
type callBody struct {
	in    io.Reader
	stall *conn.StallTimer
	// framed is the body as HTTP/1.1 frames it; nil for another.
	framed *responseBody
	// needsNotify is the connection below TLS, where the body ends with it and so needs a close_notify; nil else.
	needsNotify *conn.Conn
}

// Body returns the body of the response to c, to be read instead of resp.Body, which is still to be closed. A body that
// ends with its connection has to end with a close_notify where that is over TLS, else it ends with
// io.ErrUnexpectedEOF: an attacker can end a TCP connection (RFC 9112 section 9.8). It allocates nothing.
func (c *Call) Body(resp *http.Response) io.Reader {
	c.body = callBody{in: resp.Body, stall: &c.Stall}
	c.body.framed, _ = resp.Body.(*responseBody)
	if c.exclusive && c.tls != nil && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 {
		c.body.needsNotify = c.conn
	}
	return &c.body
}

// FramingBytes returns how many bytes of chunked framing have come with what was read of Body. Over HTTP/2, where
// frames are the connection's, it is 0.
func (c *Call) FramingBytes() int64 {
	if c.body.framed == nil {
		return 0
	}
	return c.body.framed.framing
}

func (b *callBody) Read(p []byte) (int, error) {
	b.stall.BeginRead()
	n, err := b.in.Read(p)
	b.stall.EndRead(n)
	if err == io.EOF && b.needsNotify != nil && b.needsNotify.IsClosedByPeer() {
		err = io.ErrUnexpectedEOF // after a close_notify crypto/tls does not read up to the end of the TCP stream
	}
	return n, err
}
