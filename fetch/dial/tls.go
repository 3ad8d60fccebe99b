package dial

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/failure"
)

// DialPlain connects to addr, host:port of an http:// URL, without TLS. Its error is a *Failure.
func (d *Dialer) DialPlain(ctx context.Context, addr string) (*conn.Conn, error) {
	ctx, cancel := d.withTimeout(ctx, "http://"+addr)
	defer cancel()
	c, err := d.connect(ctx, "http", addr)
	if err != nil {
		return nil, err
	}
	return c.StartSharing(), nil
}

// DialTLS connects to addr, host:port of an https:// URL, and returns the connection with TLS over it. Its error is a *Failure.
func (d *Dialer) DialTLS(ctx context.Context, addr string) (*conn.Conn, *tls.Conn, error) {
	ctx, cancel := d.withTimeout(ctx, "https://"+addr)
	defer cancel()
	c, err := d.connect(ctx, "https", addr)
	if err != nil {
		return nil, nil, err
	}
	config, host := d.TLS, hostOf(addr)
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName = host
	}
	began := time.Now()
	tlsConn, err := handshake(ctx, c, host, config)
	if err != nil {
		return nil, nil, err
	}
	timesOf(ctx).handshakeDone(time.Since(began))
	return c.StartSharing(), tlsConn, nil
}

// DialProxy connects to p itself, which is to be asked for whole http:// URLs. Its error is a *Failure.
func (d *Dialer) DialProxy(ctx context.Context, p *Proxy) (*conn.Conn, error) {
	ctx, cancel := d.withTimeout(ctx, p.String())
	defer cancel()
	began := time.Now()
	raw, err := d.dialProxy(ctx, p)
	if err != nil {
		return nil, err
	}
	timesOf(ctx).connectDone(time.Since(began))
	return conn.New(raw, d.Bandwidth, d.PingTime).StartSharing(), nil
}

// handshake makes a TLS connection over c, and closes c where it fails.
func handshake(ctx context.Context, c net.Conn, host string, config *tls.Config) (*tls.Conn, error) {
	tlsConn := tls.Client(c, config)
	if err := tlsConn.HandshakeContext(ctx); err != nil {
		_ = c.Close() // the handshake's error is the one that tells
		return nil, classifyTLS(ctx, host, err)
	}
	return tlsConn, nil
}

// hostOf returns the host of host:port; what is no such pair stays as it is.
func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}

// withTimeout bounds the making of a connection to an origin, or to a proxy.
func (d *Dialer) withTimeout(ctx context.Context, origin string) (context.Context, context.CancelFunc) {
	connect, exchange := d.Timeouts(origin)
	if exchange > 0 && (connect <= 0 || exchange <= connect) {
		return context.WithTimeoutCause(ctx, exchange, &failure.Limit{Kind: failure.Timeout, Name: "timeout", After: exchange})
	}
	if connect <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, connect, &failure.Limit{Kind: failure.Timeout, Name: "connect-timeout", After: connect})
}

// connect connects to addr, over the proxy that URLs of that scheme take.
func (d *Dialer) connect(ctx context.Context, scheme, addr string) (*conn.Conn, error) {
	began := time.Now()
	var raw net.Conn
	var err error
	switch p := d.Proxies.atAddr(scheme, addr); {
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
	return conn.New(raw, d.Bandwidth, d.PingTime), nil
}
