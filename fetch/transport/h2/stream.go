package h2

import (
	"context"
	"io"
	"math"
	"net/http"
	"slices"

	"golang.org/x/net/http2"
)

// A stream is one exchange on a connection. All of it is guarded by Conn.mu. It is used again once its exchange is
// over: whoever still has it, or its wake, by then may wake another exchange in vain.
type stream struct {
	id   uint32        // 0: it has not begun
	wake chan struct{} // holds one token: something has changed

	response *response // its header has come
	err      error     // why the stream has ended early; nil: it has not
	received bool      // the response has come whole
	pending  chunkList // of its body, what has come and the exchange has not taken
	window   receiveWindow
	noBody   bool  // the response can't have a body: HEAD, 204, 304
	expected int64 // bytes of the body by content-length; negative is unknown
	came     int64 // bytes of the body

	request    *Request
	body       []byte // of the request, what is still to be sent
	sent       bool   // the request was sent whole, or no more of it is to be
	sendWindow int64
	headers    int // bytes of the headers of interim responses

	framesBefore int64 // that had come over the connection when the request was sent
}

// newStream returns a stream for a request: one that is over, where there is one. mu is held.
func (c *Conn) newStream(r *Request) *stream {
	var s *stream
	if last := len(c.free) - 1; last >= 0 {
		s, c.free = c.free[last], c.free[:last]
	} else {
		s = &stream{wake: make(chan struct{}, 1)}
	}
	*s = stream{wake: s.wake, request: r, body: r.Body, sent: len(r.Body) == 0, expected: -1}
	s.window.reset(c.config.Window)
	return s
}

// recycle gives a stream back that is over. mu is held.
func (c *Conn) recycle(s *stream) {
	release(s.pending.take())
	*s = stream{wake: s.wake}
	c.free = append(c.free, s)
}

// wakeUp wakes the exchange. mu is held.
func (s *stream) wakeUp() { wakeUp(s.wake) }

// RoundTrip makes an exchange up to the header of the response, whose body is read and then closed by the caller. The
// end of ctx ends the exchange, the body included. An error that is no *Error is the cause of that end, or
// Config.HeaderTooLarge.
func (c *Conn) RoundTrip(ctx context.Context, r *Request) (*http.Response, error) {
	c.mu.Lock()
	s := c.newStream(r)
	err := c.open(ctx, s)
	for err == nil && s.response == nil {
		if err = s.err; err == nil {
			err = c.send(ctx, s)
		}
	}
	if err != nil {
		r.Responded = r.Responded || s.response != nil
		c.over(ctx, s)
		return nil, err
	}
	resp := s.response
	r.Usual = resp.usual
	whole := s.received && s.isSent() && s.err == nil && !s.window.hasGrown()
	if whole && s.pending.first == nil {
		c.over(ctx, s)
		return &resp.Response, nil
	}
	resp.Body = &resp.body
	if whole { // a small one, as most are: the exchange is over, and reading it takes no lock of the connection's
		resp.body.taken, resp.body.stream, resp.body.err = s.pending.take(), nil, io.EOF
		c.over(ctx, s)
		return &resp.Response, nil
	}
	resp.body.ctx = ctx
	c.mu.Unlock()
	return &resp.Response, nil
}

// isSent reports whether no more of the request is to be sent: all was, or the response is an error and has come
// whole, so that the server has no use for the rest. mu is held.
func (s *stream) isSent() bool {
	return s.sent || s.received && s.response.StatusCode >= http.StatusBadRequest
}

// over ends an exchange. mu is held, and released.
func (c *Conn) over(ctx context.Context, s *stream) {
	if i := slices.Index(c.waiting, s); i >= 0 {
		c.waiting = slices.Delete(c.waiting, i, i+1)
		c.admit() // the one behind, where this one was to begin
	}
	c.cancel(s, errClosed)
	c.limitMet = c.limitMet || ctx.Err() != nil
	c.flush(ctx)
	s.window.close(c.config.Windows)
	// A connection whose only exchange met a limit may be dead, and one that the server leaves is of no more use.
	unused := len(c.streams) == 0 && c.err == nil && (ctx.Err() != nil || c.leaving != nil)
	c.recycle(s)
	c.mu.Unlock()
	if unused {
		c.Close()
	}
	c.owner.ExchangeDone()
}

// cancel ends a stream that has not ended, for a reason. mu is held.
func (c *Conn) cancel(s *stream, why error) {
	if c.streams[s.id] != s {
		return
	}
	code := http2.ErrCodeCancel
	if s.received {
		code = http2.ErrCodeNo // RFC 9113 section 8.1
	}
	c.queueReset(s.id, code)
	c.endStream(s, why)
}

// remove takes a stream out of the connection. mu is held.
func (c *Conn) remove(s *stream) {
	if c.streams[s.id] != s {
		return
	}
	delete(c.streams, s.id)
	c.streamCount.Add(-1)
	c.admit()
}

// endStream ends a stream with an error. mu is held.
func (c *Conn) endStream(s *stream, why error) {
	c.remove(s)
	if s.err == nil {
		s.err = why
	}
	s.wakeUp()
}

// admit wakes the streams that may begin. mu is held.
func (c *Conn) admit() {
	for i := range min(max(c.allowed-len(c.streams), 0), len(c.waiting)) {
		c.waiting[i].wakeUp()
	}
}

// open begins a stream, once the server allows another, and sends its request, or the begin of it. mu is held, but
// while it waits.
func (c *Conn) open(ctx context.Context, s *stream) error {
	for queued := false; ; queued = true {
		switch at := slices.Index(c.waiting, s); {
		case c.leaving != nil:
			return &Error{Code: c.leaving.Code, Conn: true, NotProcessed: true, Useless: !c.isOfUse(), Cause: c.leaving.Cause}
		case c.nextID > math.MaxInt32:
			c.leaving = &Error{Conn: true, Cause: errClosed}
			continue
		case !queued && len(c.waiting) == 0 && len(c.streams) < c.allowed:
			c.begin(ctx, s)
			return nil
		case queued && at < c.allowed-len(c.streams):
			c.waiting = slices.Delete(c.waiting, at, at+1)
			c.begin(ctx, s)
			return nil
		case !queued:
			c.waiting = append(c.waiting, s)
			c.admit() // where those ahead are about to begin, and have left room
		}
		c.mu.Unlock()
		select {
		case <-s.wake:
		case <-ctx.Done():
		}
		c.mu.Lock()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// isOfUse reports whether the server has taken any request. mu is held.
func (c *Conn) isOfUse() bool { return c.answered || c.lastTaken > 0 }

// begin begins a stream and sends its request, or the begin of it. mu is held, but for the writing.
func (c *Conn) begin(ctx context.Context, s *stream) {
	s.id = c.nextID
	c.nextID += 2
	s.sendWindow = c.firstWindow
	s.framesBefore = c.frames.Load()
	c.streams[s.id] = s
	c.streamCount.Add(1)
	c.startPings()
	c.headers = c.encoder.encode(c.headers[:0], s.request)
	block := c.headers
	part := block[:min(len(block), c.maxFrame)]
	block = block[len(part):]
	_ = c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: part, EndStream: s.sent,
		EndHeaders: len(block) == 0})
	for len(block) > 0 {
		part, block = block[:min(len(block), c.maxFrame)], block[min(len(block), c.maxFrame):]
		_ = c.framer.WriteContinuation(s.id, len(block) == 0, part)
	}
	c.queueBody(s)
	c.flush(ctx)
}

// send sends what it can of the request, and waits until something has changed for the stream, or ctx ends: its error
// is the cause. mu is held, but while it waits or writes.
func (c *Conn) send(ctx context.Context, s *stream) error {
	if c.queueBody(s) {
		c.flush(ctx)
		return nil
	}
	c.mu.Unlock()
	select {
	case <-s.wake:
	case <-ctx.Done():
	}
	c.mu.Lock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// queueBody queues what the windows and the queue have room for of the request's body, and reports whether that is
// anything. Where they have none, the stream is woken once they may. mu is held.
func (c *Conn) queueBody(s *stream) (queued bool) {
	for !s.isSent() && c.streams[s.id] == s {
		n := int(min(int64(len(s.body)), int64(c.maxFrame), s.sendWindow, c.sendWindow))
		if n <= 0 || len(c.out) >= maxQueued {
			c.blocked = append(c.blocked, s)
			return queued
		}
		s.sent = n == len(s.body)
		_ = c.framer.WriteData(s.id, s.sent, s.body[:n])
		s.body = s.body[n:]
		s.sendWindow -= int64(n)
		c.sendWindow -= int64(n)
		if s.request.Sent != nil {
			s.request.Sent.AddBytes(n)
		}
		queued = true
	}
	if s.sent && s.received {
		c.remove(s)
	}
	return queued
}
