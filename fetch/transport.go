package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
)

// mostPools is how many pools of idle connections a run may have: two for each of its roads but the forwarding one.
const mostPools = 5

func mostIdle(o *Options) int { return min(2*o.Concurrency, max(MostConcurrency()/mostPools, 1)) }

// newTransport returns net/http's pooled client, for HTTP/2 over connections of d. It follows no redirect and decodes nothing.
// Where the other side chose HTTP/1.1 in the handshake, ls gets the connection and a request ends with errHTTP1.
func newTransport(o *Options, d *dialer, ls *links) *http.Transport {
	t := &http.Transport{
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			c, err := d.plain(ctx, addr)
			if err != nil {
				return nil, err // a nil conn would be none as a net.Conn
			}
			return c, nil
		},
		DialTLSContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			c, secured, err := d.secure(ctx, addr)
			if err != nil {
				return nil, err
			}
			if secured.ConnectionState().NegotiatedProtocol == "h2" || !slices.Contains(d.tls.NextProtos, "http/1.1") {
				return secured, nil // net/http looks for the protocol there
			}
			ls.put(secureOrigin(addr), newLink(c, secured))
			return nil, errHTTP1
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

// errHTTP1 ends a request whose connection is none of net/http's.
var errHTTP1 = errors.New("the server chose HTTP/1.1")

// secureOrigin returns the origin of https:// at host:port.
func secureOrigin(addr string) string {
	return "https://" + strings.TrimSuffix(strings.ToLower(addr), ":443")
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
	streams := streams{newTransport(o, d, links)}
	if o.HTTP == HTTP2 {
		return streams
	}
	return either{links, streams}
}

func (e either) ask(ctx context.Context, x *exchange) (*http.Response, error) {
	if x.to.url.Scheme == "http" {
		return e.links.ask(ctx, x)
	}
	for {
		l := e.links.take(x.to.host)
		if l == nil {
			resp, err := e.streams.ask(ctx, x)
			if !errors.Is(err, errHTTP1) {
				return resp, err
			}
			continue // there is a link now, or somebody has taken it
		}
		if resp, again, err := e.links.over(ctx, l, x); !again {
			return resp, err
		}
	}
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
