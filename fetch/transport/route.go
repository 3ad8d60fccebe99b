package transport

import (
	"batchfetch/fetch/dial"
)

// A Route is the proxy of one Target, or none, in place of the proxies that the Transport has for all. It is not
// written to; Targets may share it.
type Route struct {
	proxies *dial.Proxies // nil is no proxy
	key     string        // of its connections in a pool; it has the credentials in it
	header  []byte        // a header line for the proxy where that is asked for whole URLs, or nil
}

// NewRoute returns the Route over a proxy, as curl -x takes it and dial.CheckProxy has checked it; empty is none. Hosts
// of noProxy are connected to without it.
func NewRoute(proxy, noProxy string) *Route {
	r := &Route{proxies: dial.NewProxies(proxy, proxy, noProxy), key: "direct"}
	if p := r.proxies.HTTP(); p != nil {
		r.key, r.header = proxy, proxyHeader(p)
	}
	return r
}

// proxyHeader returns the line with the credentials of a proxy that is asked for whole URLs; nil is none.
func proxyHeader(p *dial.Proxy) []byte {
	if login := p.Authorization(); login != "" {
		return []byte("Proxy-Authorization: " + login + "\r\n")
	}
	return nil
}
