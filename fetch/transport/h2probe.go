package transport

import (
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// A longHeaderServer is the client's end of an HTTP/2 connection in memory, to a server that responds to one request
// with a header of 20 lines. See listTooLong.
type longHeaderServer struct {
	net.Conn
	requested, closed  chan struct{}
	request, closeOnce sync.Once
	reads              int
}

// respond lets the response be read.
func (s *longHeaderServer) respond() { s.request.Do(func() { close(s.requested) }) }

// Read is net.Conn's. It returns the server's frames (RFC 9113 section 4.1), one each time.
func (s *longHeaderServer) Read(p []byte) (int, error) {
	const settings, headers, endStreamAndHeaders, status200, acceptEmpty = "\x04", "\x01", "\x05", "\x88", "\x93"
	switch s.reads++; s.reads {
	case 1:
		return copy(p, "\x00\x00\x00"+settings+"\x00\x00\x00\x00\x00"), nil
	case 2:
		select {
		case <-s.requested:
			const head = "\x00\x00\x15" + headers + endStreamAndHeaders + "\x00\x00\x00\x01" + status200
			return copy(p, head+strings.Repeat(acceptEmpty, 20)), nil
		case <-s.closed:
		}
	}
	<-s.closed
	return 0, io.EOF
}

// Write is net.Conn's. It discards everything.
func (s *longHeaderServer) Write(p []byte) (int, error) { return len(p), nil }

// Close is net.Conn's. It ends a Read.
func (s *longHeaderServer) Close() error {
	s.closeOnce.Do(func() { close(s.closed) })
	return nil
}

// The other methods of net.Conn, as net/http needs them: the addresses are zero, and there are no deadlines.

func (s *longHeaderServer) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (s *longHeaderServer) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (s *longHeaderServer) SetDeadline(time.Time) error      { return nil }
func (s *longHeaderServer) SetReadDeadline(time.Time) error  { return nil }
func (s *longHeaderServer) SetWriteDeadline(time.Time) error { return nil }
