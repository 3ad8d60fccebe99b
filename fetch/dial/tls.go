package dial

import (
	"context"
	"crypto/tls"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/failure"
)

// DialPlain connects to addr, host:port of an http:// URL, without TLS. Its error is a *failure.Failure.
func (d *Dialer) DialPlain(ctx context.Context, addr string) (*conn.Conn, error) {
	ctx, cancel := d.withTimeout(ctx, "http://"+addr)
	defer cancel()
	c, err := d.connect(ctx, "http", addr)
	if err != nil {
		return nil, err
	}
	return c.StartSharing(), nil
}

// DialTLS connects to addr, host:port of an https:// URL, and returns the connection and TLS over it, whose Close
// closes both. Its error is a *failure.Failure.
func (d *Dialer) DialTLS(ctx context.Context, addr string) (*conn.Conn, *tls.Conn, error) {
	ctx, cancel := d.withTimeout(ctx, "https://"+addr)
	defer cancel()
	c, err := d.connect(ctx, "https", addr)
	if err != nil {
		return nil, nil, err
	}
	config := d.TLS.Clone()
	if config.ServerName == "" {
		config.ServerName = hostOf(addr)
	}
	d.noteCertRequest(c, addr, config)
	began := time.Now()
	tlsConn, err := d.quirks.handshake(ctx, c, addr, config)
	if err != nil {
		if f := failure.FromContext(ctx); (f == nil || f.Kind != failure.Canceled) && d.isDirect("https", addr) {
			d.Names.Suspect(hostOf(addr), c.RemoteAddress)
		}
		return nil, nil, d.quirks.retrySmall(addr, d.explainRefusal(ctx, addr, config, err))
	}
	if tlsConn.ConnectionState().NegotiatedProtocol == "h2" {
		config.Renegotiation = tls.RenegotiateNever // RFC 9113 section 9.2.1; nothing has been read, and config is this one's
	}
	timesOf(ctx).handshakeDone(time.Since(began))
	return c.StartSharing(), tlsConn, nil
}

// DialProxy connects to p itself, an HTTP proxy that is then asked for whole http:// URLs. Its error is a
// *failure.Failure.
func (d *Dialer) DialProxy(ctx context.Context, p *Proxy) (*conn.Conn, error) {
	ctx, cancel := d.withTimeout(ctx, p.String())
	defer cancel()
	began := time.Now()
	raw, err := d.dialProxy(ctx, p)
	if err != nil {
		return nil, err
	}
	timesOf(ctx).connectDone(time.Since(began))
	return conn.New(raw, d.Bandwidth).StartSharing(), nil
}
