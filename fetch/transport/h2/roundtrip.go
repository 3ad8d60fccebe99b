package h2

import (
	"context"
	"io"
	"net/http"
	"time"
)

// RoundTrip makes an exchange up to the header of the response, whose body is read and then closed by the caller. The
// end of ctx ends the exchange, the body included. An error that is no *Error is the cause of that end, or
// Config.HeaderTooLarge.
func (c *Conn) RoundTrip(ctx context.Context, r *Request) (*http.Response, error) {
	c.mu.Lock()
	s := c.newStream(r, c.config.Window)
	err := c.open(ctx, s)
	for err == nil && s.response == nil {
		if err = s.err; err == nil {
			err = c.send(ctx, s)
		}
	}
	if err != nil {
		r.Responded = r.Responded || s.response != nil
		c.endExchange(ctx, s)
		return nil, err
	}
	if s.noBody && !s.received {
		c.awaitEnd(ctx, s)
	}
	resp, b := s.response, s.response.Body.(*body)
	r.Usual = s.usual
	whole := s.received && s.isSent() && s.err == nil && !s.window.hasGrown()
	if whole && s.pending.first == nil {
		resp.Body = http.NoBody
		c.endExchange(ctx, s)
		return resp, nil
	}
	if whole { // a small one, as most are: the exchange is over, and reading it takes no lock of the connection's
		b.taken, b.stream, b.err = s.pending.take(), nil, io.EOF
		c.endExchange(ctx, s)
		return resp, nil
	}
	b.ctx = ctx
	c.mu.Unlock()
	return resp, nil
}

// endTime is how long the end of a response that has no body is waited for, where it comes in a frame of its own.
const endTime = 100 * time.Millisecond

// awaitEnd waits for the end of a response that has no body, so that its stream need not be reset: Jetty 9.4 sends an
// empty DATA frame behind the header, and ends a connection over which more than 50 streams are reset in a second. mu
// is held, but while it waits.
func (c *Conn) awaitEnd(ctx context.Context, s *stream) {
	timer := time.AfterFunc(endTime, func() { wakeUp(s.wake) })
	defer timer.Stop()
	for until := time.Now().Add(endTime); !s.received && s.err == nil && time.Now().Before(until); {
		if c.send(ctx, s) != nil {
			return
		}
	}
}
