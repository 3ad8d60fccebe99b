package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// mostPools is how many pools of idle connections a run may have: two for each of its roads but the forwarding one.
const mostPools = 5

func mostIdle(o *Options) int { return min(2*o.Concurrency, max(MostConcurrency()/mostPools, 1)) }

// newTransport returns net/http's pooled client, for HTTP/2 over connections of d. It follows no redirect and decodes nothing.
// Where the other side may choose HTTP/1.1 in the handshake it makes no connection: it takes the one that comes with a request.
func newTransport(o *Options, d *dialer) *http.Transport {
	t := &http.Transport{
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			c, err := d.plain(ctx, addr)
			if err != nil {
				return nil, err // a nil conn would be none as a net.Conn
			}
			return c, nil
		},
		DialTLSContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			if o.HTTP == HTTPAuto {
				return broughtBy(ctx)
			}
			_, secured, err := d.secure(ctx, addr)
			if err != nil {
				return nil, err // as above
			}
			return secured, nil // net/http looks for the protocol there
		},
		TLSClientConfig:        d.tls.Clone(), // net/http writes to it
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    o.Hosts.most(o.HostConcurrency),
		MaxIdleConns:           mostIdle(o),
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderList,
		Protocols:              new(http.Protocols),
		HTTP2: &http.HTTP2Config{
			SendPingTimeout:  d.ping,
			PingTimeout:      d.ping,
			MaxReadFrameSize: 64 << 10,
		},
	}
	t.Protocols.SetHTTP1(o.HTTP != HTTP2)
	t.Protocols.SetHTTP2(true)
	t.Protocols.SetUnencryptedHTTP2(o.HTTP == HTTP2) // http:// by prior knowledge, RFC 9113 section 3.3
	return t
}

// A freight is a connection that a request brings along, for net/http to take.
type freight struct {
	conn  *tls.Conn
	taken atomic.Bool
}

type freightKey struct{}

// errNoConnection ends a request for which there is no connection, and which has brought none.
var errNoConnection = errors.New("no HTTP/2 connection")

func broughtBy(ctx context.Context) (net.Conn, error) {
	f, _ := ctx.Value(freightKey{}).(*freight)
	if f == nil || f.taken.Swap(true) {
		return nil, errNoConnection
	}
	return f.conn, nil
}

// Streams are the road over HTTP/2, where exchanges share connections.
type streams struct{ client http.RoundTripper }

func (s streams) ask(ctx context.Context, x *exchange) (*http.Response, error) {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:              x.gotConn,
		WroteHeaders:         func() { x.sent.Store(true) },
		GotFirstResponseByte: func() { x.spoke.Store(true) },
		Got1xxResponse:       x.interim,
	})
	return s.client.RoundTrip(x.request(x.to).WithContext(ctx))
}

func (s streams) end() { s.close() }

func (s streams) close() { (&http.Client{Transport: s.client}).CloseIdleConnections() }

// Either is the road over whichever protocol the other side chooses.
type either struct {
	links   *links
	streams streams
}

func newEither(o *Options, d *dialer) road {
	links := newLinks(o, d.link)
	if o.HTTP == HTTP1 {
		return links
	}
	streams := streams{newTransport(o, d)}
	if o.HTTP == HTTP2 {
		return streams
	}
	return either{links, streams}
}

func (e either) ask(ctx context.Context, x *exchange) (*http.Response, error) {
	if x.to.url.Scheme == "http" {
		return e.links.ask(ctx, x)
	}
	x.shares = func() { e.links.look(x.to.host) } // who waits for one can share it
	for {
		l := e.links.take(x.to.host)
		if l == nil {
			resp, err := e.streams.ask(ctx, x)
			if !errors.Is(err, errNoConnection) {
				return resp, err
			}
			x.disembark()
			if l, err = e.links.get(ctx, x.to); err != nil {
				return nil, err
			}
		}
		switch {
		case l == nil: // there is an HTTP/2 connection now
		case l.shared:
			if resp, err := e.bring(ctx, x, l); !errors.Is(err, errNoConnection) {
				return resp, err
			}
		default:
			if resp, again, err := e.links.over(ctx, l, x); !again {
				return resp, err
			}
		}
	}
}

// bring asks over HTTP/2 with a connection for it, in case it is needed.
func (e either) bring(ctx context.Context, x *exchange, l *link) (*http.Response, error) {
	f := &freight{conn: l.secured}
	resp, err := e.streams.ask(context.WithValue(ctx, freightKey{}, f), x)
	if err == nil {
		x.shares() // once more: net/http told of the connection before others could have it
	}
	if !f.taken.Swap(true) {
		l.hangUp()
	}
	return resp, err
}

func (e either) close() {
	e.streams.close()
	e.links.close()
}

func (e either) end() {
	e.streams.end()
	e.links.end()
}

func tlsConfig(o *Options) *tls.Config {
	c := new(tls.Config)
	if o.TLS != nil {
		c = o.TLS.Clone()
	}
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	if c.ClientSessionCache == nil {
		c.ClientSessionCache = tls.NewLRUClientSessionCache(1024)
	}
	switch o.HTTP {
	case HTTP1:
		c.NextProtos = []string{"http/1.1"}
	case HTTP2:
		c.NextProtos = []string{"h2"}
	default:
		c.NextProtos = []string{"h2", "http/1.1"}
	}
	return c
}
