//go:build unix

package conn

import (
	"crypto/tls"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// A readPoll is a poll(2) for POLLIN on the socket of a connection: it tells whether bytes or the end of the stream wait to be read.
// It is used by one goroutine at a time.
type readPoll struct {
	raw  syscall.RawConn
	call func(fd uintptr) // poll, as a value made once
	fds  [1]unix.PollFd
}

// newReadPoll returns nil where c is neither a socket nor TLS over one.
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

// readable reports whether something waits to be read. It does not block. A nil readPoll says no.
func (p *readPoll) readable() bool {
	if p == nil {
		return false
	}
	p.fds[0].Revents = 0
	return p.raw.Control(p.call) == nil && p.fds[0].Revents != 0
}

// poll runs under RawConn.Control: RawConn.Read would wait for a read that is under way.
func (p *readPoll) poll(fd uintptr) {
	p.fds[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN} //nolint:gosec // a descriptor is an int
	_, _ = unix.Poll(p.fds[:], 0)                              // an error leaves Revents at 0: nothing to read
}
