package fetch

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/cookiejar"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/transport"
)

// TestKeyedByCredentials checks RFC 9111 sections 4.1 and 3.5, and beyond them that a response is found only with the
// credentials that fetched it.
func TestKeyedByCredentials(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.pages["/x"] = func(r *http.Request) *http.Response {
			who := r.Header.Get("Authorization") + r.Header.Get("Cookie") + r.Header.Get("X-Api-Key")
			return newResponse(200, "for "+who, "Cache-Control", "max-age=60")
		}
		as := func(name, value string) func(*Options) {
			return func(o *Options) { o.Header = http.Header{name: {value}} }
		}
		basic := func(o *Options) { o.Username, o.Password = "u", "p" }
		cookie := func(o *Options) { o.Cookie = "c=d" }
		for _, tt := range []struct {
			who    string
			change func(*Options)
		}{
			{"", nil}, {"a", as("Authorization", "a")}, {"b", as("Authorization", "b")}, {"k", as("X-Api-Key", "k")},
			{"Basic dTpw", basic}, {"c=d", cookie},
		} {
			rig.want(1, "miss 200 for "+tt.who, tt.change, "/x")
			rig.want(0, "hit 200 for "+tt.who, tt.change, "/x")
		}
		rig.want(0, "hit 200 for Basic dTpw", nil, "http://u:p@a.test/x")
		rig.want(0, "hit 200 for c=d; hit 200 for k", nil, `{"url":"http://a.test/x","headers":{"Cookie":"c=d"}}`,
			`{"url":"http://a.test/x","headers":{"X-Api-Key":"k"}}`)
		rig.want(0, "hit 200 for a", func(o *Options) {
			o.UserAgent, o.Header = "another", http.Header{"Authorization": {"a"}, "Traceparent": {"00-1-2-01"}}
		}, "/x")
		for _, name := range rig.entryFiles() {
			if text, err := os.ReadFile(name); err != nil || strings.Contains(string(text), "X-Api-Key") {
				t.Errorf("%s: %q, %v", name, text, err)
			}
		}
	})
}

// TestVary checks RFC 9111 section 4.1: one URL has several stored responses, selected by the headers that Vary names.
func TestVary(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.pages["/x"] = func(r *http.Request) *http.Response {
			return newResponse(200, "in "+r.Header.Get("Accept-Language"), "Cache-Control", "max-age=60",
				"Vary", "Accept-Language, Accept-Encoding")
		}
		in := func(language string) string {
			return fmt.Sprintf(`{"url":"http://a.test/x","headers":{"Accept-Language":%q}}`, language)
		}
		rig.want(1, "miss 200 in de", nil, in("de"))
		rig.want(1, "miss 200 in en", nil, in("en"))
		rig.want(0, "hit 200 in de; hit 200 in en", nil, in("de"), in("en"))
		rig.want(1, "miss 200 in de", func(o *Options) { o.Identity = true }, in("de"))
	})
}

// TestVaryOf304 checks that a response is found again after a 304 that was the first to say Vary, with the tag of a
// compressed body, as hapi 21.4.10 sends it for one that is too short for that. Every second run fetched it anew.
func TestVaryOf304(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.pages["/x"] = func(r *http.Request) *http.Response {
			if r.Header.Get("If-None-Match") == `"x"` {
				return newResponse(304, "", "ETag", `"x-gzip"`, "Vary", "accept-encoding")
			}
			return newResponse(200, "short", "ETag", `"x"`, "Cache-Control", "no-cache")
		}
		rig.want(1, "miss 200 short", nil, "/x")
		for range 3 {
			rig.want(1, "revalidated 200 short", nil, "/x")
		}
	})
}

// TestCookiesBetweenLookupAndExchange checks that a response that was fetched with a cookie set after the lookup is not
// found without that cookie.
func TestCookiesBetweenLookupAndExchange(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/login", 200, "in", "Set-Cookie", "who=ann; Path=/")
		var tries atomic.Int32
		rig.pages["/x"] = func(r *http.Request) *http.Response {
			if r.Header.Get("Cookie") == "" && tries.Add(1) < 3 {
				return newResponse(503, "", "Retry-After", "1") // so that the cookie is set before the retry
			}
			return newResponse(200, "for "+r.Header.Get("Cookie"), "Cache-Control", "max-age=60")
		}
		with := func(o *Options) { o.Jar, o.Retries = cookiejar.New(), 1 }
		// at once, or after a lookup without the cookie
		if got := rig.run(with, "/login", "/x"); got[1] != "miss 200 for who=ann" && got[1] != " 200 for who=ann" {
			t.Errorf("got %q", got)
		}
		rig.pages["/x"] = func(*http.Request) *http.Response { return newResponse(200, "for nobody") }
		rig.want(1, "miss 200 for nobody", nil, "/x")
	})
}

// TestKeyOfCertificateHostAndAddress checks that a client certificate (for https), a Host header, an address given by
// hand and a proxy (for http) are part of the cache key.
func TestKeyOfCertificateHostAndAddress(t *testing.T) {
	ask := func(address string, change func(*Options)) cache.Key {
		o := options(change)
		keys := newCacheKeys(o)
		to, err := newTargeter(o).newTarget(&Request{URL: address})
		if err != nil {
			t.Fatal(err)
		}
		q, ok := keys.requestOf(&to, to.Header)
		if !ok {
			t.Fatal("passed by")
		}
		return cache.Key(sha256.Sum256([]byte(fmt.Sprint(q.Key(), q.Who))))
	}
	certificate := func(o *Options) {
		o.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{{1, 2, 3}}}}} //nolint:gosec // never used
	}
	host := func(o *Options) { o.Header = http.Header{"Host": {"other.test"}} }
	pinned := func(o *Options) {
		o.Resolve = []dial.Override{{Host: "a.test", Port: 443, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}}
	}
	proxy := func(o *Options) { o.HTTPProxy, o.HTTPSProxy = "http://u:p@proxy.test:3128", "socks5://proxy.test" }
	otherProxy := func(o *Options) { o.HTTPSProxy = "http://proxy.test:3128" }
	bypassed := func(o *Options) { o.HTTPProxy, o.NoProxy = "http://proxy.test:3128", "a.test" }
	for _, tt := range []struct {
		name, address string
		change        func(*Options)
		same          bool
	}{
		{"a certificate", "https://a.test/", certificate, false},
		{"a certificate that nobody asks for", "http://a.test/", certificate, true},
		{"a Host header", "http://a.test/", host, false},
		{"an address given by hand", "https://a.test/", pinned, false},
		{"a proxy", "http://a.test/", proxy, false},
		{"a proxy for another scheme", "http://a.test/", otherProxy, true},
		{"a proxy that this host is reached without", "http://a.test/", bypassed, true},
		{"a proxy to a server with a certificate", "https://a.test/", proxy, true},
		{"another agent", "https://a.test/", func(o *Options) { o.UserAgent = "x" }, true},
	} {
		if same := ask(tt.address, nil) == ask(tt.address, tt.change); same != tt.same {
			t.Errorf("%s: the same question: %t", tt.name, same)
		}
	}
}

// TestKeyOfRoute checks that the proxy of a line is part of the cache key, for https too: lines may request one URL
// from several countries. Its password is not, and stands in no key.
func TestKeyOfRoute(t *testing.T) {
	o := options(func(o *Options) { o.HTTPProxy = "http://proxy.test:1" })
	keys, targets := newCacheKeys(o), newTargeter(o)
	ask := func(address string, proxy *string) cache.Request {
		to, err := targets.newTarget(&Request{URL: address, Settings: &RequestSettings{Proxy: proxy}})
		if err != nil {
			t.Fatal(err)
		}
		q, _ := keys.requestOf(&to, to.Header)
		return q
	}
	for _, address := range []string{"http://a.test/", "https://a.test/"} {
		seen := map[string]string{}
		for _, proxy := range []*string{nil, new(""), new("http://proxy.test:2"), new("socks5://proxy.test:2"),
			new("http://de:s3cret@proxy.test:2"), new("http://us:s3cret@proxy.test:2")} {
			q := ask(address, proxy)
			if other, again := seen[q.Via]; again || strings.Contains(q.Via, "s3cret") {
				t.Errorf("%s over %s has the key %s, as %s", address, valueOr(proxy, "none"), q.Via, other)
			}
			seen[q.Via] = valueOr(proxy, "none")
		}
	}
	one, two := ask("http://a.test/", new("u:a@p.test")), ask("http://a.test/", new("u:b@p.test"))
	if one.Via != two.Via {
		t.Errorf("another password has another key: %s and %s", one.Via, two.Via)
	}
}

// TestKeyOfCertificateChecks checks that the way in which certificates are verified is part of the cache key, so that a
// run that verifies them uses no response of an unverified server.
func TestKeyOfCertificateChecks(t *testing.T) {
	to := &target{Target: transport.Target{URL: &url.URL{Scheme: "https", Host: "a.test"}}}
	via := func(c *tls.Config) string {
		o := options(func(o *Options) { o.TLS = c })
		keys := newCacheKeys(o)
		return keys.via(to)
	}
	pool := x509.NewCertPool()
	pool.AddCert(&x509.Certificate{Raw: []byte("a"), RawSubject: []byte("a")})
	seen := map[string]bool{}
	for _, c := range []*tls.Config{nil, {InsecureSkipVerify: true}, {RootCAs: pool}} {
		seen[via(c)] = true
	}
	if len(seen) != 3 {
		t.Errorf("different keys: %v", seen)
	}
}
