package transport

import (
	"io"
	"net/http"

	"batchfetch/fetch/conn"
)

// A callBody is the body of a response as it arrives: its bytes are counted for the stall timer and the connection.
type callBody struct {
	in    io.Reader
	stall *conn.StallTimer
	// shared is the connection, where other exchanges share it; nil else: then nobody asks how much of what it received are bodies.
	shared *conn.Conn
	// notified is the TCP connection under a body that ends with its TLS connection; nil else.
	notified *conn.Conn
}

// Body returns the body of the response to c, to be read instead of resp.Body, which is still to be closed. One that ends with its
// connection over TLS has to end with a close_notify, else it is cut off: the end of the TCP connection may be anybody's doing
// (RFC 9112 section 9.8).
func (c *Call) Body(resp *http.Response) io.Reader {
	c.body = callBody{in: resp.Body, stall: &c.Stall}
	switch {
	case !c.exclusive:
		c.body.shared = c.conn
	case c.tls != nil && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0:
		c.body.notified = c.conn
	}
	return &c.body
}

func (b *callBody) Read(p []byte) (int, error) {
	b.stall.BeginRead()
	n, err := b.in.Read(p)
	b.stall.EndRead(n)
	if b.shared != nil {
		b.shared.AddBodyBytes(n)
	}
	if err == io.EOF && b.notified != nil && b.notified.IsClosedByPeer() { // after a close_notify nothing more is read from TCP
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
