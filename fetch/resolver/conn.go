package resolver

import (
	"encoding/binary"
	"io"
	"net"
	"time"
)

// A queryConn is what net.Resolver takes for its connection to a server. It is no net.PacketConn, so that messages are
// those of a stream, each behind its length (RFC 7766 section 8), and may be longer than a datagram. One goroutine uses
// it: it writes one query, and reads the response.
type queryConn struct {
	// answer returns the response to a query, within a time for each server.
	answer   func(query []byte, timeout time.Duration) ([]byte, error)
	network  string // udp or tcp
	deadline time.Time
	query    []byte
	response []byte // that is left to read
}

// Write takes the query.
func (c *queryConn) Write(p []byte) (int, error) {
	c.query = append(c.query, p...)
	return len(p), nil
}

// Read makes the exchange where there is no response yet.
func (c *queryConn) Read(p []byte) (int, error) {
	if c.response == nil {
		if len(c.query) < 2+headerLen || c.deadline.IsZero() {
			return 0, io.ErrUnexpectedEOF
		}
		message, err := c.answer(c.query[2:], time.Until(c.deadline))
		if err != nil {
			return 0, &net.OpError{Op: "read", Net: c.network, Err: err}
		}
		c.response = append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...) //nolint:gosec // 64 KiB
	}
	n := copy(p, c.response)
	c.response = c.response[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Close is net.Conn's.
func (c *queryConn) Close() error { return nil }

// LocalAddr and RemoteAddr are net.Conn's.
func (c *queryConn) LocalAddr() net.Addr  { return &net.UDPAddr{} }
func (c *queryConn) RemoteAddr() net.Addr { return &net.UDPAddr{} }

// SetDeadline sets how long the exchange may take for each server.
func (c *queryConn) SetDeadline(t time.Time) error { c.deadline = t; return nil }

// SetReadDeadline is net.Conn's.
func (c *queryConn) SetReadDeadline(t time.Time) error { return c.SetDeadline(t) }

// SetWriteDeadline is net.Conn's.
func (c *queryConn) SetWriteDeadline(time.Time) error { return nil }
