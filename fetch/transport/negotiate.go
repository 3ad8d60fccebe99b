package transport

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/fdlimit"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/transport/h2"
)

// maxIdle returns how many idle connections each pool may keep, of each version of HTTP. There are up to three pools; a
// run mostly uses one of them, and where too many files are open idle connections are closed.
func maxIdle(concurrency int) int { return fdlimit.Idle(concurrency) }

// usualPingTime is how long an HTTP/2 connection may be silent before it is pinged (RFC 9113 section 6.7), and then
// until the ping is acknowledged. Where exchanges would have stalled by then it is a third of the stall timeout, but
// not under leastPingTime, so that they get another connection first.
const usualPingTime, leastPingTime = 15 * time.Second, 2500 * time.Millisecond

// pingTime returns usualPingTime, or less for a stall timeout (0 is none). Where the bandwidth is limited it adds the
// time that may pass until the acknowledgement of a ping is read: what it is queued behind is a frame and what is in
// the kernel, on as many connections as there may be.
func pingTime(stall time.Duration, bandwidth float64, concurrency int) time.Duration {
	const unread = 256 << 10 // bytes a connection
	usual := usualPingTime
	if stall > 0 {
		usual = min(usual, max(stall/3, leastPingTime))
	}
	if bandwidth <= 0 {
		return usual
	}
	seconds := min(unread*float64(concurrency)/bandwidth, conn.MaxWait.Seconds())
	return usual + time.Duration(seconds*float64(time.Second))
}

// firstWindows is how many bytes the windows of all streams have together at first, growingWindows in how many more
// they may grow; minWindow is what each has at least.
const firstWindows, growingWindows, minWindow = 16 << 20, 24 << 20, 64 << 10

// newNegotiating returns the RoundTripper for the versions of HTTP that c allows: over TLS it speaks the one that the
// server chooses (ALPN, RFC 7301), and HTTP/1.1 without TLS; with the version HTTP2 that alone.
func newNegotiating(c *Config, d *dial.Dialer, room *h2.Windows) *pool {
	p := newPool(maxIdle(c.Concurrency), nil)
	p.version = c.HTTP
	forHTTP1 := d
	if c.HTTP == Auto {
		config := d.Config
		config.TLS = tlsConfig(config.TLS, HTTP1)
		forHTTP1 = dial.New(config)
	}
	p.dialer = func(to *Target) (*dial.Dialer, Version) {
		if c.HTTP == Auto && p.wantsHTTP1(p.hostOf(to)) {
			return forHTTP1, HTTP1
		}
		return d, p.version
	}
	p.dial = func(ctx context.Context, to *Target) connResult {
		over, version := p.dialer(to)
		return dialHTTP(ctx, dialerFor(over, to), to, version)
	}
	p.config = &h2.Config{
		Window:         max(firstWindows/max(c.Concurrency, 1), minWindow),
		Windows:        room,
		MaxHeaderBytes: dial.MaxHeaderBytes,
		HeaderTooLarge: dial.HeaderTooLarge(),
		PingTime:       d.PingTime,
		WriteTime:      max(d.PingTime, usualPingTime), // a slow uplink takes long for what the kernel holds
	}
	return p
}

// newForwarding returns a pool of connections to HTTP proxies, which are asked for whole http:// URLs (RFC 9112 section
// 3.2.2): that of the Target's Route, else proxy, which is nil where the Transport has none.
func newForwarding(c *Config, d *dial.Dialer, proxy *dial.Proxy) *pool {
	p := newPool(maxIdle(c.Concurrency), nil)
	p.forwards, p.proxy = true, proxy
	if proxy != nil {
		p.proxyHeader = proxyHeader(proxy)
	}
	p.dial = func(ctx context.Context, to *Target) connResult {
		over, _ := p.forwarder(to)
		conn, err := dialerFor(d, to).DialProxy(ctx, over)
		if err != nil {
			return connResult{err: err}
		}
		return connResult{h1: newH1Conn(conn, nil)}
	}
	return p
}

// dialHTTP connects to the origin of a Target. Over TLS the server chooses among the versions of HTTP that are asked
// for; with the version HTTP2 a connection without TLS is one for HTTP/2 too (RFC 9113 section 3.3).
func dialHTTP(ctx context.Context, d *dial.Dialer, to *Target, version Version) connResult {
	addr := net.JoinHostPort(to.URL.Hostname(), httpurl.Port(to.URL))
	if to.URL.Scheme == "http" {
		c, err := d.DialPlain(ctx, addr)
		switch {
		case err != nil:
			return connResult{err: err}
		case version == HTTP2:
			return connResult{h2: c}
		}
		return connResult{h1: newH1Conn(c, nil)}
	}
	c, tlsConn, err := d.DialTLS(ctx, addr)
	switch {
	case err != nil:
		return connResult{err: err}
	case tlsConn.ConnectionState().NegotiatedProtocol == "h2":
		return connResult{h2: tlsConn}
	case version == HTTP2: // the server ignores what it was asked for
		_ = conn.Close(tlsConn) // nothing has been sent over it
		return connResult{err: dial.NotSpoken(to.URL.Hostname(), []string{"h2"})}
	}
	return connResult{h1: newH1Conn(c, tlsConn)}
}

// tlsConfig returns the client configuration of a Transport: a clone of base, nil being the zero configuration, with at
// least TLS 1.2 where base does not say, a session cache, and the protocols (ALPN) of version. A server may renegotiate
// once, as IIS does where a folder wants a client certificate.
func tlsConfig(base *tls.Config, version Version) *tls.Config {
	c := new(tls.Config)
	if base != nil {
		c = base.Clone()
	}
	if c.MinVersion == 0 {
		c.MinVersion = tls.VersionTLS12
	}
	c.Renegotiation = tls.RenegotiateOnceAsClient
	if c.ClientSessionCache == nil {
		c.ClientSessionCache = tls.NewLRUClientSessionCache(1024)
	}
	switch version {
	case HTTP1:
		c.NextProtos = []string{"http/1.1"}
	case HTTP2:
		c.NextProtos = []string{"h2"}
	case HTTP3: // which has sessions of its own (RFC 9001 section 4.5)
		c.NextProtos, c.MinVersion = []string{"h3"}, tls.VersionTLS13
		c.ClientSessionCache = tls.NewLRUClientSessionCache(1024)
	default:
		c.NextProtos = []string{"h2", "http/1.1"}
	}
	return c
}
