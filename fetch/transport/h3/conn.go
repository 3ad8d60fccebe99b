package h3

import (
	"bufio"
	"context"
	"errors"
	"io"
	"sync"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"

	"batchfetch/fetch/transport/h2"
)

// A Conn is an HTTP/3 connection, as its client. Any goroutine may use it.
type Conn struct {
	session *Session
	config  *Config
	owner   h2.Owner
	altUsed string // the Alt-Used header field of requests; "" is none
	streams sync.WaitGroup
	done    chan struct{} // closed when nothing of the connection is left

	leaveCtx context.Context // ends when no further exchange may begin
	leave    context.CancelFunc

	mu        sync.Mutex // guards all below
	exchanges map[quic.StreamID]*Exchange
	active    int    // Exchanges that have begun and are not over, also those that wait for a stream
	wrong     *Error // what violated the protocol, so that this side has closed the connection; nil is nothing
	closed    bool   // by this side
	goAway    bool   // a GOAWAY has come
	lastTaken quic.StreamID
	answered  bool // the header of a response has come
	pace      pace
}

// maxAllowed is how many exchanges a connection has at once. A server that allows fewer streams lets them wait in
// Exchange.RoundTrip: QUIC counts what was begun, not what is under way (RFC 9000 section 4.6).
const maxAllowed = 1 << 20

// maxUniStreams is how many streams of its own a server may have: the three of HTTP/3 and QPACK, and some of kinds that
// are not known.
const maxUniStreams = 16

// NewConn returns a connection over s, which it owns from then on. altUsed is the authority of an alternative service
// that s leads to (RFC 7838 section 5), or "".
func NewConn(s *Session, config *Config, owner h2.Owner, altUsed string) *Conn {
	c := &Conn{session: s, config: config, owner: owner, altUsed: altUsed, done: make(chan struct{}),
		exchanges: make(map[quic.StreamID]*Exchange)}
	c.leaveCtx, c.leave = context.WithCancel(context.Background())
	c.streams.Go(c.sendSettings)
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
		c.streams.Go(func() {
			if wrong := c.readUniStream(stream); wrong != nil {
				c.closeFor(wrong)
			}
		})
	}
	c.leave()
	c.owner.Leaving()
	c.streams.Wait()
	c.session.close(NoError)
}

// The types of unidirectional streams (RFC 9114 section 6.2, RFC 9204 section 4.2).
const (
	controlStream      = 0
	pushStream         = 1
	qpackEncoderStream = 2
	qpackDecoderStream = 3
)

// sendSettings opens the control stream. Of QPACK no dynamic table is allowed, which is the default, and none used, so
// that its streams are not needed.
func (c *Conn) sendSettings() {
	stream, err := c.session.quic.OpenUniStream()
	switch {
	case errors.As(err, new(*quic.StreamLimitReachedError)):
		c.closeFor(connError(streamCreationError, "no control stream is allowed (section 6.2)"))
		return
	case err != nil: // the connection has ended
		return
	}
	_, _ = stream.Write(appendSettings([]byte{controlStream}, c.config.MaxHeaderBytes)) // an error is the connection's
}

// readUniStream reads a stream of the server, and returns how it violates the protocol.
func (c *Conn) readUniStream(stream *quic.ReceiveStream) *Error {
	in := bufio.NewReaderSize(stream, 64)
	kind, err := readNumber(in)
	if err != nil {
		return nil // a stream may end before its type has come
	}
	switch kind {
	case controlStream:
		return c.readControl(in)
	case pushStream:
		return connError(idError, "a push stream, though none was allowed (section 4.6)")
	case qpackEncoderStream, qpackDecoderStream: // nothing of use comes over them
	default:
		stream.CancelRead(quic.StreamErrorCode(streamCreationError))
	}
	return nil
}

// readControl reads the control stream.
func (c *Conn) readControl(in *bufio.Reader) *Error {
	ignored := uint64(0)
	for first := true; ; first = false {
		frame, err := readFrameHeader(in)
		switch {
		case err != nil:
			return closedControl(err)
		case first && frame.kind != frameSettings:
			return connError(missingSettings, "a control stream that does not begin with SETTINGS (section 6.2.1)")
		case !first && frame.kind == frameSettings:
			return connError(frameUnexpected, "a second SETTINGS frame (section 7.2.4)")
		case frame.kind == frameSettings:
			if wrong := checkSettings(in, frame.length); wrong != nil {
				return wrong
			}
		case frame.kind == frameGoAway:
			if wrong := c.gotGoAway(in, frame.length); wrong != nil {
				return wrong
			}
		case frame.isKnown():
			return connError(frameUnexpected, "a frame that does not belong on the control stream (section 7.2)")
		case frame.length > maxIgnored-ignored:
			return connError(excessiveLoad, "frames of unknown types that are too large (section 10.5)")
		default:
			ignored += frame.length
			_ = frame.skip(in) // an error is that of the next read too
		}
	}
}

// closedControl returns the Error of a control stream that could not be read further; nil where the connection has
// ended. Package quic ends the streams of a connection before its context.
func closedControl(err error) *Error {
	isEnd := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, new(*quic.StreamError))
	if !isEnd {
		return nil
	}
	return connError(closedCritical, "the control stream was closed (section 6.2.1)")
}

// gotGoAway takes a GOAWAY (RFC 9114 section 5.2): requests from that stream on were not processed.
func (c *Conn) gotGoAway(in *bufio.Reader, length uint64) *Error {
	whole := make([]byte, min(length, 8))
	if _, err := io.ReadFull(in, whole); err != nil {
		return closedControl(err)
	}
	id, used, err := quicvarint.Parse(whole)
	last := quic.StreamID(id) //nolint:gosec // below 2^62
	c.mu.Lock()
	switch {
	case err != nil || uint64(used) != length: //nolint:gosec // at most 8
		c.mu.Unlock()
		return connError(frameError, "a GOAWAY that is no number (section 7.2.6)")
	case id%4 != 0, c.goAway && last > c.lastTaken:
		c.mu.Unlock()
		return connError(idError, "a GOAWAY of another stream, or of a later one than before (section 7.2.6)")
	}
	c.goAway, c.lastTaken = true, last
	var refused []*Exchange
	for id, x := range c.exchanges {
		if id >= last {
			refused = append(refused, x)
		}
	}
	unused := c.active == 0
	c.mu.Unlock()
	for _, x := range refused {
		_ = x.counted.Close()
	}
	c.leave()
	c.owner.Leaving()
	if unused {
		c.Close()
	}
	return nil
}

// begin counts an exchange that begins.
func (c *Conn) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.active++
}

// open opens a stream for an exchange, once the server allows another.
func (c *Conn) open(ctx context.Context, x *Exchange) error {
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
		x.stream = stream
		c.exchanges[stream.StreamID()] = x
		return nil
	case err == nil:
		stream.CancelRead(quic.StreamErrorCode(requestCancelled))
		stream.CancelWrite(quic.StreamErrorCode(requestCancelled))
		err = errClosed
	}
	end := *explainQUIC(err)
	end.Conn, end.NotProcessed, end.Useless = true, true, !c.isOfUse()
	return &end
}

// isOfUse reports whether the server has taken any request. mu is held.
func (c *Conn) isOfUse() bool { return c.answered || c.lastTaken > 0 }

// over takes an exchange out of the connection, which is closed where it is of no more use: its only exchange met a
// limit, so that it may be dead, or the server leaves it.
func (c *Conn) over(ctx context.Context, x *Exchange) {
	c.mu.Lock()
	c.active--
	if x.stream != nil {
		delete(c.exchanges, x.stream.StreamID())
	}
	unused := c.active == 0 && (ctx.Err() != nil || c.goAway)
	c.mu.Unlock()
	if unused {
		c.Close()
	}
	c.owner.ExchangeDone()
}

// endOf returns the error of an exchange, for one that was met.
func (c *Conn) endOf(ctx context.Context, x *Exchange, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, c.config.HeaderTooLarge) {
		return err
	}
	packets := c.session.quic.ConnectionStats().PacketsReceived
	c.mu.Lock()
	defer c.mu.Unlock()
	isRefused := c.goAway && x.stream != nil && x.stream.StreamID() >= c.lastTaken
	end := *explainQUIC(err)
	switch {
	case isRefused && !x.responded:
		return &Error{Code: NoError, Remote: true, Conn: true, NotProcessed: true, Useless: c.lastTaken == 0}
	case c.wrong != nil && end.Reason == "":
		end = *c.wrong
	}
	end.Unanswered = end.Conn && packets == x.packetsBefore
	return &end
}
