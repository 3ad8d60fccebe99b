package dial

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
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
	began := time.Now()
	tlsConn, err := d.quirks.handshake(ctx, c, addr, config)
	if err != nil {
		if f := failure.FromContext(ctx); (f == nil || f.Kind != failure.Canceled) && d.isDirect("https", addr) {
			d.Names.Suspect(hostOf(addr), c.RemoteAddress)
		}
		return nil, nil, d.explainRefusal(ctx, addr, config, err)
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

// handshake makes a TLS connection to host over c. config is changed. Where it fails it closes c, and the error is a
// *failure.Failure.
func handshake(ctx context.Context, c net.Conn, host string, config *tls.Config) (*tls.Conn, error) {
	missesCert := false
	if len(config.Certificates) == 0 && config.GetClientCertificate == nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			missesCert = true
			return new(tls.Certificate), nil // none
		}
	}
	tlsConn := tls.Client(c, config)
	if err := tlsConn.HandshakeContext(ctx); err != nil {
		_ = c.Close() // the error of the handshake is the one to return
		f := classifyTLS(ctx, host, config.NextProtos, err)
		if missesCert && f.Option == OptionCommon {
			f.Err, f.Option = fmt.Errorf("tls: %s refused the handshake: it wants a client certificate", host), OptionCert
		}
		return nil, f
	}
	return tlsConn, nil
}

// hostOf returns the host of host:port; any other text is returned as it is.
func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}

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
