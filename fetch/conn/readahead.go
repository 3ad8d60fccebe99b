package conn

// A readAhead is what was read of the socket, and not returned yet. It is of the goroutine that reads.
type readAhead struct {
	buf    []byte // is read into; nil: nothing is read ahead
	rest   []byte // of buf, what is still to be returned
	before func() // is called before the socket is read
}

// ReadAhead lets a read that has room for less than buf take what the socket has, up to the size of buf, and the next
// ones return it: TLS asks for little more than the record that it waits for. nil ends that. While bytes are still to
// be returned it changes nothing, and returns false: the buffer is in use. before is called before each read of the
// socket, which may wait, in the goroutine that reads, which calls ReadAhead too.
func (c *Conn) ReadAhead(buf []byte, before func()) bool {
	if len(c.ahead.rest) > 0 {
		return false
	}
	c.ahead.buf, c.ahead.before = buf, before
	return true
}

// Read is net.Conn's. It reads at most one chunk of the bandwidth, and returns when that is due or c is closed.
func (c *Conn) Read(p []byte) (int, error) {
	a := &c.ahead
	if len(a.rest) == 0 {
		if a.before != nil {
			a.before()
		}
		if len(p) >= len(a.buf) {
			return c.read(p)
		}
		n, err := c.read(a.buf)
		if n == 0 {
			return 0, err
		}
		a.rest = a.buf[:n] // an error that came with it the next read gets again
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}
