package transport

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"batchfetch/fetch/dial"
)

// A Target is the request of one exchange, and where it goes.
type Target struct {
	URL        *url.URL
	Origin     string // of URL, scheme://host:port without a default port (RFC 6454 section 4): the key of connections
	Method     string
	Header     http.Header // as the user gave it: shared, and not written to; Call.Header is what is sent
	Body       []byte      // nil is no body
	PublicOnly bool        // only a public address may be connected to: a public page named the URL

	Route   *Route         // nil: that of the Transport's proxies
	Timeout *time.Duration // of the exchange, in place of that which dial.Config.Timeouts has for its dial; nil is none
}

// isReplayable reports whether the request may be sent twice: the method is safe (RFC 9110 section 9.2.1, and IANA's
// registry of methods), or the user has given an idempotency key (draft-ietf-httpapi-idempotency-key-header).
func (t *Target) isReplayable() bool {
	switch t.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, "PROPFIND", "REPORT", "SEARCH", "QUERY":
		return true
	}
	return len(t.Header["Idempotency-Key"]) > 0 || len(t.Header["X-Idempotency-Key"]) > 0
}

// EchoesRequest reports whether a response to that method repeats the request, so that its header may have no
// credentials (RFC 9110 section 9.3.8). There are servers that take methods in any case of letters.
func EchoesRequest(method string) bool { return strings.EqualFold(method, http.MethodTrace) }

// HostHeader returns the Host header that is sent: the user's, or that of the URL.
func (t *Target) HostHeader() string {
	if own := t.Header["Host"]; len(own) > 0 {
		return own[0]
	}
	return t.URL.Host
}

// proxyFor returns the proxy for a Target: that of its Route, else that of run; nil is no proxy.
func (to *Target) proxyFor(run *dial.Proxies) *dial.Proxy {
	if to.Route != nil {
		run = to.Route.proxies
	}
	return run.ForURL(to.URL)
}

// dialerFor returns the Dialer for a Target: d, with the proxies and the limit of time of the Target in place of its
// own.
func dialerFor(d *dial.Dialer, to *Target) *dial.Dialer {
	if to.Route == nil && to.Timeout == nil {
		return d
	}
	proxies, timeouts := d.Proxies, d.Timeouts
	if to.Route != nil {
		proxies = to.Route.proxies
	}
	if to.Timeout != nil {
		run := timeouts
		timeouts = func(origin string) (connect, exchange time.Duration) {
			connect, _ = run(origin)
			return connect, *to.Timeout
		}
	}
	return d.With(proxies, timeouts)
}
