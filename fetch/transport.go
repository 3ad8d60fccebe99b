package fetch

import (
	"crypto/tls"
	"net/http"
	"time"
)

// mostPools is how many pools of idle connections a run may have: see roads.
const mostPools = 3

// newTransport returns a pooled client over connections of d. It follows no redirect, decodes nothing and retries nothing
// but a request that a reused connection was closed under before an answer began (RFC 9110 section 9.2.2).
func newTransport(o *Options, d *dialer) *http.Transport {
	t := &http.Transport{
		DialContext:            d.plain,
		DialTLSContext:         d.secure,
		TLSClientConfig:        d.tls.Clone(), // net/http writes to it
		ForceAttemptHTTP2:      o.HTTP != HTTP1,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    o.Hosts.most(o.HostConcurrency),
		MaxIdleConns:           min(2*o.Concurrency, max(MostConcurrency()/mostPools, 1)),
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxHeaderList,
		Protocols:              new(http.Protocols),
		HTTP2: &http.HTTP2Config{
			SendPingTimeout:  d.ping,
			PingTimeout:      d.ping,
			MaxReadFrameSize: 64 << 10,
		},
	}
	t.Protocols.SetHTTP1(o.HTTP != HTTP2)
	t.Protocols.SetHTTP2(o.HTTP != HTTP1)
	t.Protocols.SetUnencryptedHTTP2(o.HTTP == HTTP2) // http:// by prior knowledge, RFC 9113 section 3.3
	return t
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
