package fetch

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// TestProxiesThatFail checks that a failure names the proxy and the step, and never the password.
func TestProxiesThatFail(t *testing.T) {
	t.Parallel()
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
		{"wants another password", "http", says("HTTP/1.1 407 s3cret\r\n\r\n"), "", failure.Connect,
			"proxy http://~: CONNECT a.test:443: 407 Proxy Authentication Required"},
		{"has no way", "http", says("HTTP/1.1 502 No\r\nContent-Length: 5\r\n\r\nnever"), "", failure.Connect,
			"proxy http://~: CONNECT a.test:443: 502 Bad Gateway"},
		{"redirects", "http", says("HTTP/1.1 302 Go\r\nLocation: http://b.test\r\n\r\n"), "", failure.Connect,
			"proxy http://~: CONNECT a.test:443: 302 Found"},
		{"closes", "http", says(""), "", failure.Connect,
			"proxy http://~: CONNECT a.test:443: it closed the connection without an answer"},
		{"closes within its response", "http", says("HTTP/1.1 200 O"), "", failure.Connect,
			"proxy http://~: CONNECT a.test:443: it closed the connection without an answer"},
		{"resets", "http", func(c *net.TCPConn) { nettest.ReadRequest(c); nettest.ResetOnClose(c) }, "", failure.Connect,
			"proxy http://~: CONNECT a.test:443: it reset the connection"},
		{"speaks something else", "http", says("SSH-2.0-x\r\n\r\n"), "", failure.Protocol,
			"proxy http://~: CONNECT a.test:443: not a valid HTTP answer: malformed HTTP response"},
		{"speaks TLS", "http", says("\x15\x03\x01\x00\x02\x02\x46"), "", failure.Protocol,
			"proxy http://~: CONNECT a.test:443: not a valid HTTP answer: " +
				"it speaks TLS on this port, for which the URL is https://"},
		{"repeats a secret", "http", says("HTTP/1.1 200 OK\r\nProxy-Authorization: s3cret\x01\r\n\r\n"), "", failure.Protocol,
			"proxy http://~: CONNECT a.test:443: not a valid HTTP answer: malformed MIME header line"},
		{"forbids it", "http", says("HTTP/1.1 403 No\r\n\r\n"), "", failure.Connect,
			"proxy http://~: CONNECT a.test:443: 403 Forbidden"},
		{"says too much", "http", says("HTTP/1.1 200 OK\r\n\r\nand more"), "", failure.Protocol,
			"proxy http://~: CONNECT a.test:443: it sent more than an answer"},
		{"never comes to it", "http", says(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 9)), "", failure.Protocol,
			"proxy http://~: CONNECT a.test:443: no answer after 5 interim ones"},
		{"has no end of headers", "http", func(c *net.TCPConn) {
			nettest.ReadRequest(c)
			nettest.Say(c, "HTTP/1.1 200 OK\r\nX: ")
			_, _ = io.Copy(c, &longBody{left: 1 << 20})
		}, "", failure.TooLarge, "proxy http://~: CONNECT a.test:443: the header is over 256 KiB"},
		{"says nothing", "http", func(c *net.TCPConn) { nettest.AwaitClose(c) }, "", failure.Timeout,
			"proxy http://~: CONNECT a.test:443: not done within 5s (--connect-timeout); not yet connected"},
		{"no HTTP over SOCKS", "socks5h", func(c *net.TCPConn) {
			nettest.Say(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			nettest.AwaitClose(c)
		}, "", failure.Connect, "proxy socks5h://~: asking for a.test:443: unexpected protocol version 72"},
		{"SOCKS that says nothing", "socks5h", func(c *net.TCPConn) { nettest.AwaitClose(c) }, "", failure.Timeout,
			"proxy socks5h://~: asking for a.test:443: not done within 5s (--connect-timeout); not yet connected"},
		{"SOCKS that refuses the password", "socks5h", func(c *net.TCPConn) {
			nettest.Say(c, "\x05\x02\x01\x01")
			nettest.AwaitClose(c)
		}, "", failure.Connect, "proxy socks5h://~: asking for a.test:443: it refused the user and password"},
		{"SOCKS that wants something else", "socks5h", func(c *net.TCPConn) {
			nettest.Say(c, "\x05\xff")
			nettest.AwaitClose(c)
		}, "", failure.Connect, "proxy socks5h://~: asking for a.test:443: it wants a user and password"},
		{"no TLS over https", "https", says("HTTP/1.1 400 Bad Request\r\n\r\n"), "http://a.test/", failure.TLS,
			"proxy https://~: tls: 127.0.0.1 does not speak TLS on this port"},
		{"a forward that is refused", "http", says("HTTP/1.1 407 s3cret\r\nContent-Length: 0\r\n\r\n"), "http://a.test/",
			failure.BadStatus, "proxy http://~: 407 Proxy Authentication Required"},
		{"a forward that is dropped", "http", says(""), "http://a.test/", failure.Truncated,
			"over proxy http://~: the connection closed before a whole answer; connected, no answer had arrived"},
		{"a forward that is cut", "http", says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), "http://a.test/",
			failure.Truncated,
			"over proxy http://~: the connection closed before a whole answer; 200 OK and 4 bytes of its body had arrived"},
		{"a forward over something else", "http", says("SSH-2.0-x\r\n\r\n"), "http://a.test/", failure.Protocol,
			"over proxy http://~: not a valid HTTP answer: it does not begin with HTTP/; connected, no answer had arrived"},
		{"a forward that stalls", "http", func(c *net.TCPConn) { nettest.AwaitClose(c) }, "http://a.test/", failure.Stalled,
			"over proxy http://~: no data for 5s (--stall-timeout); connected, no answer had arrived"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr := strings.TrimPrefix(nettest.Talk(t, tt.says), "http://")
			page := tt.url
			if page == "" {
				page = "https://a.test/"
			}
			o := noRetryOptions(func(o *Options) {
				o.HTTPProxy = tt.scheme + "://user:s3cret@" + addr
				o.HTTPSProxy, o.ConnectTimeout, o.StallTimeout = o.HTTPProxy, ampleLimit, ampleLimit
			})
			r, _ := runOne(t, page, o)
			if kindOf(r) != tt.want || r.Failure.Error() != strings.ReplaceAll(tt.text, "~", addr) {
				t.Errorf("got %s: %v", kindOf(r), r.Failure)
			}
		})
	}
}

// TestProxiesOutOfReach checks that a proxy that can't be reached is of kind connect, even if its name has no address.
func TestProxiesOutOfReach(t *testing.T) {
	for _, scheme := range []string{"http", "https", "socks5h"} {
		for _, page := range []string{"http://a.test/", "https://a.test/"} {
			for host, want := range map[string]string{
				"127.0.0.1:1":    "proxy %s://127.0.0.1:1: connecting to 127.0.0.1:1: connection refused",
				"missing.test:1": "proxy %s://missing.test:1: no address found for missing.test",
			} {
				o := noRetryOptions(func(o *Options) {
					o.HTTPProxy = scheme + "://user:s3cret@" + host
					o.HTTPSProxy = o.HTTPProxy
				})
				r := runIn(t, o, testNetwork(t, nil), page).records[0]
				if kindOf(r) != failure.Connect || r.Failure.Error() != fmt.Sprintf(want, scheme) {
					t.Errorf("%s over %s: got %s: %v", page, scheme, kindOf(r), r.Failure)
				}
			}
		}
	}
}

// TestTLSThroughProxies checks that a wrong certificate behind a proxy is reported as without one, and the proxy's own
// wrong certificate as the proxy's. -k does not apply to the proxy.
func TestTLSThroughProxies(t *testing.T) {
	secure, o := startTLSServer(t, true, respondProtocol)
	proxy := &proxyServer{secure: strings.TrimPrefix(secure, "https://")}
	for _, scheme := range []string{"http", "https", "socks5h"} {
		o.HTTPSProxy = scheme + "://" + proxy.start(t, scheme)
		if r := runIn(t, o, testNetwork(t, nil), "https://a.test/").records[0]; kindOf(r) != failure.TLS ||
			r.Failure.Error() != "tls: certificate for example.com, *.example.com, 127.0.0.1, …, not a.test" {
			t.Errorf("%s: got %s: %v", scheme, kindOf(r), r.Failure)
		}
	}
	addr := proxy.start(t, "https")
	for _, insecure := range []bool{false, true} {
		o := noRetryOptions(func(o *Options) { o.HTTPSProxy = "https://" + addr })
		o.TLS = &tls.Config{InsecureSkipVerify: insecure}
		if r, _ := runOne(t, "https://a.test/", o); kindOf(r) != failure.TLS || r.Failure.Error() != "proxy https://"+addr+
			": tls: certificate of 127.0.0.1 is self-signed" {
			t.Errorf("insecure %t: got %s: %v", insecure, kindOf(r), r.Failure)
		}
	}
}

// TestSOCKSWithoutTheRightPassword checks that the failure does not repeat the password.
func TestSOCKSWithoutTheRightPassword(t *testing.T) {
	proxy := &proxyServer{user: "user:other"}
	o := noRetryOptions(func(o *Options) { o.HTTPProxy = "socks5h://user:s3cret@" + proxy.start(t, "socks5h") })
	r, _ := runOne(t, "http://a.test/", o)
	if says := fmt.Sprint(r.Failure); kindOf(r) != failure.Connect ||
		!strings.HasSuffix(says, ": asking for a.test:80: it refused the user and password") ||
		strings.Contains(says, "s3cret") {
		t.Errorf("got %s: %s", kindOf(r), says)
	}
}

// TestProxyLoginIsFinal checks that a proxy that refuses the user and password, or the way, is asked once whatever it
// speaks, that its 401 is not taken for the host's, and that other failures of a proxy are retried.
func TestProxyLoginIsFinal(t *testing.T) {
	const retries = 2
	socks := func(replies string) func(*net.TCPConn) {
		return func(c *net.TCPConn) { nettest.Say(c, replies); nettest.AwaitClose(c) }
	}
	whole := func(response string) func(*net.TCPConn) {
		return func(c *net.TCPConn) { nettest.ReadRequest(c); nettest.Say(c, response) }
	}
	says := func(head string) func(*net.TCPConn) { return whole(head + "Content-Length: 0\r\n\r\n") }
	for _, tt := range []struct {
		name, scheme, url string
		says              func(*net.TCPConn)
		attempts          int
		option, text      string
	}{
		{"SOCKS, a wrong password", "socks5h://u:p@", "http://a.test/", socks("\x05\x02\x01\x01"), 1, "proxy",
			"it refused the user and password"},
		{"SOCKS, no password", "socks5h://", "http://a.test/", socks("\x05\xff"), 1, "proxy", "it wants a user and password"},
		{"SOCKS, by its rules", "socks5h://", "http://a.test/",
			socks("\x05\x00\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00"), 1, dial.OptionProxyStep,
			"its rules do not allow that"},
		{"SOCKS, by its rules after a password", "socks5h://u:p@", "http://a.test/",
			socks("\x05\x02\x01\x00\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00"), 1, dial.OptionProxyStep,
			"its rules do not allow that"},
		{"SOCKS, no way there", "socks5h://u:p@", "http://a.test/",
			socks("\x05\x02\x01\x00\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00"), 1 + retries, dial.OptionProxyStep,
			"host unreachable"},
		{"CONNECT, 407", "http://u:p@", "https://a.test/",
			says("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n"), 1, "proxy", "407 Proxy Authentication Required"},
		{"CONNECT, Smokescreen 0.1.0, which takes no login", "http://", "https://a.test/",
			whole("HTTP/1.1 407 Request rejected by proxy\r\nContent-Type: text/plain\r\nContent-Length: 34\r\n\r\n" +
				"Egress proxying is denied\x1b to a\nb\n"), 1, failure.OptionNoLogin,
			"407 Proxy Authentication Required: Egress proxying is denied to a"},
		{"CONNECT, a page of HTML", "http://", "https://a.test/",
			whole("HTTP/1.1 403 No\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\n<p>"), 1, dial.OptionProxyStep,
			"403 Forbidden"},
		{"CONNECT, 401", "http://u:p@", "https://a.test/", says("HTTP/1.0 401 No\r\n"), 1, "proxy", "401 Unauthorized"},
		{"CONNECT, 403", "http://", "https://a.test/", says("HTTP/1.1 403 No\r\n"), 1, dial.OptionProxyStep,
			"403 Forbidden"},
		{"CONNECT, Squid 5.7 with Digest", "http://u:p@", "https://a.test/",
			says("HTTP/1.1 407 No\r\nProxy-Authenticate: Digest realm=\"r\", nonce=\"9f4\", qop=\"auth\"\r\n"), 1,
			failure.OptionOtherLogin, "407 Proxy Authentication Required: it takes a login by Digest, and not by Basic"},
		{"forwarded, Squid with Kerberos and NTLM", "http://u:p@", "http://a.test/",
			says("HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n"), 1,
			failure.OptionOtherLogin, ": it takes a login by Negotiate or NTLM, and not by Basic"},
		{"CONNECT, NTLM or Basic", "http://u:p@", "https://a.test/",
			says("HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM, Basic realm=\"r\"\r\n"), 1, "proxy",
			"407 Proxy Authentication Required"},
		{"forwarded, 407", "http://u:p@", "http://a.test/",
			says("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n"), 1, "proxy",
			"proxy http://~: 407 Proxy Authentication Required"},
		{"forwarded, Smokescreen", "http://", "http://a.test/", says("HTTP/1.1 407 No\r\n"), 1,
			failure.OptionNoLogin, "proxy http://~: 407 Proxy Authentication Required"},
		{"forwarded, tinyproxy's 401", "http://u:p@", "http://a.test/",
			says("HTTP/1.0 401 No\r\nServer: tinyproxy/1.11.1\r\nWWW-Authenticate: Basic realm=\"Tinyproxy\"\r\n"), 1, "proxy",
			"proxy http://~: 401 Unauthorized"},
		{"forwarded, a 401 for the proxy", "http://u:p@", "http://a.test/",
			says("HTTP/1.1 401 No\r\nProxy-Authenticate: Basic\r\n"), 1, "proxy", "proxy http://~: 401 Unauthorized"},
		{"forwarded, the host's 401", "http://u:p@", "http://a.test/",
			says("HTTP/1.1 401 No\r\nServer: nginx\r\nWWW-Authenticate: Basic\r\n"), 1, "", "401 Unauthorized"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := strings.TrimPrefix(nettest.Talk(t, tt.says), "http://")
			var sink recorder
			renewals := 0
			sum, err := Run(t.Context(), linesOf(tt.url, tt.url+"2", tt.url+"3"), &sink, *options(func(o *Options) {
				o.Retries, o.RetryDelay, o.Concurrency = retries, 0, 1
				o.HTTPProxy, o.HTTPSProxy = tt.scheme+addr, tt.scheme+addr
				o.Header = http.Header{"Authorization": {"old"}}
				o.RenewHeader = func(context.Context) (http.Header, bool) { renewals++; return nil, false }
			}))
			if err != nil {
				t.Fatal(err)
			}
			r := sink.records[0]
			text := strings.ReplaceAll(tt.text, "~", addr)
			if r.Attempts != tt.attempts || !strings.HasSuffix(r.Failure.Error(), text) &&
				!strings.Contains(r.Failure.Error(), text+";") || r.Failure.Option != tt.option {
				t.Errorf("got %q, option %q after %d attempts", r.Failure.Error(), r.Failure.Option, r.Attempts)
			}
			isHosts := strings.Contains(tt.name, "the host's")
			if (len(sum.Unauthorized) > 0) != isHosts || (renewals > 0) != isHosts {
				t.Errorf("%d renewals, and %v are said to be unauthorized", renewals, sum.Unauthorized)
			}
		})
	}
}
