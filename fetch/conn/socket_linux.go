package conn

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// A socket reads from and writes to a connection's socket, which does not block, by system calls of which the Go
// scheduler is not told. It is told of others in case that they block: its monitor then takes the processor from a call
// that lasts 20 µs, as a write on a busy machine does where the kernel runs the reader first, and a thread has to be
// woken for it. One goroutine may read while another writes. It allocates nothing per call.
type socket struct {
	of          net.Conn
	raw         syscall.RawConn
	read, write socketCall
}

// newSocket returns the socket of c, or c where that has none to itself, such as TLS to a proxy.
func newSocket(c net.Conn) io.ReadWriter {
	direct, ok := c.(syscall.Conn)
	if !ok {
		return c
	}
	raw, err := direct.SyscallConn()
	if err != nil {
		return c
	}
	s := &socket{of: c, raw: raw, read: socketCall{number: syscall.SYS_READ}, write: socketCall{number: syscall.SYS_WRITE}}
	s.read.try, s.write.try = s.read.once, s.write.all
	return s
}

// Read is net.Conn's.
func (s *socket) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := s.read.make(s.raw.Read, p)
	switch {
	case err != nil:
		return n, s.opError("read", err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write is net.Conn's.
func (s *socket) Write(p []byte) (int, error) {
	n, err := s.write.make(s.raw.Write, p)
	if err != nil {
		return n, s.opError("write", err)
	}
	return n, nil
}

// opError returns the error that net.Conn's method has in place of err, which the system or RawConn returned.
func (s *socket) opError(op string, err error) error {
	var raw *net.OpError
	if errors.As(err, &raw) {
		err = raw.Err
	} else {
		err = os.NewSyscallError(op, err)
	}
	local := s.of.LocalAddr()
	return &net.OpError{Op: op, Net: local.Network(), Source: local, Addr: s.of.RemoteAddr(), Err: err}
}

// A socketCall is one of read(2) and write(2), and its use under way.
type socketCall struct {
	number uintptr
	try    func(fd uintptr) (done bool) // the method once or all, as a value that is allocated once
	rest   []byte
	moved  int
	errno  syscall.Errno
}

// make makes the call by a method of RawConn, which waits until the socket is ready, and returns how many bytes of p
// were moved.
func (c *socketCall) make(whenReady func(func(fd uintptr) bool) error, p []byte) (int, error) {
	c.rest, c.moved, c.errno = p, 0, 0
	err := whenReady(c.try)
	c.rest = nil
	if c.errno != 0 {
		err = c.errno
	}
	return c.moved, err
}

// once makes the call, and reports whether it need not be made again once the socket is ready.
func (c *socketCall) once(fd uintptr) bool {
	for {
		n, errno := systemCall(c.number, fd, c.rest)
		switch errno {
		case 0:
			c.rest, c.moved = c.rest[n:], c.moved+n
			return true
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			c.errno = errno
			return true
		}
	}
}

// all makes the call until all bytes have been moved, and reports whether they have, or it has failed.
func (c *socketCall) all(fd uintptr) bool {
	for len(c.rest) > 0 && c.errno == 0 {
		if !c.once(fd) {
			return false
		}
	}
	return true
}
