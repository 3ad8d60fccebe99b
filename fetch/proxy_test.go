package fetch

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/transport"
)

// TestProxies checks for every kind of proxy what it is asked for, and that responses over it are complete.
func TestProxies(t *testing.T) {
	for _, tt := range []struct {
		scheme   string
		with     func(*Options)
		requests []string // of the proxy, for a plain and a secure page twice, sorted
		plain    string   // the protocol of the plain page
	}{
		{scheme: "http", requests: []string{"CONNECT example.com:443", "GET http://outside.test/a",
			"GET http://outside.test/b"}, plain: "HTTP/1.1"},
		{scheme: "https", requests: []string{"CONNECT example.com:443", "GET http://outside.test/a",
			"GET http://outside.test/b"}, plain: "HTTP/1.1"},
		{scheme: "http", with: func(o *Options) { o.HTTP = transport.HTTP2 },
			requests: []string{"CONNECT example.com:443", "CONNECT outside.test:80"}, plain: "HTTP/2.0"},
		{scheme: "socks5h", requests: []string{"socks example.com:443", "socks outside.test:80"}, plain: "HTTP/1.1"},
		{scheme: "socks5", requests: []string{"socks 127.0.0.2:80", "socks 192.0.2.1:443"}, plain: "HTTP/1.1"},
		{scheme: "socks5", with: func(o *Options) { o.IPv4 = true },
			requests: []string{"socks 127.0.0.2:80", "socks 192.0.2.1:443"}, plain: "HTTP/1.1"},
	} {
		for _, ofLine := range []bool{false, true} {
			name := tt.scheme
			if ofLine {
				name += " of each line"
			}
			t.Run(name, func(t *testing.T) { testProxy(t, tt.scheme, tt.with, ofLine, tt.requests, tt.plain) })
		}
	}
}

// withProxy returns lines with a proxy of their own.
func withProxy(proxy string, urls ...string) (lines []string) {
	for _, u := range urls {
		lines = append(lines, fmt.Sprintf(`{"url":%q,"proxy":%q}`, u, proxy))
	}
	return lines
}

// testProxy is TestProxies for one kind of proxy, which is that of the run or, ofLine, of each Request.
func testProxy(t *testing.T, scheme string, with func(*Options), ofLine bool, asked []string, plain string) {
	page := func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, r.Host, r.Header["Proxy-Authorization"], r.Header["User-Agent"])
	}
	proxy := &proxyServer{user: "us er:s3cret", plain: strings.TrimPrefix(startCleartextServer(t, page), "http://")}
	secure, o := startTLSServer(t, true, page)
	proxy.secure = strings.TrimPrefix(secure, "https://")
	addr := proxy.start(t, scheme)
	o.HTTPProxy = scheme + "://us%20er:s3cret@" + addr
	o.HTTPSProxy, o.KeepTiming = o.HTTPProxy, true
	if with != nil {
		with(&o)
	}
	lines := []string{"http://outside.test/a", "https://example.com/a", "http://outside.test/b", "https://example.com/b"}
	if ofLine {
		lines = withProxy(o.HTTPProxy, lines...)
		o.HTTPProxy, o.HTTPSProxy = "http://127.0.0.1:1", "" // no line goes there
	}
	names := map[string][][]string{"outside.test": {{"127.0.0.2"}}, "example.com": {{"192.0.2.1"}}}
	sink := runIn(t, o, testNetwork(t, names), lines...)
	if got := strings.Split(proxy.takeRequests(), " | "); !slices.Equal(slices.Sorted(slices.Values(got)), asked) {
		t.Errorf("the proxy was asked %q", got)
	}
	requests := map[string]int{} // Records of each host so far; the plan chooses their order
	for i, r := range sink.records {
		if r.Failure != nil {
			t.Fatal(r.Failure)
		}
		host, protocol, secure := "outside.test", plain, strings.HasPrefix(r.Request.URL, "https:")
		if secure {
			host, protocol = "example.com", "HTTP/2.0"
		}
		if sink.bodies[i] != host+"[] [batchfetch]" || r.Protocol != protocol || r.RemoteAddr != addr {
			t.Errorf("%d: %q over %s from %s", i, sink.bodies[i], r.Protocol, r.RemoteAddr)
		}
		requests[host]++
		if fresh := requests[host] == 1; fresh != (r.Timing.Connect > 0) || (fresh && secure) != (r.Timing.TLS > 0) ||
			r.Timing.FirstByte <= 0 {
			t.Errorf("%d: took %+v", i, r.Timing)
		}
	}
}

// TestPrivateBehindProxy checks that behind a proxy, where names are not resolved, redirects to literal private
// addresses are blocked.
func TestPrivateBehindProxy(t *testing.T) {
	pages := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
		}
	})
	secure, _ := startTLSServer(t, true, respondProtocol)
	proxy := &proxyServer{plain: strings.TrimPrefix(pages, "http://"), secure: strings.TrimPrefix(secure, "https://")}
	for _, scheme := range []string{"http", "socks5h"} {
		o := noRetryOptions(func(o *Options) {
			o.HTTPProxy = scheme + "://" + proxy.start(t, scheme)
			o.NoProxy = "inside.test,127.0.0.0/8"
		})
		for _, tt := range []struct{ from, to, want string }{
			{"a.test", "http://b.test/", "ok"},
			{"a.test", "http://10.0.0.1/", "blocked_address"},
			{"a.test", "http://0xa.1/", "blocked_address"},
			{"a.test", "http://x.localhost/", "blocked_address"},
			{"a.test", "http://[::ffff:10.0.0.1]/", "blocked_address"},
			{"10.0.0.1", "http://10.0.0.2/", "ok"},
			{"10.0.0.1", "http://b.test/", "ok"},
			{"a.test", strings.Replace(pages, "127.0.0.1", "inside.test", 1), "blocked_address"},
			{"a.test", pages, "blocked_address"},
		} {
			from := "http://" + tt.from + "/?to=" + url.QueryEscape(tt.to)
			if got := runIn(t, o, testNetwork(t, twoHostNames), from).kinds(); got != tt.want {
				t.Errorf("%s: %s to %s: %s", scheme, tt.from, tt.to, got)
			}
			ofLine := noRetryOptions(func(own *Options) { own.NoProxy = o.NoProxy })
			lines := withProxy(o.HTTPProxy, from)
			if got := runIn(t, ofLine, testNetwork(t, twoHostNames), lines...).kinds(); got != tt.want {
				t.Errorf("%s of the line: %s to %s: %s", scheme, tt.from, tt.to, got)
			}
		}
	}
	o := noRetryOptions(func(o *Options) { o.HTTPSProxy, o.Private = "http://p.test", dial.PrivateDeny })
	if err := o.Validate(); err == nil || !strings.Contains(err.Error(),
		"--private is deny, which can't be enforced behind a proxy") {
		t.Errorf("deny behind a proxy: %v", err)
	}
}
