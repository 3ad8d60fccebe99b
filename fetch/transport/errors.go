package transport

import (
	"context"
	"fmt"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
)

// Explain returns the failure that err, met in the exchange of c or while its body was processed, comes to. Its text
// says how far the exchange had come: status is that of the response, 0 where there was none, and bodyBytes is how
// many bytes of its body had come. Where the connection was silent, idle ones to the same host are closed. It is called
// before End.
func (c *Call) Explain(ctx context.Context, err error, status int, bodyBytes int64) *failure.Failure {
	f := classify(ctx, err)
	if reset := resetInResponse(err); reset != nil && f.Kind == failure.Protocol && status != 0 {
		f = reset
	}
	c.distrustIdle(ctx, f)
	if c.leavesHTTP2(err) {
		f.RetryAs = failure.Reset
	}
	if f.Kind == failure.Protocol || f.Kind == failure.Truncated {
		f = c.explainUnreadable(f, status)
	}
	switch f.Kind {
	case failure.Timeout, failure.Stalled, failure.Reset, failure.Truncated, failure.Canceled, failure.Protocol,
		failure.TLS:
		if c.connectedAt.IsZero() && (f.Kind == failure.TLS || f.Kind == failure.Protocol) {
			break // the text of a failed handshake, or of a proxy's failure, names the step
		}
		f.Err = fmt.Errorf("%w; %s", f.Err, c.progress(status, bodyBytes))
	}
	if p := c.forwardedBy; p != nil && !c.connectedAt.IsZero() && f.Kind != failure.Canceled {
		f.Err = fmt.Errorf("over proxy %s: %w", p, f.Err)
	}
	return f
}

// explainUnreadable distinguishes a response that was cut off by the end of the connection from an invalid one, which
// net/http's errors, having no type, do not. The end of the connection was read only where the bytes before it were not
// enough for a response.
func (c *Call) explainUnreadable(f *failure.Failure, status int) *failure.Failure {
	start := c.responseStart[:c.responseStartLen]
	switch {
	case f.Option == failure.BrokenBody:
		return f
	case status == 0 && f.Kind == failure.Protocol && c.conn != nil && c.conn.HasManyTickets():
		return dial.TooManyTickets()
	case status == 0 && c.wantsTLS(start):
		return dial.NeedsHTTPS()
	case status == 0 && badStart(start) != "":
		return failure.New(failure.Protocol, "not a valid HTTP answer: %s", badStart(start))
	case status == 0 && c.isNotHTTP2():
		return dial.NotSpoken(c.Target.URL.Hostname(), []string{"h2"})
	case c.conn != nil && c.conn.IsResetByPeer():
		return failure.New(failure.Reset, "the connection was reset")
	case c.conn != nil && c.conn.IsClosedByPeer():
		return failure.New(failure.Truncated, "the connection closed before a whole answer")
	}
	return f
}

// wantsTLS reports whether the other side of a connection without TLS answered with a TLS alert. start is that of a
// response in HTTP/1.1.
func (c *Call) wantsTLS(start []byte) bool {
	if c.conn == nil || c.tls != nil || c.overQUIC {
		return false
	}
	if !c.exclusive {
		first := c.conn.Start()
		start = first[:]
	}
	return isAlert(start)
}

// isNotHTTP2 reports whether the other side of a connection for HTTP/2 without TLS answered with something else: the
// first frame of HTTP/2 is SETTINGS, on stream 0 (RFC 9113 section 3.4).
func (c *Call) isNotHTTP2() bool {
	if c.conn == nil || c.exclusive || c.tls != nil || c.overQUIC {
		return false
	}
	start := c.conn.Start()
	const settings = 4
	return start != [8]byte{} && (start[3] != settings || start[5]|start[6]|start[7] != 0)
}

// progress says in words how far the exchange had come, for the text of a failure.
func (c *Call) progress(status int, bodyBytes int64) string {
	switch {
	case c.connectedAt.IsZero():
		return "not yet connected"
	case status == 0:
		return "connected, no answer had arrived"
	}
	return fmt.Sprintf("%s and %d bytes of its body had arrived", failure.StatusText(status), bodyBytes)
}
