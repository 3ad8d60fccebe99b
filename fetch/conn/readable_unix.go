//go:build unix

package conn

import (
	"crypto/tls"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// A readPoll is a poll(2) for POLLIN on the socket of a connection: it finds whether bytes, or the end of the stream,
// wait to be read. One goroutine may use it at a time. It allocates nothing per call.
type readPoll struct {
	raw  syscall.RawConn
	call func(fd uintptr) // the method poll, as a value that is allocated once
	fds  [1]unix.PollFd
}

// newReadPoll returns the readPoll of c's socket, or of the one below a TLS connection; nil where there is no socket.
func newReadPoll(c net.Conn) *readPoll {
	if tlsConn, ok := c.(*tls.Conn); ok {
		c = tlsConn.NetConn()
	}
	socket, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil
	}
	p := &readPoll{raw: raw}
	p.call = p.poll
	return p
}

// readable reports whether something waits to be read. It does not block. It is false for a nil readPoll.
func (p *readPoll) readable() bool {
	if p == nil {
		return false
	}
	p.fds[0].Revents = 0
	return p.raw.Control(p.call) == nil && p.fds[0].Revents != 0
}

// poll fills in fds. It runs under RawConn.Control, as RawConn.Read would wait for a read that is under way.
func (p *readPoll) poll(fd uintptr) {
	p.fds[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN} //nolint:gosec // a descriptor is an int
	_, _ = unix.Poll(p.fds[:], 0)                              // an error leaves Revents at 0: nothing to read
}
