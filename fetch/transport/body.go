package transport

import (
	"io"

	"batchfetch/fetch/conn"
)

// A callBody is the body of a response as it is read: it counts bytes for the stall timer and the connection.
type callBody struct {
	in    io.Reader
	stall *conn.StallTimer
	// framed is the body as HTTP/1.1 frames it; nil for another.
	framed *responseBody
	// unframed says that the body has neither a length nor chunks: the end of its connection is its end.
	unframed bool
	// needsNotify is the connection below TLS, where the body is unframed and so needs a close_notify; nil else.
	needsNotify *conn.Conn
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
