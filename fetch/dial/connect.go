package dial

import (
	"context"
	"net"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/failure"
)

// withTimeout bounds a dial to an origin, or to a proxy, by the shorter of the two Timeouts. The cause of the context's
// end is a *failure.Limit with the name of that timeout.
func (d *Dialer) withTimeout(ctx context.Context, origin string) (context.Context, context.CancelFunc) {
	connect, exchange := d.Timeouts(origin)
	if exchange > 0 && (connect <= 0 || exchange <= connect) {
		return context.WithTimeoutCause(ctx, exchange,
			&failure.Limit{Kind: failure.Timeout, Name: "timeout", After: exchange})
	}
	if connect <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, connect,
		&failure.Limit{Kind: failure.Timeout, Name: "connect-timeout", After: connect})
}

// isDirect reports whether addr itself is connected to for a URL of that scheme.
func (d *Dialer) isDirect(scheme, addr string) bool {
	return d.UnixSocket == "" && d.Proxies.forAddr(scheme, addr) == nil
}

// connect connects to addr: to the Unix socket, over the proxy for URLs of that scheme, or directly. Reads of the Conn
// do not wait for bandwidth yet.
func (d *Dialer) connect(ctx context.Context, scheme, addr string) (*conn.Conn, error) {
	began := time.Now()
	var raw net.Conn
	var err error
	switch p := d.Proxies.forAddr(scheme, addr); {
	case d.UnixSocket != "":
		raw, err = d.dialUnix(ctx)
	case p != nil:
		raw, err = d.dialThrough(ctx, p, addr)
	default:
		raw, err = d.dialDirect(ctx, addr)
	}
	if err != nil {
		return nil, err
	}
	timesOf(ctx).connectDone(time.Since(began))
	return conn.New(raw, d.Bandwidth), nil
}
