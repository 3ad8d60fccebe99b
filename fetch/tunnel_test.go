package fetch

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
	"batchfetch/fetch/transport"
)

// TestProxies: every kind of proxy, for http:// and https://, is asked as its kind is, and hides nothing of what is behind it.
func TestProxies(t *testing.T) {
	for _, tt := range []struct {
		scheme string
		with   func(*Options)
		asked  []string // of the proxy, for a plain and a secure page twice, sorted
		plain  string   // the protocol of the plain page
	}{
		{scheme: "http", asked: []string{"CONNECT example.com:443", "GET http://outside.test/a", "GET http://outside.test/b"}, plain: "HTTP/1.1"},
		{scheme: "https", asked: []string{"CONNECT example.com:443", "GET http://outside.test/a", "GET http://outside.test/b"}, plain: "HTTP/1.1"},
		{scheme: "http", with: func(o *Options) { o.HTTP = transport.HTTP2 }, asked: []string{"CONNECT example.com:443", "CONNECT outside.test:80"}, plain: "HTTP/2.0"},
		{scheme: "socks5h", asked: []string{"socks example.com:443", "socks outside.test:80"}, plain: "HTTP/1.1"},
		{scheme: "socks5", asked: []string{"socks 127.0.0.2:80", "socks 192.0.2.1:443"}, plain: "HTTP/1.1"},
		{scheme: "socks5", with: func(o *Options) { o.IPv4 = true }, asked: []string{"socks 127.0.0.2:80", "socks 192.0.2.1:443"}, plain: "HTTP/1.1"},
	} {
		t.Run(tt.scheme, func(t *testing.T) {
			page := func(w http.ResponseWriter, r *http.Request) {
				_, _ = fmt.Fprint(w, r.Host, r.Header["Proxy-Authorization"], r.Header["User-Agent"])
			}
			m := &middle{user: "us er:s3cret", plain: strings.TrimPrefix(plainBoth(t, page), "http://")}
			secure, o := secured(t, true, page)
			m.secure = strings.TrimPrefix(secure, "https://")
			addr := m.start(t, tt.scheme)
			o.HTTPProxy = tt.scheme + "://us%20er:s3cret@" + addr
			o.HTTPSProxy, o.KeepTiming = o.HTTPProxy, true
			if tt.with != nil {
				tt.with(&o)
			}
			names := map[string][][]string{"outside.test": {{"127.0.0.2"}}, "example.com": {{"192.0.2.1"}}}
			shelf := along(t, o, publicly(t, names), "http://outside.test/a", "https://example.com/a", "http://outside.test/b", "https://example.com/b")
			if got := strings.Split(m.log(), " | "); !slices.Equal(slices.Sorted(slices.Values(got)), tt.asked) {
				t.Errorf("the proxy was asked %q", got)
			}
			asked := map[string]int{} // of each host, in the order of the plan's choice
			for i, r := range shelf.records {
				if r.Failure != nil {
					t.Fatal(r.Failure)
				}
				host, protocol, secure := "outside.test", tt.plain, strings.HasPrefix(r.Request.URL, "https:")
				if secure {
					host, protocol = "example.com", "HTTP/2.0"
				}
				if shelf.bodies[i] != host+"[] [batchfetch]" || r.Protocol != protocol || r.RemoteAddr != addr {
					t.Errorf("%d: %q over %s from %s", i, shelf.bodies[i], r.Protocol, r.RemoteAddr)
				}
				asked[host]++
				if fresh := asked[host] == 1; fresh != (r.Timing.Connect > 0) || (fresh && secure) != (r.Timing.TLS > 0) || r.Timing.FirstByte <= 0 {
					t.Errorf("%d: took %+v", i, r.Timing)
				}
			}
		})
	}
}

// plainBoth is a server that speaks HTTP/1.1 and HTTP/2 without TLS.
func plainBoth(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// TestForwardedHost: a proxy is asked for the host that the URL names, whatever the Host header says.
func TestForwardedHost(t *testing.T) {
	for page, want := range map[string]string{"http://a.test/b%2Fc?d=e": "http://a.test/b%2Fc?d=e", "http://a.test": "http://a.test/", "http://a.test:81?q": "http://a.test:81/?q"} {
		heard := make(chan string, 1)
		url := nettest.Talk(t, func(c *net.TCPConn) { heard <- listen(c); nettest.Say(c, "HTTP/1.1 204 No Content\r\n\r\n") })
		o := quick(func(o *Options) { o.HTTPProxy, o.Header = url, http.Header{"Host": {"inside.test"}} })
		if r, _ := one(t, page, o); r.Failure != nil {
			t.Fatal(r.Failure)
		}
		if got := <-heard; !strings.HasPrefix(got, "GET "+want+" HTTP/1.1\nHost: inside.test\n") {
			t.Errorf("%s: asked\n%s", page, got)
		}
	}
}

// TestProxiesThatFail: the failure names the proxy and the step, and never its password.
func TestProxiesThatFail(t *testing.T) {
	says := func(text string) func(*net.TCPConn) {
		return func(c *net.TCPConn) { nettest.ReadRequest(c); nettest.Say(c, text) }
	}
	for _, tt := range []struct {
		name, scheme string
		says         func(*net.TCPConn)
		url          string // of the page; "" is https://a.test/
		want         failure.Kind
		text         string // ~ stands for the proxy's host:port
	}{
		{"wants another password", "http", says("HTTP/1.1 407 s3cret\r\n\r\n"), "", failure.Connect, "proxy http://~: CONNECT a.test:443: 407 Proxy Authentication Required"},
		{"has no way", "http", says("HTTP/1.1 502 No\r\nContent-Length: 5\r\n\r\nnever"), "", failure.Connect, "proxy http://~: CONNECT a.test:443: 502 Bad Gateway"},
		{"redirects", "http", says("HTTP/1.1 302 Go\r\nLocation: http://b.test\r\n\r\n"), "", failure.Connect, "proxy http://~: CONNECT a.test:443: 302 Found"},
		{"hangs up", "http", says(""), "", failure.Connect, "proxy http://~: CONNECT a.test:443: it closed the connection without an answer"},
		{"hangs up in its answer", "http", says("HTTP/1.1 200 O"), "", failure.Connect, "proxy http://~: CONNECT a.test:443: it closed the connection without an answer"},
		{"resets", "http", func(c *net.TCPConn) { nettest.ReadRequest(c); nettest.ResetOnClose(c) }, "", failure.Connect, "proxy http://~: CONNECT a.test:443: it reset the connection"},
		{"speaks something else", "http", says("SSH-2.0-x\r\n\r\n"), "", failure.Protocol, "proxy http://~: CONNECT a.test:443: not a valid HTTP answer: malformed HTTP response"},
		{"repeats a secret", "http", says("HTTP/1.1 200 OK\r\nProxy-Authorization: s3cret\x01\r\n\r\n"), "", failure.Protocol, "proxy http://~: CONNECT a.test:443: not a valid HTTP answer: malformed MIME header line"},
		{"forbids it", "http", says("HTTP/1.1 403 No\r\n\r\n"), "", failure.Connect, "proxy http://~: CONNECT a.test:443: 403 Forbidden"},
		{"says too much", "http", says("HTTP/1.1 200 OK\r\n\r\nand more"), "", failure.Protocol, "proxy http://~: CONNECT a.test:443: it sent more than an answer"},
		{"never comes to it", "http", says(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 9)), "", failure.Protocol, "proxy http://~: CONNECT a.test:443: no answer after 5 interim ones"},
		{"has no end of headers", "http", func(c *net.TCPConn) {
			nettest.ReadRequest(c)
			nettest.Say(c, "HTTP/1.1 200 OK\r\nX: ")
			_, _ = io.Copy(c, &longBody{left: 1 << 20})
		}, "", failure.TooLarge, "proxy http://~: CONNECT a.test:443: the header is over 256 KiB"},
		{"says nothing", "http", func(c *net.TCPConn) { nettest.AwaitClose(c) }, "", failure.Timeout, "proxy http://~: CONNECT a.test:443: connect-timeout 300ms met; not yet connected"},
		{"no HTTP over SOCKS", "socks5h", func(c *net.TCPConn) { nettest.Say(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); nettest.AwaitClose(c) }, "", failure.Connect, "proxy socks5h://~: asking for a.test:443: unexpected protocol version 72"},
		{"SOCKS that says nothing", "socks5h", func(c *net.TCPConn) { nettest.AwaitClose(c) }, "", failure.Timeout, "proxy socks5h://~: asking for a.test:443: connect-timeout 300ms met; not yet connected"},
		{"no TLS over https", "https", says("HTTP/1.1 400 Bad Request\r\n\r\n"), "http://a.test/", failure.TLS, "proxy https://~: tls: 127.0.0.1 does not speak TLS on this port"},
		{"a forward that is refused", "http", says("HTTP/1.1 407 s3cret\r\nContent-Length: 0\r\n\r\n"), "http://a.test/", failure.BadStatus, "proxy http://~: 407 Proxy Authentication Required"},
		{"a forward that is dropped", "http", says(""), "http://a.test/", failure.Truncated, "over proxy http://~: the connection closed before a whole answer; connected, no answer had arrived"},
		{"a forward that is cut", "http", says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), "http://a.test/", failure.Truncated, "over proxy http://~: the connection closed before a whole answer; 200 OK and 4 bytes of its body had arrived"},
		{"a forward over something else", "http", says("SSH-2.0-x\r\n\r\n"), "http://a.test/", failure.Protocol, "over proxy http://~: not a valid HTTP answer: it does not begin with HTTP/; connected, no answer had arrived"},
		{"a forward that stalls", "http", func(c *net.TCPConn) { nettest.AwaitClose(c) }, "http://a.test/", failure.Stalled, "over proxy http://~: stall-timeout 400ms met; connected, no answer had arrived"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := strings.TrimPrefix(nettest.Talk(t, tt.says), "http://")
			page := tt.url
			if page == "" {
				page = "https://a.test/"
			}
			o := quick(func(o *Options) {
				o.HTTPProxy, o.ConnectTimeout, o.StallTimeout = tt.scheme+"://user:s3cret@"+addr, 300*time.Millisecond, 400*time.Millisecond
				o.HTTPSProxy = o.HTTPProxy
			})
			r, _ := one(t, page, o)
			if kindOf(r) != tt.want || r.Failure.Error() != strings.ReplaceAll(tt.text, "~", addr) {
				t.Errorf("got %s: %v", kindOf(r), r.Failure)
			}
		})
	}
}

// TestProxiesOutOfReach: it is the connection that failed, not the host's name.
func TestProxiesOutOfReach(t *testing.T) {
	for _, scheme := range []string{"http", "https", "socks5h"} {
		for _, page := range []string{"http://a.test/", "https://a.test/"} {
			for host, want := range map[string]string{
				"127.0.0.1:1":    "proxy %s://127.0.0.1:1: connecting to 127.0.0.1:1: connection refused",
				"missing.test:1": "proxy %s://missing.test:1: no address found for missing.test",
			} {
				o := quick(func(o *Options) { o.HTTPProxy = scheme + "://user:s3cret@" + host; o.HTTPSProxy = o.HTTPProxy })
				r := along(t, o, publicly(t, nil), page).records[0]
				if kindOf(r) != failure.Connect || r.Failure.Error() != fmt.Sprintf(want, scheme) {
					t.Errorf("%s over %s: got %s: %v", page, scheme, kindOf(r), r.Failure)
				}
			}
		}
	}
}

// TestTLSThroughProxies: what is wrong behind a proxy is told as it is without one, and what is wrong with the proxy's own
// certificate is told of the proxy; -k is not meant for it.
func TestTLSThroughProxies(t *testing.T) {
	secure, o := secured(t, true, hello)
	m := &middle{secure: strings.TrimPrefix(secure, "https://")}
	for _, scheme := range []string{"http", "https", "socks5h"} {
		o.HTTPSProxy = scheme + "://" + m.start(t, scheme)
		if r := along(t, o, publicly(t, nil), "https://a.test/").records[0]; kindOf(r) != failure.TLS || r.Failure.Error() != "tls: certificate for example.com, *.example.com, 127.0.0.1, …, not a.test" {
			t.Errorf("%s: got %s: %v", scheme, kindOf(r), r.Failure)
		}
	}
	addr := m.start(t, "https")
	for _, insecure := range []bool{false, true} {
		o := quick(func(o *Options) { o.HTTPSProxy = "https://" + addr })
		o.TLS = &tls.Config{InsecureSkipVerify: insecure}
		if r, _ := one(t, "https://a.test/", o); kindOf(r) != failure.TLS || r.Failure.Error() != "proxy https://"+addr+": tls: certificate of 127.0.0.1 is signed by an unknown authority" {
			t.Errorf("insecure %t: got %s: %v", insecure, kindOf(r), r.Failure)
		}
	}
}

// TestSOCKSWithoutTheRightPassword: is told without it.
func TestSOCKSWithoutTheRightPassword(t *testing.T) {
	m := &middle{user: "user:other"}
	o := quick(func(o *Options) { o.HTTPProxy = "socks5h://user:s3cret@" + m.start(t, "socks5h") })
	r, _ := one(t, "http://a.test/", o)
	if says := fmt.Sprint(r.Failure); kindOf(r) != failure.Connect || !strings.HasSuffix(says, ": asking for a.test:80: username/password authentication failed") || strings.Contains(says, "s3cret") {
		t.Errorf("got %s: %s", kindOf(r), says)
	}
}

// TestStallBehindProxy: what moves over a tunnel is counted as it is without one.
func TestStallBehindProxy(t *testing.T) {
	hangs := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	secure, o := secured(t, false, hangs)
	m := &middle{plain: strings.TrimPrefix(serve(t, hangs), "http://"), secure: strings.TrimPrefix(secure, "https://")}
	for _, scheme := range []string{"http", "https", "socks5h"} {
		o.HTTPProxy, o.StallTimeout = scheme+"://"+m.start(t, scheme), 200*time.Millisecond
		o.HTTPSProxy = o.HTTPProxy
		if got := along(t, o, publicly(t, nil), "http://a.test/", "https://example.com/").kinds(); got != "stalled stalled" {
			t.Errorf("%s: %s", scheme, got)
		}
	}
}

// TestPrivateBehindProxy: of a redirect only what it spells out can be seen, and that is.
func TestPrivateBehindProxy(t *testing.T) {
	pages := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
		}
	})
	secure, _ := secured(t, true, hello)
	m := &middle{plain: strings.TrimPrefix(pages, "http://"), secure: strings.TrimPrefix(secure, "https://")}
	for _, scheme := range []string{"http", "socks5h"} {
		o := quick(func(o *Options) {
			o.HTTPProxy = scheme + "://" + m.start(t, scheme)
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
			got := along(t, o, publicly(t, privacyNames), "http://"+tt.from+"/?to="+url.QueryEscape(tt.to)).kinds()
			if got != tt.want {
				t.Errorf("%s: %s to %s: %s", scheme, tt.from, tt.to, got)
			}
		}
	}
	o := quick(func(o *Options) { o.HTTPSProxy, o.Private = "http://p.test", dial.PrivateDeny })
	if err := o.Validate(); err == nil || !strings.Contains(err.Error(), "--private is deny, which can't be enforced behind a proxy") {
		t.Errorf("deny behind a proxy: %v", err)
	}
}
