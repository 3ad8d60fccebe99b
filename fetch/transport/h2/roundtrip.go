package h2

import (
	"context"
	"io"
	"net/http"
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
		c.over(ctx, s)
		return nil, err
	}
	resp, b := s.response, s.response.Body.(*body)
	r.Usual = s.usual
	whole := s.received && s.isSent() && s.err == nil && !s.window.hasGrown()
	if whole && s.pending.first == nil {
		resp.Body = http.NoBody
		c.over(ctx, s)
		return resp, nil
	}
	if whole { // a small one, as most are: the exchange is over, and reading it takes no lock of the connection's
		b.taken, b.stream, b.err = s.pending.take(), nil, io.EOF
		c.over(ctx, s)
		return resp, nil
	}
	b.ctx = ctx
	c.mu.Unlock()
	return resp, nil
}
