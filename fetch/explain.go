package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// explain classifies an error and says what had arrived by then.
func (x *exchange) explain(ctx context.Context, err error, rec *Record) *Failure {
	f := classify(ctx, err)
	if f.Kind == Protocol && rec.Status == 0 {
		if over := x.overrun(err); over != nil {
			return over
		}
	}
	if f.Kind == Protocol || f.Kind == Truncated {
		f = x.unreadable(f, rec)
	}
	switch f.Kind {
	case Timeout, Stalled, Reset, Truncated, Canceled, Protocol, TLS:
		if x.connected.IsZero() && (f.Kind == TLS || f.Kind == Protocol) {
			break // the failure of a handshake, or of a proxy, says it all
		}
		f.Err = fmt.Errorf("%w; %s", f.Err, x.arrived(rec))
	}
	if p := x.forwarded(); p != nil && !x.connected.IsZero() && f.Kind != Canceled {
		f.Err = fmt.Errorf("over proxy %s: %w", p, f.Err)
	}
	return f
}

// forwarded returns the proxy that was asked for the whole of the exchange; nil is none.
func (x *exchange) forwarded() *proxy {
	if ls, is := x.road.(*links); is {
		return ls.proxy
	}
	return nil
}

// unreadable tells an answer that the connection's end cut off from a wrong one:
// net/http's errors for them have no type.
// The end of the connection is read only where the bytes before it were not enough.
func (x *exchange) unreadable(f *Failure, rec *Record) *Failure {
	if rec.Status == 0 {
		if alert := x.refused(); alert != nil {
			return alert
		}
	}
	switch {
	case rec.Status == 0 && wrongStart(x.opening[:x.opened]) != "":
		return failf(Protocol, "not a valid HTTP answer: %s", wrongStart(x.opening[:x.opened]))
	case x.carrier != nil && x.carrier.reset.Load():
		return failf(Reset, "the connection was reset")
	case x.carrier != nil && x.carrier.closed.Load():
		return failf(Truncated, "the connection closed before a whole answer")
	case x.carrier != nil && x.conn == nil && x.carrier.isSilent():
		return failf(Stalled, "nothing came over the connection, no answer to a ping either")
	}
	return f
}

// closing is how long net/http may take to close an HTTP/2 connection once it has failed an exchange over it.
const closing = 20 * time.Millisecond

// refused returns the alert with which the other side ended an HTTP/2 connection before an answer: net/http tells of it only
// those who were there when it came. crypto/tls keeps it for whoever reads next, once nobody else does.
func (x *exchange) refused() *Failure {
	if x.secured == nil || x.conn != nil || x.carrier == nil {
		return nil
	}
	patience := time.NewTimer(closing)
	defer patience.Stop()
	select {
	case <-x.carrier.given:
	case <-patience.C:
		return nil
	}
	var op *net.OpError
	if _, err := x.secured.Read(make([]byte, 1)); errors.As(err, &op) && op.Op == "remote error" {
		return failf(TLS, "tls: the connection was refused: %w", op.Err)
	}
	return nil
}

func (x *exchange) arrived(rec *Record) string {
	switch {
	case x.connected.IsZero():
		return "not yet connected"
	case rec.Status == 0:
		return "connected, no answer had arrived"
	}
	return fmt.Sprintf("%s and %d bytes of its body had arrived", statusText(rec.Status), rec.WireBytes)
}
