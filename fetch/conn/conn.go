package conn

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"batchfetch/fetch/failure"
)

// A Conn is a network connection that counts its bytes, waits for its share of the run's bandwidth after each read,
// and keeps whether the other side closed or reset it. One goroutine may read while another writes; the counts and
// flags are atomic, and any goroutine may read them or call Close.
type Conn struct {
	net.Conn
	RemoteAddress string        // host:port of the other side
	madeAt        time.Time     // when it was connected
	lastRead      atomic.Int64  // when bytes were last read, in nanoseconds since madeAt
	received      atomic.Int64  // bytes read
	written       atomic.Int64  // bytes written
	peerClosed    atomic.Bool   // a read came to the end of the stream
	peerReset     atomic.Bool   // a read or write failed with a TCP reset
	held          bool          // reads find nothing; their goroutine's
	ahead         readAhead     // what was read and not returned
	drained       bool          // the last read got less than it had room for; its goroutine's
	manyTickets   atomic.Bool   // see NoteTickets
	askedForCert  atomic.Bool   // see NoteCertRequest
	closed        chan struct{} // closed by Close
	closeOnce     sync.Once
	start         atomic.Uint64 // the first bytes that were read, at most 8, and zeros
	share         share         // of the run's bandwidth
	poll          *readPoll     // of its socket; nil where it can't be polled
	socket        io.ReadWriter // what is read from and written to: see newSocket
}

// New returns a Conn over raw, which it owns from then on. Reads wait for bandwidth, nil being no limit, once
// StartSharing was called.
func New(raw net.Conn, bandwidth *Bandwidth) *Conn {
	now := time.Now()
	return &Conn{
		Conn: raw, RemoteAddress: raw.RemoteAddr().String(), madeAt: now,
		closed: make(chan struct{}), poll: newReadPoll(raw), share: share{bandwidth: bandwidth, madeAt: now},
		socket: newSocket(raw),
	}
}

// isLimited reports whether reads may wait for bandwidth. A nil Conn has no limit.
func (c *Conn) isLimited() bool { return c != nil && c.share.bandwidth != nil }

// StartSharing lets reads wait for bandwidth from now on, and returns c. It is called by the goroutine that connected,
// once the handshakes are done: their bytes are counted, but they do not wait.
func (c *Conn) StartSharing() *Conn {
	c.share.waits = true
	return c
}

// Attach counts one more exchange that uses the connection. An HTTP/2 connection gets a share of the bandwidth for
// each.
func (c *Conn) Attach() { c.share.streams.Add(1) }

// Detach takes an exchange off the count of Attach.
func (c *Conn) Detach() { c.share.streams.Add(-1) }

// Close closes the connection and wakes a read that waits for bandwidth. It takes no longer than Close of this package.
func (c *Conn) Close() error {
	err := Close(c.Conn)
	c.closeOnce.Do(func() { close(c.closed) })
	return err
}

// closeTime is how long the other side has to take the bytes that the end of a connection sends.
const closeTime = 100 * time.Millisecond

// Close closes c. Over TLS that sends a close_notify (RFC 8446 section 6.1), for which a peer that does not read leaves
// no room: after closeTime the socket below is closed without.
func Close(c net.Conn) error {
	socket := c
	for {
		above, ok := socket.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		socket = above.NetConn()
	}
	if socket == c {
		return c.Close()
	}
	tooLong := time.AfterFunc(closeTime, func() { _ = socket.Close() }) // c.Close returns the error
	defer tooLong.Stop()
	return c.Close()
}

// NetConn returns the connection below, as *tls.Conn's method does.
func (c *Conn) NetConn() net.Conn { return c.Conn }

// Done returns a channel that is closed once Close was called.
func (c *Conn) Done() <-chan struct{} { return c.closed }

// ReadAhead lets a read that has room for less than buf take what the socket has, up to the size of buf, and the next
// ones return it: TLS asks for little more than the record that it waits for. nil ends that. While bytes are still to
// be returned it changes nothing, and returns false: the buffer is in use. before is called before each read of the
// socket, which may wait, in the goroutine that reads, which calls ReadAhead too.
func (c *Conn) ReadAhead(buf []byte, before func()) bool { return c.ahead.use(buf, before) }

// Read is net.Conn's. It reads at most one chunk of the bandwidth, and returns when that is due or c is closed.
func (c *Conn) Read(p []byte) (int, error) {
	a := &c.ahead
	if len(a.rest) == 0 {
		if a.announce(); len(p) >= len(a.buf) {
			return c.read(p)
		}
		n, err := c.read(a.buf)
		if n == 0 {
			return 0, err
		}
		a.filled(n) // an error that came with it the next read gets again
	}
	return a.take(p), nil
}

// read reads at most one chunk of the bandwidth off the socket, and returns when that is due or c is closed.
func (c *Conn) read(p []byte) (int, error) {
	if c.held {
		return 0, os.ErrDeadlineExceeded
	}
	p = p[:c.share.maxRead(len(p))]
	n, err := c.socket.Read(p)
	c.drained = n < len(p)
	if n > 0 {
		if c.received.Add(int64(n)) == int64(n) {
			var start [8]byte
			copy(start[:], p[:n])
			c.start.Store(binary.BigEndian.Uint64(start[:]))
		}
		c.lastRead.Store(int64(time.Since(c.madeAt)))
	}
	c.noteEnd(err)
	c.share.wait(n, c.closed)
	return n, err
}

// Write is net.Conn's.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.socket.Write(p)
	c.written.Add(int64(n))
	c.noteEnd(err)
	return n, err
}

// Start returns the first bytes that were read, at most 8, and zeros.
func (c *Conn) Start() (start [8]byte) {
	binary.BigEndian.PutUint64(start[:], c.start.Load())
	return start
}

// LastRead returns when bytes were last read, or when the connection was made where none were.
func (c *Conn) LastRead() time.Time { return c.madeAt.Add(time.Duration(c.lastRead.Load())) }

// IsClosedByPeer reports whether a read came to the end of the stream. Of several goroutines that use a connection only
// one gets that error itself.
func (c *Conn) IsClosedByPeer() bool { return c.peerClosed.Load() }

// IsResetByPeer reports whether a read or write failed with a TCP reset.
func (c *Conn) IsResetByPeer() bool { return c.peerReset.Load() }

// NoteTickets notes that so many TLS session tickets have come in a row that crypto/tls reads no further one.
func (c *Conn) NoteTickets() { c.manyTickets.Store(true) }

// HasManyTickets reports whether NoteTickets was called.
func (c *Conn) HasManyTickets() bool { return c.manyTickets.Load() }

// NoteCertRequest notes that the server has asked for a client certificate.
func (c *Conn) NoteCertRequest() { c.askedForCert.Store(true) }

// WasAskedForCert reports whether NoteCertRequest was called.
func (c *Conn) WasAskedForCert() bool { return c.askedForCert.Load() }

// noteEnd keeps how the other side ended the connection, where err says that it did.
func (c *Conn) noteEnd(err error) {
	switch {
	case err == nil:
	case err == io.EOF:
		c.peerClosed.Store(true)
	case failure.IsReset(err):
		c.peerReset.Store(true)
	}
}

// HoldReads lets reads fail with os.ErrDeadlineExceeded at once, as behind a deadline in the past, or ends that. What
// is above, such as TLS, then has only what it has read before. It is called by the goroutine that reads.
func (c *Conn) HoldReads(held bool) { c.held = held }

// IsDrained reports whether the last read has emptied the socket: it got less than it had room for. It is called by the
// goroutine that reads. False may also mean that this is not known.
func (c *Conn) IsDrained() bool {
	_, secure := c.Conn.(*tls.Conn) // a read of which ends with a record
	return c.drained && !secure
}

// movedBytes returns how many bytes were read and written.
func (c *Conn) movedBytes() int64 { return c.received.Load() + c.written.Load() }

// CanPoll reports whether Readable works: the connection has a socket, and the system has poll(2).
func (c *Conn) CanPoll() bool { return c.poll != nil }

// Readable reports whether bytes, or the end of the stream, wait to be read. It reads nothing, does not block and costs
// one system call. One goroutine may call it at a time. It is false where CanPoll is.
func (c *Conn) Readable() bool { return c.poll.readable() }
