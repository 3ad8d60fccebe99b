package conn

import "golang.org/x/sys/unix"

// IsUnacked reports whether the system of the other side has acknowledged nothing of what was written, though this one
// has sent it again: it has no place for the connection in the queue of its listener (listen(2)), or the path is dead.
func (c *Conn) IsUnacked() bool {
	if c.poll == nil {
		return false
	}
	unacked := false
	err := c.poll.raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		unacked = err == nil && info.Retransmits > 0 && info.Bytes_acked <= 1 // which is the SYN
	})
	return err == nil && unacked
}
