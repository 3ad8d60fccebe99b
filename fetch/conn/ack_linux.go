package conn

import "golang.org/x/sys/unix"

// AckAtOnce has the system acknowledge what has been read, where no more had come by then, in place of waiting for
// bytes to send with it. It is called by the goroutine that reads.
func (c *Conn) AckAtOnce() {
	if c.poll != nil && c.drained {
		_ = c.poll.raw.Control(ackAtOnce) // an error leaves the acknowledgement to the system, as it was
	}
}

// ackAtOnce acknowledges what a socket of TCP has received, and what it receives until bytes are written to it.
func ackAtOnce(fd uintptr) {
	_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1) //nolint:gosec // a descriptor is an int
}
