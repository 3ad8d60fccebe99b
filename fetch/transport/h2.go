package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/fdlimit"
)

// maxIdle returns how many idle connections each pool may keep. Direct and guarded have one for each version of HTTP,
// forward has one; a run mostly uses one of them, and where too many files are open idle connections are closed.
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

// newH2Client returns net/http's Transport, used for HTTP/2. It follows no redirect, decodes nothing and does not dial:
// it takes the connection that is offered with a request.
func newH2Client(c *Config, d *dial.Dialer) *http.Transport {
	takeOffered := func(ctx context.Context, _, _ string) (net.Conn, error) { return takeOffered(ctx) }
	t := &http.Transport{
		DialContext:            takeOffered,
		DialTLSContext:         takeOffered,
		TLSClientConfig:        d.TLS.Clone(), // net/http writes to it
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    c.HostConcurrency,
		MaxIdleConns:           maxIdle(c.Concurrency),
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderList,
		Protocols:              new(http.Protocols),
		HTTP2: &http.HTTP2Config{
			SendPingTimeout:  d.PingTime,
			PingTimeout:      d.PingTime,
			WriteByteTimeout: max(d.PingTime, usualPingTime), // a slow uplink takes long for what the kernel holds
			MaxReadFrameSize: 64 << 10,
		},
	}
	t.Protocols.SetHTTP1(c.HTTP != HTTP2)
	t.Protocols.SetHTTP2(true)
	t.Protocols.SetUnencryptedHTTP2(c.HTTP == HTTP2) // http:// by prior knowledge, RFC 9113 section 3.3
	return t
}

// An offeredConn is a connection in the context of a request, which net/http takes in place of a dial. It finds the
// negotiated protocol in a *tls.Conn.
type offeredConn struct {
	conn  net.Conn
	taken atomic.Bool
}

type offeredConnKey struct{}

// errNoConn is the error of a request for which net/http has no HTTP/2 connection, and with which none was offered.
var errNoConn = errors.New("no HTTP/2 connection")

// takeOffered returns the connection that was offered in ctx, at most once; else errNoConn.
func takeOffered(ctx context.Context) (net.Conn, error) {
	o, _ := ctx.Value(offeredConnKey{}).(*offeredConn)
	if o == nil || o.taken.Swap(true) {
		return nil, errNoConn
	}
	return o.conn, nil
}

// An h2RoundTripper makes exchanges over net/http's Transport, on connections that they share.
type h2RoundTripper struct{ client http.RoundTripper }

// OverClient returns a RoundTripper that makes exchanges over client, which speaks HTTP/2 or is a test's.
func OverClient(client http.RoundTripper) RoundTripper { return h2RoundTripper{client} }

// RoundTrip is RoundTripper's.
func (h h2RoundTripper) RoundTrip(ctx context.Context, c *Call) (*http.Response, error) {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			c.gotSharedConn(info)
			c.watchWrites(ctx)
		},
		WroteHeaders:         func() { c.requestSent.Store(true) },
		GotFirstResponseByte: func() { c.responded.Store(true) },
		Got1xxResponse:       c.gotInterim,
	})
	stream, end := context.WithCancel(ctx) // ctx may be that of more exchanges
	resp, err := h.client.RoundTrip(c.request().WithContext(stream))
	if err != nil {
		end()
		return resp, err
	}
	resp.Body = &sharedBody{ReadCloser: resp.Body, end: end}
	return resp, nil
}

// CloseIdle is RoundTripper's.
func (h h2RoundTripper) CloseIdle() { (&http.Client{Transport: h.client}).CloseIdleConnections() }

// Close is RoundTripper's.
func (h h2RoundTripper) Close() { h.CloseIdle() }

// A negotiating RoundTripper speaks over TLS the protocol that the server chooses (ALPN, RFC 7301), and HTTP/1.1
// without TLS; with the version HTTP2 it speaks that alone. The pool dials in any case, and a connection for HTTP/2 is
// offered to net/http.
type negotiating struct {
	pool     *pool
	h2       h2RoundTripper
	settings *settingsGate
	version  Version
}

// newNegotiating returns the RoundTripper for the versions of HTTP that c allows.
func newNegotiating(c *Config, d *dial.Dialer) RoundTripper {
	pool := newPool(maxIdle(c.Concurrency), func(ctx context.Context, to *Target) connResult {
		return dialHTTP(ctx, d, to, c.HTTP)
	})
	if c.HTTP == HTTP1 {
		return pool
	}
	return negotiating{pool, h2RoundTripper{newH2Client(c, d)}, newSettingsGate(), c.HTTP}
}

// RoundTrip is RoundTripper's. It takes an idle HTTP/1.1 connection; else an HTTP/2 connection that net/http has, once
// that has settled; else it waits for a connection of either kind.
func (n negotiating) RoundTrip(ctx context.Context, c *Call) (*http.Response, error) {
	if c.Target.URL.Scheme == "http" && n.version != HTTP2 {
		return n.pool.RoundTrip(ctx, c)
	}
	for {
		var h *h1Conn
		if !n.pool.needsFresh(c) {
			h = n.pool.getIdle(c.Target.Origin, c)
		}
		if h == nil {
			chosen, err := n.settings.choose(ctx, c.Target.Origin)
			if err != nil {
				return nil, err
			}
			c.onShared = func() {
				chosen()
				n.pool.wakeAll(c.Target.Origin)
			}
			resp, err := n.h2.RoundTrip(ctx, c)
			chosen()
			if c.replaysOverHTTP2(ctx, err) {
				continue
			}
			if !errors.Is(err, errNoConn) {
				return resp, err
			}
			c.lostConn()
			result := n.pool.acquireFor(ctx, c)
			switch {
			case errors.Is(result.err, errTryHTTP2):
				continue
			case result.err != nil:
				c.noConn()
				return nil, result.err
			case result.h2 != nil:
				if resp, err := n.offer(ctx, c, result.h2); !errors.Is(err, errNoConn) {
					return resp, err
				}
				continue
			}
			h = result.h1
		}
		if resp, again, err := n.pool.roundTripOn(ctx, h, c); !again {
			return resp, err
		}
	}
}

// offer makes the exchange over HTTP/2, with a connection that net/http takes where it has none, and that is closed
// else. No other exchange to the origin begins before the connection has settled. Its error is errNoConn where another
// connection to the origin has not settled yet: the exchange waits for that one.
func (n negotiating) offer(ctx context.Context, c *Call, offered net.Conn) (*http.Response, error) {
	settled := n.settings.begin(c.Target.Origin)
	if settled == nil {
		_ = conn.Close(offered) // nothing has been sent over it
		return nil, errNoConn
	}
	settledAndWake := func() {
		settled()
		n.pool.wakeAll(c.Target.Origin)
	}
	defer settledAndWake() // with the header of a response, SETTINGS have come before
	onSettingsAck(offered, settledAndWake)
	c.onShared = nil
	o := &offeredConn{conn: offered}
	resp, err := n.h2.RoundTrip(context.WithValue(ctx, offeredConnKey{}, o), c)
	if !o.taken.Swap(true) {
		_ = conn.Close(offered) // nothing has been sent over it
	}
	return resp, err
}

// CloseIdle is RoundTripper's.
func (n negotiating) CloseIdle() {
	n.h2.CloseIdle()
	n.pool.CloseIdle()
}

// Close is RoundTripper's.
func (n negotiating) Close() {
	n.h2.Close()
	n.pool.Close()
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
	default:
		c.NextProtos = []string{"h2", "http/1.1"}
	}
	return c
}
