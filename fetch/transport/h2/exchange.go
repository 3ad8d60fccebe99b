package h2

import (
	"context"
	"math"
	"slices"

	"golang.org/x/net/http2"
)

// endExchange is the last step of an exchange, whether its stream is closed, under way or has not begun. mu is held,
// and released.
func (c *Conn) endExchange(ctx context.Context, s *stream) {
	c.cancelWait(s)
	c.cancelStream(s, errClosed)
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

// open begins a stream, once the server allows another, and sends its request, or the begin of it. mu is held, but
// while it waits.
func (c *Conn) open(ctx context.Context, s *stream) error {
	for queued := false; ; queued = true {
		switch at := slices.Index(c.waiting, s); {
		case c.leaving != nil:
			return c.tooLate()
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
		if err := c.await(ctx, s); err != nil {
			return err
		}
	}
}

// tooLate returns the error of an exchange that can't begin. Where it is the first, and what came before it violates
// the protocol, so would what comes over another connection. mu is held.
func (c *Conn) tooLate() *Error {
	if c.leaving.Reason != "" && c.nextID == 1 {
		return c.leaving
	}
	return &Error{Code: c.leaving.Code, Conn: true, NotProcessed: true, Useless: !c.isOfUse(), Cause: c.leaving.Cause}
}

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
	if c.queueBody(s); !s.sent {
		c.uploads = append(c.uploads, s.id)
	}
	c.flush(ctx)
}

// send sends what it can of the request, and waits until something has changed for the stream, or ctx ends: its error
// is the cause. mu is held, but while it waits or writes.
func (c *Conn) send(ctx context.Context, s *stream) error {
	if c.queueBody(s) {
		c.flush(ctx)
		return nil
	}
	return c.await(ctx, s)
}

// await waits until something has changed for the stream, or ctx ends: its error is the cause. mu is held, but while it
// waits.
func (c *Conn) await(ctx context.Context, s *stream) error {
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
// anything. Where they have none, or it is not the stream's turn, it is woken once it may be. mu is held.
func (c *Conn) queueBody(s *stream) (queued bool) {
	for !s.isSent() && c.streams[s.id] == s {
		n := int(min(int64(len(s.body)), int64(c.maxFrame), s.sendWindow, c.sendWindow))
		if n <= 0 || len(c.out) >= maxQueued || !c.hasTurn(s) {
			c.blocked = append(c.blocked, s)
			return queued
		}
		s.sent = n == len(s.body)
		_ = c.framer.WriteData(s.id, s.sent, s.body[:n])
		s.body = s.body[n:]
		s.sendWindow -= int64(n)
		c.sendWindow -= int64(n)
		c.countSent(s, n)
		queued = true
	}
	c.closeIfWhole(s)
	return queued
}

// hasTurn reports whether no older stream could send more of its request: the window of the connection goes to the
// oldest. A server that works on some streams at a time, as Tomcat does on 20, opens it for what it has read of these,
// and would wait for them without end if others had used it up. mu is held.
func (c *Conn) hasTurn(s *stream) bool {
	kept := c.uploads[:0]
	for i, id := range c.uploads {
		older := c.streams[id]
		if id >= s.id || older != nil && older.isUploading() && older.sendWindow > 0 {
			c.uploads = append(kept, c.uploads[i:]...)
			return id >= s.id
		}
		if older != nil && older.isUploading() {
			kept = append(kept, id)
		}
	}
	c.uploads = kept
	return true
}

// countSent counts bytes that a stream has sent of its request: for those that wait for their turn, too, as they have
// not stalled meanwhile. mu is held.
func (c *Conn) countSent(s *stream, n int) {
	if s.request.Sent != nil {
		s.request.Sent.AddBytes(n)
	}
	for _, id := range c.uploads {
		if later := c.streams[id]; id > s.id && later != nil && later.isUploading() && later.request.Sent != nil {
			later.request.Sent.AddBytes(n)
		}
	}
}
