package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"

	"golang.org/x/net/http2"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/transport/h2"
	"batchfetch/fetch/transport/h3"
)

// A quicResult is a QUIC connection that was made, before HTTP/3 begins on it.
type quicResult struct {
	session *h3.Session
	altUsed string // see h3.NewConn
}

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

// A sharedError is what an error of HTTP/2 or HTTP/3 says about the connection and the request.
type sharedError struct {
	cause        error // of the network; nil is none
	conn         bool  // it ended the connection, and not a stream alone
	remote       bool  // the server sent it
	isGoodbye    bool  // its code is that of no error
	notProcessed bool  // the server has not processed the request
	unanswered   bool  // the connection ended, and nothing had come since the request was sent
	excess       bool  // the server refused a stream that is one of more than it allows by now, or as it leaves
	useless      bool  // the connection ended before the server had taken any request of it
	rejected     bool  // the server refused the stream, over HTTP/3
	wantsHTTP1   bool  // the server wants HTTP/1.1
}

// isUnfit reports whether a connection ended so that the next one over the same protocol may end so too: by silence, or
// for what violates the protocol.
func (e *sharedError) isUnfit() bool {
	isWrong := e.conn && e.cause == nil && !e.isGoodbye && !e.notProcessed
	return errors.Is(e.cause, h2.ErrSilent) || isWrong || e.wantsHTTP1
}

// sharedErrorOf returns what an error says, where it is one of HTTP/2 or HTTP/3.
func sharedErrorOf(err error) (sharedError, bool) {
	var over2 *h2.Error
	var over3 *h3.Error
	switch {
	case errors.As(err, &over2):
		return sharedError{cause: over2.Cause, conn: over2.Conn, remote: over2.Remote,
			isGoodbye: over2.Code == http2.ErrCodeNo, notProcessed: over2.NotProcessed, unanswered: over2.Unanswered,
			excess: over2.Excess, useless: over2.Useless,
			wantsHTTP1: over2.Remote && over2.Code == http2.ErrCodeHTTP11Required}, true
	case errors.As(err, &over3):
		return sharedError{cause: over3.Cause, conn: over3.Conn, remote: over3.Remote,
			isGoodbye: over3.Code == h3.NoError, notProcessed: over3.NotProcessed, unanswered: over3.Unanswered,
			useless: over3.Useless, rejected: over3.Remote && over3.Code == h3.RequestRejected,
			wantsHTTP1: over3.Remote && over3.Code == h3.VersionFallback}, true
	}
	return sharedError{}, false
}

// roundTripOver makes the exchange over s alone, and starts the stall timer.
func (c *Call) roundTripOver(ctx context.Context, s *sharedConn, reused bool) (*http.Response, error) {
	if s.h2 != nil {
		c.gotShared(s.conn, s.tls, reused)
		c.Stall.Start(s.conn, true)
		return s.h2.RoundTrip(ctx, &c.request2)
	}
	x := s.h3.NewExchange()
	c.gotShared(x.Counted(), nil, reused)
	c.overQUIC = true
	c.Stall.Start(x.Counted(), false)
	return x.RoundTrip(ctx, &c.request2)
}
