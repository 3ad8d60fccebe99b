package transport

import (
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// A longHeaderServer is the client's side of an HTTP/2 connection in memory, to a server that answers one request with a header of
// 20 lines.
type longHeaderServer struct {
	net.Conn
	requested, closed  chan struct{}
	request, closeOnce sync.Once
	reads              int
}

// answer lets the response be read.
func (s *longHeaderServer) answer() { s.request.Do(func() { close(s.requested) }) }

// Read returns the server's frames (RFC 9113 section 4.1), one at a time.
func (s *longHeaderServer) Read(p []byte) (int, error) {
	const settings, headers, endStreamAndHeaders, status200, acceptEmpty = "\x04", "\x01", "\x05", "\x88", "\x93"
	switch s.reads++; s.reads {
	case 1:
		return copy(p, "\x00\x00\x00"+settings+"\x00\x00\x00\x00\x00"), nil
	case 2:
		select {
		case <-s.requested:
			return copy(p, "\x00\x00\x15"+headers+endStreamAndHeaders+"\x00\x00\x00\x01"+status200+strings.Repeat(acceptEmpty, 20)), nil
		case <-s.closed:
		}
	}
	<-s.closed
	return 0, io.EOF
}

// Write takes everything.
func (s *longHeaderServer) Write(p []byte) (int, error) { return len(p), nil }

// Close ends the reading.
func (s *longHeaderServer) Close() error {
	s.closeOnce.Do(func() { close(s.closed) })
	return nil
}

// LocalAddr and RemoteAddr name nothing.
func (s *longHeaderServer) LocalAddr() net.Addr  { return &net.TCPAddr{} }
func (s *longHeaderServer) RemoteAddr() net.Addr { return &net.TCPAddr{} }

// SetDeadline, SetReadDeadline and SetWriteDeadline do nothing.
func (s *longHeaderServer) SetDeadline(time.Time) error      { return nil }
func (s *longHeaderServer) SetReadDeadline(time.Time) error  { return nil }
func (s *longHeaderServer) SetWriteDeadline(time.Time) error { return nil }
