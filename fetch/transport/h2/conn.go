package h2

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"

	"batchfetch/fetch/conn"
)

// A Config says how a connection behaves. All fields are to be set, but for Windows.
type Config struct {
	// Window is how many bytes of a body a server may send beyond what was read of it, at first.
	Window int
	// Windows is the room in which windows may grow; nil is none.
	Windows *Windows
	// MaxHeaderBytes is how large a header may be, as HTTP/1.1 writes it; one that is larger ends the exchange with
	// HeaderTooLarge.
	MaxHeaderBytes int
	HeaderTooLarge error
	// PingTime is how long a connection with exchanges may be silent before it is pinged (RFC 9113 section 6.7), and then
	// until it ends.
	PingTime time.Duration
	// WriteTime is how long a write may take.
	WriteTime time.Duration
}

// An Owner is told what changes for its connection. Its methods are called by any goroutine, with no lock held.
type Owner interface {
	// StreamsAllowed is called with the number of exchanges at once that the server allows, when its SETTINGS have come
	// and whenever that changes.
	StreamsAllowed(n int)
	// Leaving is called once no further exchange may begin: the server said so, the connection has ended, or is about
	// to. Exchanges may still be under way.
	Leaving()
	// ExchangeDone is called at the end of each RoundTrip: with its error, or once its body has been read or closed.
	ExchangeDone()
}

// A Conn is an HTTP/2 connection, as its client. Any goroutine may use it.
type Conn struct {
	net    net.Conn
	config *Config
	owner  Owner
	done   chan struct{} // closed when the reader has ended

	// The reader's own.
	in      input
	framer  *http2.Framer // reads from in, and appends to out: its writing side is guarded by mu
	decoder *decoder
	block   headerBlock
	control int      // frames that carried nothing, one after the other
	woken   wakeList // of exchanges for which something has come

	frames   atomic.Int64 // that have come, but for GOAWAYs
	lastRead atomic.Int64 // when bytes last came, in nanoseconds since madeAt
	madeAt   time.Time

	mu sync.Mutex // guards all below
	streamTable
	writer
	pinger

	err     *Error // why the connection has ended; nil: it has not
	leaving *Error // why no further exchange may begin: err, or a GOAWAY that has come
	told    bool   // Owner.Leaving was called, or is about to be
	settled bool   // the server's SETTINGS have come

	lastTaken uint32 // by a GOAWAY, the last stream that the server may have processed
	answered  bool   // the header of a response has come
	limitMet  bool   // an exchange ended by its context
	hasReset  bool   // this side has reset a stream

	sendWindow  int64 // bytes of request bodies that may be sent, of all streams together
	firstWindow int64 // and what it is for each stream at its start; may change. 0 until the server's SETTINGS have come
	maxFrame    int   // largest frame that the server takes, in bytes
	received    int   // bytes of bodies since the window of the connection was opened last
	encoder     encoder
	headers     []byte // the buffer for it
}

// connWindow is the window of the connection as a whole: it bounds nothing, as that of each stream does.
const connWindow = 1 << 30

// maxReadFrame is the largest frame that the server may send, in bytes.
const maxReadFrame = 64 << 10

// firstConnWindow is what it is before the first WINDOW_UPDATE (RFC 9113 section 6.9.2), and firstAllowed how many
// exchanges at once a server is taken to allow before its SETTINGS have come.
const firstConnWindow, firstAllowed = 1<<16 - 1, 1

// maxAllowed is how many exchanges at once a server that does not say is taken to allow.
const maxAllowed = 1 << 20

// noteRead takes note that bytes have come.
func (c *Conn) noteRead() { c.lastRead.Store(int64(time.Since(c.madeAt))) }

// Done returns a channel that is closed once the connection has ended and nothing of it is left.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Close closes the connection. Exchanges under way fail.
func (c *Conn) Close() { c.fail(&Error{Conn: true, Cause: errClosed}) }

// fail ends the connection for a reason, and with it all exchanges. Further calls do nothing.
func (c *Conn) fail(why *Error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = why
	if c.leaving == nil {
		c.leaving = why
	}
	for _, s := range c.streams {
		c.abortStream(s, c.endOf(s))
	}
	for _, s := range c.waiting {
		s.wakeUp()
	}
	c.wakeBlocked()
	c.pinger.stop()
	c.writer.stop()
	frames := c.goodbye(why)
	tell := c.mayTell()
	c.mu.Unlock()
	if frames != nil {
		_ = c.net.SetWriteDeadline(time.Now().Add(goodbyeTime)) // an error of either means that nobody reads it
		_, _ = c.net.Write(frames)
	}
	_ = conn.Close(c.net) // its reader gets the error
	if tell {
		c.owner.Leaving()
	}
}

// endOf returns the error of a stream that ends with the connection: where that was announced, with its reason. mu is
// held.
func (c *Conn) endOf(s *stream) error {
	end := *c.err
	if c.leaving.Remote && c.leaving.Code != http2.ErrCodeNo {
		end = *c.leaving
	}
	end.Unanswered = c.frames.Load() == s.framesBefore
	return &end
}

// mayTell reports, once, that the owner is to be told of leaving. mu is held.
func (c *Conn) mayTell() bool {
	first := !c.told
	c.told = true
	return first
}

// leave takes note of a GOAWAY (RFC 9113 section 6.8): streams past last were not processed. mu is held.
func (c *Conn) leave(why *Error, last uint32) {
	if c.leaving == nil || !c.leaving.Remote || last < c.lastTaken {
		c.lastTaken = last
	}
	c.leaving = why
	for id, s := range c.streams {
		if id > c.lastTaken {
			c.failStream(s, c.refusal())
		}
	}
	for _, s := range c.waiting {
		s.wakeUp()
	}
}

// refusal returns the error of an exchange that the server has not processed as it leaves. mu is held.
func (c *Conn) refusal() *Error {
	refused := *c.leaving
	refused.NotProcessed, refused.Useless = true, c.lastTaken == 0
	return &refused
}

// isOfUse reports whether the server has taken any request. mu is held.
func (c *Conn) isOfUse() bool { return c.answered || c.lastTaken > 0 }

// resetStream closes a stream with an error, and queues a RST_STREAM. mu is held.
func (c *Conn) resetStream(s *stream, code http2.ErrCode, why error) {
	c.hasReset = true
	_ = c.framer.WriteRSTStream(s.id, code)
	c.failStream(s, why)
}

// cancelStream closes a stream, where it is not closed, with an error: its exchange does not want the rest. mu is held.
func (c *Conn) cancelStream(s *stream, why error) {
	if c.streams[s.id] != s {
		return
	}
	code := http2.ErrCodeCancel
	if s.received {
		code = http2.ErrCodeNo // RFC 9113 section 8.1
	}
	c.resetStream(s, code, why)
}

// goodbye returns the last frames of a connection that ends for a violation of the protocol; nil where there is none to
// send, or another write is under way. mu is held.
func (c *Conn) goodbye(why *Error) []byte {
	if why.Cause != nil || why.Remote || c.flushing || c.broken {
		return nil
	}
	_ = c.framer.WriteGoAway(0, why.Code, nil)
	return c.out
}

// goodbyeTime is how long the last frame may take.
const goodbyeTime = 10 * time.Millisecond
