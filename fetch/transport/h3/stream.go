package h3

import (
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"batchfetch/fetch/conn"
)

// A stream is the stream of one exchange, as a conn.Conn uses a connection. It is the exchange's, whose body any
// goroutine may close.
type stream struct {
	quic    *quic.Stream // nil: it has not begun; written under Conn.mu
	socket  *net.UDPConn // of the connection
	counted *conn.Conn   // it, through which all is read and written

	responded     bool          // anything of a response has come
	answered      *atomic.Bool  // the connection's: anything of a response has come over it
	packetsBefore uint64        // that had come over the connection when the request was sent
	signBefore    lifeSign      // of the connection, then
	read          *atomic.Int64 // the connection's: bytes of responses
}

// setResponded takes note that something of a response has come.
func (s *stream) setResponded() {
	if !s.responded {
		s.responded = true
		s.answered.Store(true)
	}
}

// Read is net.Conn's. The end of the stream is errEnd.
func (s *stream) Read(p []byte) (int, error) {
	n, err := s.quic.Read(p)
	s.read.Add(int64(n))
	if err == io.EOF {
		err = errEnd
	}
	return n, err
}

// Write is net.Conn's.
func (s *stream) Write(p []byte) (int, error) { return s.quic.Write(p) }

// Close is net.Conn's. It ends the stream, reads and writes of it included.
func (s *stream) Close() error {
	s.quic.CancelRead(quic.StreamErrorCode(requestCancelled))
	s.quic.CancelWrite(quic.StreamErrorCode(requestCancelled))
	return nil
}

// LocalAddr is net.Conn's.
func (s *stream) LocalAddr() net.Addr { return s.socket.LocalAddr() }

// RemoteAddr is net.Conn's.
func (s *stream) RemoteAddr() net.Addr { return s.socket.RemoteAddr() }

// SetDeadline is net.Conn's. There are no deadlines.
func (s *stream) SetDeadline(time.Time) error { return nil }

// SetReadDeadline is net.Conn's. There are no deadlines.
func (s *stream) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline is net.Conn's. There are no deadlines.
func (s *stream) SetWriteDeadline(time.Time) error { return nil }
