package transport

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/transport/h2"
	"batchfetch/fetch/transport/h3"
)

// newHTTP3Pool returns a pool of connections with HTTP/3 alone, which connect makes.
func newHTTP3Pool(
	c *Config, d *dial.Dialer, room *h2.Windows, connect func(context.Context, *Target) connResult,
) *pool {
	p := newPool(maxIdle(c.Concurrency), connect)
	p.version = HTTP3
	p.config3 = &h3.Config{
		Window:         max(firstWindows/max(c.Concurrency, 1), minWindow),
		Windows:        room,
		MaxHeaderBytes: dial.MaxHeaderBytes,
		HeaderTooLarge: dial.HeaderTooLarge(),
		PingTime:       d.PingTime,
		Bandwidth:      d.Bandwidth,
	}
	return p
}

// newHTTP3 returns the RoundTripper for HTTP/3 alone.
func newHTTP3(c *Config, d *dial.Dialer, room *h2.Windows) *pool {
	overUDP := dialerHTTP3(d)
	var p *pool
	p = newHTTP3Pool(c, d, room, func(ctx context.Context, to *Target) connResult {
		if to.URL.Scheme != "https" {
			f := failure.New(failure.Protocol, "HTTP/3 is for https:// alone")
			f.Option = "http"
			return connResult{err: f}
		}
		return dialHTTP3(ctx, p.config3, overUDP, to, altAddress{addr: ownAddress(to)})
	})
	p.slowDial = headStart // one connection is enough, unless the host does not answer
	return p
}

// dialerHTTP3 returns d for HTTP/3, without proxies.
func dialerHTTP3(d *dial.Dialer) *dial.Dialer {
	config := d.Config
	config.TLS, config.Proxies = tlsConfig(config.TLS, HTTP3), nil
	return dial.New(config)
}

// ownAddress returns host:port of a Target.
func ownAddress(to *Target) string { return net.JoinHostPort(to.URL.Hostname(), httpurl.Port(to.URL)) }

// dialHTTP3 makes a QUIC connection for the origin of a Target to an address.
func dialHTTP3(ctx context.Context, c *h3.Config, d *dial.Dialer, to *Target, at altAddress) connResult {
	session, err := dial.DialUDP(ctx, dialerFor(d, to), ownAddress(to), at.addr,
		func(ctx context.Context, socket *net.UDPConn, tlsConfig *tls.Config) (*h3.Session, error) {
			return h3.Handshake(ctx, socket, tlsConfig, c)
		})
	if err != nil {
		return connResult{err: err}
	}
	return connResult{h3: &quicResult{session, at.used}}
}

// headStart is for how long an exchange waits for a connection with HTTP/3 before it is made over TCP: the time between
// two attempts at a connection (RFC 8305 section 5). Of a shorter connect timeout it is at most half.
const headStart = 250 * time.Millisecond
