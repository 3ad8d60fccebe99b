package transport

import (
	"bufio"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/dial"
)

// An h1Conn is a connection that carries HTTP/1.1 (RFC 9112), one exchange at a time, in the goroutine of that
// exchange, which owns it from acquire to responseBody.end. While it is idle, or on its way to a wantConn, the pool
// owns it.
type h1Conn struct {
	conn     *conn.Conn
	tls      *tls.Conn     // over conn; nil is no TLS
	readTLS  *tls.Conn     // the TLS connection that is read from: tls, or that to an https:// proxy; nil is no TLS
	in       *headReader   // nil while no exchange has the connection
	headLeft int           // bytes that the header may still have; below 0: no header is being read
	received int64         // bytes read from the stream
	started  int64         // received, when the exchange began
	acks     int           // calls of ackPiece in this exchange
	used     bool          // it has carried an exchange
	began    time.Time     // when its last exchange did
	keptFor  time.Duration // idle, by the server's last response; 0 is not said
	unpolled bool          // it is used again without a poll
	probe    [1]byte       // for hasNothingReceived
	abort    func()        // closes conn; any goroutine may call it

	headers headerCache
	idle    idleEntry // guarded by pool.mu
}

// An idleEntry is an idle connection's entry in two doubly linked lists of its pool, both in the order in which
// connections became idle: of all of them, and of those to its host. Guarded by pool.mu.
type idleEntry struct {
	host                 string
	since                time.Time // when it was read last before it became idle; zero: it never was
	lruOlder, lruNewer   *h1Conn
	hostOlder, hostNewer *h1Conn
}

// newH1Conn returns an h1Conn over c, with tlsConn over c where that is not nil.
func newH1Conn(c *conn.Conn, tlsConn *tls.Conn) *h1Conn {
	h := &h1Conn{conn: c, tls: tlsConn, readTLS: tlsConn, headLeft: -1}
	if tlsConn == nil {
		h.readTLS, _ = c.Conn.(*tls.Conn)
	}
	h.abort = func() { _ = c.Close() } // its reader gets the error
	return h
}

// stream returns the connection that HTTP is read from and written to: TLS where there is TLS.
func (h *h1Conn) stream() net.Conn {
	if h.tls != nil {
		return h.tls
	}
	return h.conn
}

// reset closes the connection so that the system sends nothing more of what was written, and leaves no local port
// behind in TIME_WAIT (RFC 9293 section 3.6.1).
func (h *h1Conn) reset() {
	if tcp, is := h.conn.Conn.(*net.TCPConn); is {
		_ = tcp.SetLinger(0) // an error leaves it to end as others do
	}
	h.close()
}

// close closes the connection. The caller owns it, or has taken it out of the pool.
func (h *h1Conn) close() { _ = conn.Close(h.stream()) } // it is not used any more, so the error has no meaning

// freshFor is how long a connection that has carried no exchange may be idle and still be used without a poll.
const freshFor = 20 * time.Millisecond

// probeTime is how long a read waits that checks for unread bytes: enough to read what has come, TLS session tickets
// included.
const probeTime = time.Millisecond

// isReusable reports whether nothing has come over the connection since its last response, be it bytes or the end of
// the stream: bytes that come before a request is sent are no response to it. It costs a poll(2), over TLS a read too.
// The bytes may be a TLS session ticket alone: then a good connection is closed, unless it is a new one, on which
// tickets are usual.
func (h *h1Conn) isReusable() bool {
	switch {
	case !h.mayBeStale():
		return true
	case !h.conn.CanPoll(), !h.used && h.readTLS != nil:
		return hasNoUnreadBytes(h.stream(), time.Now().Add(probeTime))
	case h.conn.Readable():
		return false
	}
	return h.readTLS == nil || hasNoUnreadBytes(h.readTLS, time.Unix(1, 0))
}

// hasNothingReceived is hasNoUnreadBytes for what TLS has received, be it decrypted or not yet: it sets no deadline.
func (h *h1Conn) hasNothingReceived() bool {
	h.conn.HoldReads(true)
	defer h.conn.HoldReads(false)
	n, err := h.tls.Read(h.probe[:])
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}

// mayBeStale reports whether the connection has been used, or has been idle for freshFor: the other side may have
// closed it.
func (h *h1Conn) mayBeStale() bool {
	return h.used || !h.idle.since.IsZero() && time.Since(h.idle.since) >= freshFor
}

// hasNoUnreadBytes reports whether nothing can be read from c until a deadline. With a deadline in the past, TLS still
// returns bytes that are decrypted already, and a socket returns none. If nothing was read, c stays usable.
func hasNoUnreadBytes(c net.Conn, deadline time.Time) bool {
	if c.SetReadDeadline(deadline) != nil {
		return false
	}
	n, err := c.Read(make([]byte, 1))
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && c.SetReadDeadline(time.Time{}) == nil
}

// headBuffer is the size in bytes of the buffer through which a header is parsed.
const headBuffer = 4 << 10

// A headReader is the buffer through which a response is read.
type headReader struct {
	*bufio.Reader
	records bool   // raw is kept
	raw     []byte // what was read of the connection while a header was, as it came
	usual   usualHead
}

// headReaders are *headReaders of headBuffer bytes. A connection has one during an exchange only.
var headReaders = sync.Pool{New: func() any { return &headReader{Reader: bufio.NewReaderSize(nil, headBuffer)} }}

// Read reads from the stream for the bufio.Reader, while a header is read no more than a header may have.
func (h *h1Conn) Read(p []byte) (int, error) {
	if h.received > h.started && h.acks < maxAcks {
		h.ackPiece()
	}
	if h.headLeft < 0 {
		n, err := h.stream().Read(p)
		h.received += int64(n)
		return n, err
	}
	if h.headLeft == 0 {
		return 0, dial.HeaderTooLarge()
	}
	n, err := h.stream().Read(p[:min(len(p), h.headLeft)])
	h.headLeft -= n
	h.received += int64(n)
	if h.in.records {
		h.in.raw = append(h.in.raw, p[:n]...)
	}
	return n, err
}

// maxAcks is how many pieces of a response are acknowledged at once. In a long one bytes follow without that.
const maxAcks = 8

// ackPiece acknowledges a piece of a response before the next is waited for. A server that writes a response in pieces,
// with Nagle's algorithm on (RFC 9293 section 3.7.4), sends the last one only once the others are acknowledged, for
// which a system that has nothing to send waits 40 ms: so long took each response of Icinga 2.13 and of http.server of
// Python 3.11 over a kept connection.
func (h *h1Conn) ackPiece() {
	h.acks++
	h.conn.AckAtOnce()
}

// consumed returns how many bytes of the stream the responses so far have taken.
func (h *h1Conn) consumed() int64 { return h.received - int64(h.in.Buffered()) }
