package fetch

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/transport"
)

// cacheKeys makes the cache keys of targets: cache.Requests. It is not written to; any goroutine may use it.
type cacheKeys struct {
	options      *Options
	certificates cache.Sum // hash of the client certificates; zero is none
	trust        string    // which server certificates are accepted: part of the key of an https URL
	proxies      *dial.Proxies
}

// newCacheKeys returns the cacheKeys of a run. It hashes the certificates once.
func newCacheKeys(o *Options) cacheKeys {
	return cacheKeys{options: o, certificates: certificatesKey(o), trust: trustKey(o),
		proxies: dial.NewProxies(o.HTTPProxy, o.HTTPSProxy, o.NoProxy)}
}

// requestOf returns the key of the stored response for a target, given the header that is sent; false where the cache
// is bypassed.
func (k *cacheKeys) requestOf(to *target, header http.Header) (cache.Request, bool) {
	if to.Body != nil || cache.Bypasses(to.Method, header) {
		return cache.Request{}, false
	}
	r := cache.Request{Method: to.Method, URL: cacheURL(to.URL), Via: k.via(to), Who: k.who(to, header), Header: header}
	return r, true
}

// cacheURL returns the normal form of a URL, without userinfo and fragment (RFC 9110 section 4.2.3).
func cacheURL(u *url.URL) string {
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	text := httpurl.Origin(u) + path
	if u.ForceQuery || u.RawQuery != "" {
		text += "?" + u.RawQuery
	}
	return text
}

// via returns what beside the URL decides who responds: a Host header of the user's, a Unix socket, which server
// certificates are accepted, a proxy that may respond for any http:// server, addresses that are not from DNS.
func (k *cacheKeys) via(to *target) string {
	text := strings.Join(to.Header["Host"], ",")
	if socket := k.options.UnixSocket; socket != "" {
		if whole, err := filepath.Abs(socket); err == nil { // a relative path means another socket elsewhere
			socket = whole
		}
		text += " unix:" + socket
	}
	if to.URL.Scheme == "https" {
		text += k.trust
	}
	if to.Route != nil { // a line has a proxy of its own for what that has to do with the response
		text += " route:" + dial.ProxyName(to.options.HTTPProxy)
	} else if proxy := k.proxies.ForURL(to.URL); proxy != nil && to.URL.Scheme != "https" {
		text += " proxy:" + proxy.String()
	}
	for _, override := range k.options.Resolve {
		text += " " + override.Host
		for _, a := range override.Addrs {
			text += " " + a.String()
		}
	}
	return strings.ReplaceAll(text, "\n", " ")
}

// who returns a hash of the credentials that a response may depend on: the client certificates and any header of the
// user's, but for those that only describe the client or this one exchange. Zero is none: a response for everybody.
// Package cache handles Vary.
func (k *cacheKeys) who(to *target, header http.Header) cache.Sum {
	var names []string
	for name := range header {
		if !isDescriptive(name, header[name]) {
			names = append(names, name)
		}
	}
	certificates := k.certificates
	if to.URL.Scheme != "https" {
		certificates = cache.Sum{}
	}
	if len(names) == 0 && certificates == (cache.Sum{}) && to.prover == nil {
		return cache.Sum{}
	}
	slices.Sort(names)
	h := sha256.New()
	h.Write(certificates[:])
	for _, name := range names {
		for _, value := range header[name] {
			h.Write([]byte(name + ":" + value + "\n")) // neither name nor value has a line break in it
		}
	}
	if to.prover != nil {
		h.Write([]byte("\n" + to.prover.identity()))
	}
	return cache.Sum(h.Sum(nil))
}

// isDescriptive reports whether a header has no credential in it: it selects another response only where Vary says so.
func isDescriptive(name string, values []string) bool {
	switch name {
	case "Want-Content-Digest", "Want-Repr-Digest", "X-Amz-Checksum-Mode", "User-Agent", "Accept-Encoding",
		"Cache-Control", "Pragma", "Host", "Connection", "Priority", "Traceparent", "Tracestate", "X-Request-Id",
		"X-Correlation-Id":
		return true
	case "Accept":
		return len(values) == 1 && values[0] == "*/*" // the default, not the user's
	}
	return false
}

// newAlternatives returns where a run keeps which places serve origins over HTTP/3, for runs that accept the same
// certificates and have the same addresses given; nil keeps nothing.
func newAlternatives(o *Options) transport.AltStore {
	if o.Cache == nil || o.HTTP != transport.Auto {
		return nil
	}
	return newAltStore(o.Cache, trustKey(o)+fmt.Sprint(o.Resolve))
}

// trustKey returns a text that differs between runs that do not accept the same server certificates: one that verifies
// them must not use what one that does not has stored. Empty is the system's roots.
func trustKey(o *Options) string {
	switch {
	case o.TLS == nil:
		return ""
	case o.TLS.InsecureSkipVerify:
		return " unchecked"
	case o.TLS.RootCAs == nil:
		return ""
	}
	h := sha256.New()
	//lint:ignore SA1019 the system's roots are not needed
	for _, name := range o.TLS.RootCAs.Subjects() {
		h.Write(name)
	}
	return " roots:" + hex.EncodeToString(h.Sum(nil)[:8])
}

// certificatesKey returns a hash of the client certificates (Options.TLS); zero is none.
func certificatesKey(o *Options) cache.Sum {
	if o.TLS == nil || len(o.TLS.Certificates) == 0 {
		return cache.Sum{}
	}
	h := sha256.New()
	for _, c := range o.TLS.Certificates {
		for _, der := range c.Certificate {
			h.Write(der)
		}
	}
	return cache.Sum(h.Sum(nil))
}
