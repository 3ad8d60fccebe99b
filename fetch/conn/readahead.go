package conn

// A readAhead is what was read of the socket, and not returned yet. It is of the goroutine that reads.
type readAhead struct {
	buf    []byte // is read into; nil: nothing is read ahead
	rest   []byte // of buf, what is still to be returned
	before func() // is called before the socket is read; nil: nothing is
}

// use sets what is read into, and what is called before. It reports whether it could: not while bytes are still to be
// returned.
func (a *readAhead) use(buf []byte, before func()) bool {
	if len(a.rest) > 0 {
		return false
	}
	a.buf, a.before = buf, before
	return true
}

// announce says that the socket is read next, which may wait.
func (a *readAhead) announce() {
	if a.before != nil {
		a.before()
	}
}

// filled takes note that n bytes were read into buf.
func (a *readAhead) filled(n int) { a.rest = a.buf[:n] }

// take returns into p what is still to be returned, as far as there is room.
func (a *readAhead) take(p []byte) int {
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n
}
