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

// maxPools is how many pools of idle connections a Transport may have: direct and guarded have one for each version of
// HTTP, forward has one.
const maxPools = 5

// maxIdle returns how many idle connections each pool may keep.
func maxIdle(concurrency int) int { return min(2*concurrency, max(fdlimit.Exchanges()/maxPools, 1)) }

// usualPingTime is how long an HTTP/2 connection may be silent before it is pinged (RFC 9113 section 6.7), and then
// until the ping is acknowledged.
const usualPingTime = 15 * time.Second

// pingTime returns usualPingTime and, where the bandwidth is limited, the time that may pass until the acknowledgement
// of a ping is read: what it is queued behind is a frame and what is in the kernel, on as many connections as there
// may be.
func pingTime(bandwidth float64, concurrency int) time.Duration {
	const unread = 256 << 10 // bytes a connection
	if bandwidth <= 0 {
		return usualPingTime
	}
	seconds := min(unread*float64(concurrency)/bandwidth, conn.MaxWait.Seconds())
	return usualPingTime + time.Duration(seconds*float64(time.Second))
}

// newH2Client returns net/http's Transport, used for HTTP/2, over connections of d. It follows no redirect and decodes
// nothing. With the version Auto it does not dial, as the server may choose HTTP/1.1 in the handshake: it takes the
// connection that is offered with a request.
func newH2Client(c *Config, d *dial.Dialer) *http.Transport {
	t := &http.Transport{
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			c, err := d.DialPlain(ctx, addr)
			if err != nil {
				return nil, err // a nil *conn.Conn would not be nil as a net.Conn
			}
			return c, nil
		},
		DialTLSContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			if c.HTTP == Auto {
				return takeOffered(ctx)
			}
			_, tlsConn, err := d.DialTLS(ctx, addr)
			if err != nil {
				return nil, err // as above
			}
			return tlsConn, nil // net/http finds the negotiated protocol in a *tls.Conn
		},
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
			WriteByteTimeout: d.PingTime,
			MaxReadFrameSize: 64 << 10,
		},
	}
	t.Protocols.SetHTTP1(c.HTTP != HTTP2)
	t.Protocols.SetHTTP2(true)
	t.Protocols.SetUnencryptedHTTP2(c.HTTP == HTTP2) // http:// by prior knowledge, RFC 9113 section 3.3
	return t
}

// An offeredConn is a connection in the context of a request, which net/http takes in place of a dial.
type offeredConn struct {
	conn  *tls.Conn
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
	resp, err := h.client.RoundTrip(c.request().WithContext(ctx))
	if err == nil {
		resp.Body = &sharedBody{ReadCloser: resp.Body}
	}
	return resp, err
}

// CloseIdle is RoundTripper's.
func (h h2RoundTripper) CloseIdle() { (&http.Client{Transport: h.client}).CloseIdleConnections() }

// Close is RoundTripper's.
func (h h2RoundTripper) Close() { h.CloseIdle() }

// A negotiating RoundTripper speaks over TLS the protocol that the server chooses (ALPN, RFC 7301), and HTTP/1.1
// without TLS. The pool dials in either case, and a connection on which HTTP/2 was chosen is offered to net/http.
type negotiating struct {
	pool *pool
	h2   h2RoundTripper
}

// newNegotiating returns the RoundTripper for the versions of HTTP that c allows.
func newNegotiating(c *Config, d *dial.Dialer) RoundTripper {
	pool := newPool(maxIdle(c.Concurrency), func(ctx context.Context, to *Target) connResult {
		return dialHTTP(ctx, d, to)
	})
	if c.HTTP == HTTP1 {
		return pool
	}
	h2 := h2RoundTripper{newH2Client(c, d)}
	if c.HTTP == HTTP2 {
		return h2
	}
	return negotiating{pool, h2}
}

// RoundTrip is RoundTripper's. It takes an idle HTTP/1.1 connection; else an HTTP/2 connection that net/http has; else
// it waits for a connection of either kind.
func (n negotiating) RoundTrip(ctx context.Context, c *Call) (*http.Response, error) {
	if c.Target.URL.Scheme == "http" {
		return n.pool.RoundTrip(ctx, c)
	}
	c.onShared = func() { n.pool.wakeAll(c.Target.Origin) }
	for {
		var h *h1Conn
		if !n.pool.needsFresh(c) {
			h = n.pool.getIdle(c.Target.Origin)
		}
		if h == nil {
			resp, err := n.h2.RoundTrip(ctx, c)
			if !errors.Is(err, errNoConn) {
				return resp, err
			}
			c.lostConn()
			result := n.pool.acquireFor(ctx, c)
			switch {
			case errors.Is(result.err, errTryHTTP2):
				continue
			case result.err != nil:
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
// else.
func (n negotiating) offer(ctx context.Context, c *Call, offered *tls.Conn) (*http.Response, error) {
	o := &offeredConn{conn: offered}
	resp, err := n.h2.RoundTrip(context.WithValue(ctx, offeredConnKey{}, o), c)
	if err == nil {
		c.onShared() // again: net/http calls GotConn before other requests can use the connection
	}
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
// least TLS 1.2, a session cache, and the protocols (ALPN) of version.
func tlsConfig(base *tls.Config, version Version) *tls.Config {
	c := new(tls.Config)
	if base != nil {
		c = base.Clone()
	}
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
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
