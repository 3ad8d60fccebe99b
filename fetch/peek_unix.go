//go:build unix

package fetch

import (
	"crypto/tls"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// A peek looks whether a connection has something to read, the end included. It takes nothing and waits for nothing.
type peek struct {
	raw syscall.RawConn
	ask func(fd uintptr)
	fds [1]unix.PollFd
}

// newPeek returns nil where c is no socket, nor lies over one.
func newPeek(c net.Conn) *peek {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	socket, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil
	}
	p := &peek{raw: raw}
	p.ask = p.poll
	return p
}

// readable is one goroutine's at a time. A nil peek sees nothing.
func (p *peek) readable() bool {
	if p == nil {
		return false
	}
	p.fds[0].Revents = 0
	return p.raw.Control(p.ask) == nil && p.fds[0].Revents != 0
}

// poll is asked through RawConn.Control, as RawConn.Read would be kept waiting by a read under way.
func (p *peek) poll(fd uintptr) {
	p.fds[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN} //nolint:gosec // a descriptor is an int
	_, _ = unix.Poll(p.fds[:], 0)                              // where it fails it has seen nothing
}
