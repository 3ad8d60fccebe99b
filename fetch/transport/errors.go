package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"batchfetch/fetch/failure"
)

// Explain returns the Failure that err, met in the exchange of c or in what was done with its body, comes to, and says in it how far
// the exchange had come: status is that of the response, 0 where none had come, and bodyBytes how much of its body had.
func (c *Call) Explain(ctx context.Context, err error, status int, bodyBytes int64) *failure.Failure {
	f := classify(ctx, err)
	if f.Kind == failure.Protocol && status == 0 {
		if overrun := c.headerOverrun(err); overrun != nil {
			return overrun
		}
	}
	if f.Kind == failure.Protocol || f.Kind == failure.Truncated {
		f = c.explainUnreadable(f, status)
	}
	switch f.Kind {
	case failure.Timeout, failure.Stalled, failure.Reset, failure.Truncated, failure.Canceled, failure.Protocol, failure.TLS:
		if c.connectedAt.IsZero() && (f.Kind == failure.TLS || f.Kind == failure.Protocol) {
			break // the failure of a handshake, or of a proxy, says it all
		}
		f.Err = fmt.Errorf("%w; %s", f.Err, c.progress(status, bodyBytes))
	}
	if p := c.forwardedBy; p != nil && !c.connectedAt.IsZero() && f.Kind != failure.Canceled {
		f.Err = fmt.Errorf("over proxy %s: %w", p, f.Err)
	}
	return f
}

// explainUnreadable tells a response that the end of the connection cut off from a wrong one: net/http's errors for them have no type.
// The end of the connection is only read where the bytes before it were not enough.
func (c *Call) explainUnreadable(f *failure.Failure, status int) *failure.Failure {
	if status == 0 {
		if alert := c.alertBehind(); alert != nil {
			return alert
		}
	}
	start := c.responseStart[:c.responseStartLen]
	switch {
	case status == 0 && badStart(start) != "":
		return failure.New(failure.Protocol, "not a valid HTTP answer: %s", badStart(start))
	case c.conn != nil && c.conn.IsResetByPeer():
		return failure.New(failure.Reset, "the connection was reset")
	case c.conn != nil && c.conn.IsClosedByPeer():
		return failure.New(failure.Truncated, "the connection closed before a whole answer")
	case c.conn != nil && !c.exclusive && c.conn.IsSilent():
		return failure.New(failure.Stalled, "nothing came over the connection, no answer to a ping either")
	}
	return f
}

// closeTime is how long net/http may take to close an HTTP/2 connection once it has failed an exchange over it.
const closeTime = 20 * time.Millisecond

// alertBehind returns the TLS alert with which the other side ended an HTTP/2 connection before a response: net/http tells of it only
// those who were there when it came. crypto/tls keeps it for whoever reads next, once nobody else does. Nil is no alert.
func (c *Call) alertBehind() *failure.Failure {
	if c.tls == nil || c.exclusive || c.conn == nil {
		return nil
	}
	timer := time.NewTimer(closeTime)
	defer timer.Stop()
	select {
	case <-c.conn.Done():
	case <-timer.C:
		return nil
	}
	var op *net.OpError
	if _, err := c.tls.Read(make([]byte, 1)); errors.As(err, &op) && op.Op == "remote error" {
		return failure.New(failure.TLS, "tls: the connection was refused: %w", op.Err)
	}
	return nil
}

// progress says in words how far the exchange had come.
func (c *Call) progress(status int, bodyBytes int64) string {
	switch {
	case c.connectedAt.IsZero():
		return "not yet connected"
	case status == 0:
		return "connected, no answer had arrived"
	}
	return fmt.Sprintf("%s and %d bytes of its body had arrived", failure.StatusText(status), bodyBytes)
}
