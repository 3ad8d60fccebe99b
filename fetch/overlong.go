package fetch

import (
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// An overlong is the client's side of an HTTP/2 connection to a server that answers one request with a header of 20 lines.
type overlong struct {
	net.Conn
	asked, gone     chan struct{}
	asking, closing sync.Once
	said            int
}

// answer lets the answer go.
func (o *overlong) answer() { o.asking.Do(func() { close(o.asked) }) }

// Read returns the server's frames (RFC 9113 section 4.1), one at a time.
func (o *overlong) Read(p []byte) (int, error) {
	const settings, headers, endStreamAndHeaders, status200, acceptEmpty = "\x04", "\x01", "\x05", "\x88", "\x93"
	switch o.said++; o.said {
	case 1:
		return copy(p, "\x00\x00\x00"+settings+"\x00\x00\x00\x00\x00"), nil
	case 2:
		select {
		case <-o.asked:
			return copy(p, "\x00\x00\x15"+headers+endStreamAndHeaders+"\x00\x00\x00\x01"+status200+strings.Repeat(acceptEmpty, 20)), nil
		case <-o.gone:
		}
	}
	<-o.gone
	return 0, io.EOF
}

// Write takes everything.
func (o *overlong) Write(p []byte) (int, error) { return len(p), nil }

// Close ends the reading.
func (o *overlong) Close() error {
	o.closing.Do(func() { close(o.gone) })
	return nil
}

// LocalAddr and RemoteAddr name nothing.
func (o *overlong) LocalAddr() net.Addr  { return &net.TCPAddr{} }
func (o *overlong) RemoteAddr() net.Addr { return &net.TCPAddr{} }

// SetDeadline and its like do nothing.
func (o *overlong) SetDeadline(time.Time) error      { return nil }
func (o *overlong) SetReadDeadline(time.Time) error  { return nil }
func (o *overlong) SetWriteDeadline(time.Time) error { return nil }
