package conn

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"batchfetch/fetch/failure"
)

// A Conn is a network connection that counts its bytes, waits for its share of the run's bandwidth after each read, and remembers
// whether the other side closed or reset it. One goroutine may read and another write; the counts and flags are atomic.
type Conn struct {
	net.Conn
	RemoteAddress string        // address of the other side
	madeAt        time.Time     // when it was connected
	lastRead      atomic.Int64  // when bytes came last, in nanoseconds since madeAt
	pingTime      time.Duration // how long an HTTP/2 connection may be silent while a ping is under way
	received      atomic.Int64  // bytes read
	written       atomic.Int64  // bytes written
	bodyBytes     atomic.Int64  // of received, those of response bodies; counted on shared connections only
	peerClosed    atomic.Bool   // a read came to the end of the stream
	peerReset     atomic.Bool   // a read or write failed with a TCP reset
	closed        chan struct{} // closed by Close
	closeOnce     sync.Once
	share         share     // its place in the bandwidth queue
	poll          *readPoll // of its socket; nil where the system has none
}

// New returns raw as a counted connection. Its reads wait for bandwidth, where that is not nil, once startSharing was called.
func New(raw net.Conn, bandwidth *Bandwidth, pingTime time.Duration) *Conn {
	now := time.Now()
	return &Conn{Conn: raw, RemoteAddress: raw.RemoteAddr().String(), madeAt: now, pingTime: pingTime, closed: make(chan struct{}),
		poll: newReadPoll(raw), share: share{bandwidth: bandwidth, madeAt: now}}
}

// isLimited reports whether reads may wait for bandwidth. A nil conn is not limited.
func (c *Conn) isLimited() bool { return c != nil && c.share.bandwidth != nil }

// StartSharing lets reads wait for bandwidth from now on. It is called once the handshakes are done, whose bytes are counted without
// a wait. It returns c.
func (c *Conn) StartSharing() *Conn {
	c.share.waits = true
	return c
}

// Attach counts one more exchange among those that use the connection at once; detach takes one off. An HTTP/2 connection gets a
// share of the bandwidth for each.
func (c *Conn) Attach() { c.share.streams.Add(1) }

func (c *Conn) Detach() { c.share.streams.Add(-1) }

// Close closes the connection and wakes a read that waits for bandwidth.
func (c *Conn) Close() error {
	err := c.Conn.Close()
	c.closeOnce.Do(func() { close(c.closed) })
	return err
}

// Done returns a channel that is closed once Close was called.
func (c *Conn) Done() <-chan struct{} { return c.closed }

// Read reads at most a chunk of the bandwidth at once, and returns when that is due.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:c.share.maxRead(len(p))])
	if n > 0 {
		c.received.Add(int64(n))
		c.lastRead.Store(int64(time.Since(c.madeAt)))
	}
	c.noteEnd(err)
	c.share.wait(n, c.closed)
	return n, err
}

func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	c.noteEnd(err)
	return n, err
}

// AddBodyBytes counts n bytes read as those of a response body.
func (c *Conn) AddBodyBytes(n int) { c.bodyBytes.Add(int64(n)) }

// OverheadBytes returns how many bytes were read that are no response bodies: frames, headers, TLS records.
func (c *Conn) OverheadBytes() int64 { return c.received.Load() - c.bodyBytes.Load() }

// IsSilent reports whether no byte has come for pingTime: then a ping went unanswered.
func (c *Conn) IsSilent() bool {
	return time.Since(c.madeAt)-time.Duration(c.lastRead.Load()) >= c.pingTime
}

// IsClosedByPeer and isResetByPeer tell how the other side ended the connection. Of several goroutines that use it only the first
// gets the error itself.
func (c *Conn) IsClosedByPeer() bool { return c.peerClosed.Load() }

func (c *Conn) IsResetByPeer() bool { return c.peerReset.Load() }

func (c *Conn) noteEnd(err error) {
	switch {
	case err == nil:
	case err == io.EOF:
		c.peerClosed.Store(true)
	case failure.IsReset(err):
		c.peerReset.Store(true)
	}
}

// movedBytes returns how many bytes were read and written.
func (c *Conn) movedBytes() int64 { return c.received.Load() + c.written.Load() }

// CanPoll reports whether readable can tell anything: the connection has a socket, and the system has poll(2).
func (c *Conn) CanPoll() bool { return c.poll != nil }

// Readable reports whether bytes, or the end of the stream, wait to be read. It reads nothing, does not block and costs one system
// call. It is for one goroutine at a time, and false where the connection can't be polled.
func (c *Conn) Readable() bool { return c.poll.readable() }
