package conn

import "golang.org/x/sys/unix"

// Delivery reports whether the system of the other side has acknowledged any of what was written, and whether this one
// has sent it again since. What is sent again and is not acknowledged found no place in the queue of the listener
// (listen(2)), or the path is dead. What is not known counts as acknowledged.
func (c *Conn) Delivery() (acked, sentAgain bool) {
	if c.poll == nil {
		return true, false
	}
	acked = true
	_ = c.poll.raw.Control(func(fd uintptr) { // an error: it is closed
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err == nil {
			acked, sentAgain = info.Bytes_acked > 1, info.Retransmits > 0 // the first byte is the SYN
		}
	})
	return acked, sentAgain
}
