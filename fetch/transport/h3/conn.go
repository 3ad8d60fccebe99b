package h3

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"batchfetch/fetch/transport/h2"
)

// A Conn is an HTTP/3 connection, as its client. Any goroutine may use it.
type Conn struct {
	session *Session
	config  *Config
	owner   Owner
	altUsed string         // the Alt-Used header field of requests; "" is none
	readers sync.WaitGroup // of its own streams, and of the server's
	done    chan struct{}  // closed when nothing of the connection is left

	leaveCtx context.Context // ends when no further exchange may begin
	leave    context.CancelFunc

	answered atomic.Bool  // anything of a response has come
	read     atomic.Int64 // bytes of responses

	mu      sync.Mutex                // guards all below
	streams map[quic.StreamID]*stream // of exchanges that have begun and are not over

	active    int    // Exchanges that have begun and are not over, also those that wait for a stream
	wrong     *Error // what violated the protocol, so that this side has closed the connection; nil is nothing
	begun     bool   // an exchange has had a stream
	closed    bool   // by this side
	goAway    bool   // a GOAWAY has come
	lastTaken quic.StreamID
	pace      pace
	silence   silence
}

// An Owner is told what changes for a Conn, as an h2.Owner is.
type Owner interface {
	h2.Owner
	// Silent is called where nothing has come for a while: the server may have forgotten the connection. None further are
	// to begin on it until Heard is called, and Supersede is to be called once another connection to it was made.
	Silent()
	// Heard is called where something has come again after Silent.
	Heard()
}

// maxAllowed is how many exchanges a connection has at once. A server that allows fewer streams lets them wait in
// Exchange.RoundTrip: QUIC counts what was begun, not what is under way (RFC 9000 section 4.6).
const maxAllowed = 1 << 20

// NewConn returns a connection over s, which it owns from then on. altUsed is the authority of an alternative service
// that s leads to (RFC 7838 section 5), or "".
func NewConn(s *Session, config *Config, owner Owner, altUsed string) *Conn {
	c := &Conn{session: s, config: config, owner: owner, altUsed: altUsed, done: make(chan struct{}),
		streams: make(map[quic.StreamID]*stream)}
	c.leaveCtx, c.leave = context.WithCancel(context.Background())
	c.readers.Go(func() {
		control, wrong := sendSettings(s, config.MaxHeaderBytes)
		if wrong != nil {
			c.closeFor(wrong)
		}
		c.mu.Lock()
		c.silence.control = control
		c.mu.Unlock()
	})
	go c.serve() // ends when the connection is closed
	owner.StreamsAllowed(maxAllowed)
	return c
}

// Done returns a channel that is closed once the connection has ended and nothing of it is left.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Close closes the connection. Exchanges under way fail.
func (c *Conn) Close() { c.closeFor(nil) }

// closeFor closes the connection, for what violates the protocol where wrong is not nil. Further calls do nothing.
func (c *Conn) closeFor(wrong *Error) {
	c.mu.Lock()
	again := c.closed
	if c.closed = true; !again {
		c.wrong = wrong
		c.silence.stop()
	}
	c.mu.Unlock()
	if again {
		return
	}
	c.leave()
	code := NoError
	if wrong != nil {
		code = wrong.Code
	}
	_ = c.session.quic.CloseWithError(quic.ApplicationErrorCode(code), "") // is nil
}

// serve accepts the streams of the server until the connection ends, and then leaves nothing of it.
func (c *Conn) serve() {
	defer close(c.done)
	for {
		stream, err := c.session.quic.AcceptUniStream(context.Background()) // it ends with the connection
		if err != nil {
			break
		}
		c.readers.Go(func() {
			if wrong := readUniStream(stream, c.gotGoAway); wrong != nil {
				c.closeFor(wrong)
			}
		})
	}
	c.mu.Lock()
	c.silence.stop()
	c.mu.Unlock()
	c.leave()
	c.owner.Leaving()
	c.readers.Wait()
	c.session.close(NoError)
}

// gotGoAway takes a GOAWAY (RFC 9114 section 5.2): requests from that stream on were not processed.
func (c *Conn) gotGoAway(last quic.StreamID) *Error {
	c.mu.Lock()
	if c.goAway && last > c.lastTaken {
		c.mu.Unlock()
		return errGoAway
	}
	c.goAway, c.lastTaken = true, last
	var refused []*stream
	for id, s := range c.streams {
		if id >= last {
			refused = append(refused, s)
		}
	}
	unused := c.active == 0
	c.mu.Unlock()
	for _, s := range refused {
		_ = s.counted.Close()
	}
	c.leave()
	c.owner.Leaving()
	if unused {
		c.Close()
	}
	return nil
}

// open opens the stream of an exchange, once the server allows another.
func (c *Conn) open(ctx context.Context, s *stream) error {
	stream, err := c.session.quic.OpenStream()
	if errors.As(err, new(*quic.StreamLimitReachedError)) {
		waiting, cancel := context.WithCancel(ctx)
		stop := context.AfterFunc(c.leaveCtx, cancel)
		stream, err = c.session.quic.OpenStreamSync(waiting)
		stop()
		cancel()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil && c.leaveCtx.Err() == nil:
		s.quic, c.begun = stream, true
		c.streams[stream.StreamID()] = s
		return nil
	case err == nil:
		stream.CancelRead(quic.StreamErrorCode(requestCancelled))
		stream.CancelWrite(quic.StreamErrorCode(requestCancelled))
		err = errClosed
	}
	end := *explainQUIC(err)
	if c.wrong != nil {
		end = *c.wrong
	}
	end.Conn = true
	if !c.begun && end.Reason != "" { // what came first violates the protocol, and so it would over another connection
		return &end
	}
	end.NotProcessed, end.Useless = true, !c.isOfUse()
	return &end
}

// isOfUse reports whether the server has taken any request. mu is held.
func (c *Conn) isOfUse() bool { return c.answered.Load() || c.lastTaken > 0 }

// over takes the stream of an exchange out of the connection, which is closed where it is of no more use: its only
// exchange met a limit, so that it may be dead, or the server leaves it.
func (c *Conn) over(ctx context.Context, s *stream) {
	c.mu.Lock()
	c.active--
	if s.quic != nil {
		delete(c.streams, s.quic.StreamID())
	}
	unused := c.active == 0 && (ctx.Err() != nil || c.goAway || c.silence.told)
	c.mu.Unlock()
	if unused {
		c.Close()
	}
	c.owner.ExchangeDone()
}

// lifeSign returns the last one of the connection.
func (c *Conn) lifeSign() lifeSign {
	s := c.session.quic.ConnectionStats()
	return lifeSign{s.LatestRTT, s.SmoothedRTT, s.MeanDeviation, c.read.Load()}
}

// endOf returns the error of an exchange, for one that was met.
func (c *Conn) endOf(ctx context.Context, s *stream, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, c.config.HeaderTooLarge) {
		return err
	}
	packets := c.session.quic.ConnectionStats().PacketsReceived
	c.mu.Lock()
	defer c.mu.Unlock()
	isRefused := c.goAway && s.quic != nil && s.quic.StreamID() >= c.lastTaken
	end := *explainQUIC(err)
	switch {
	case isRefused && !s.responded:
		return &Error{Code: NoError, Remote: true, Conn: true, NotProcessed: true, Useless: c.lastTaken == 0}
	case c.wrong != nil && end.Reason == "":
		end = *c.wrong
	}
	isUnheard := packets == s.packetsBefore || end.Cause == errForgotten && c.lifeSign() == s.signBefore
	end.Unanswered = end.Conn && !end.Remote && isUnheard // packets counts no CONNECTION_CLOSE
	return &end
}

// noteRead is called as a body is read.
func (c *Conn) noteRead() {
	if c.config.Bandwidth != nil { // which is what may hold it up
		return
	}
	c.mu.Lock()
	if c.active < 2 {
		c.pace.from = time.Time{}
		c.mu.Unlock()
		return
	}
	isSlow := c.pace.isSlow(time.Now(), c.session.quic.ConnectionStats)
	c.mu.Unlock()
	if isSlow {
		c.owner.StreamsAllowed(1)
	}
}
