package transport

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// TestVersionNotSpoken: where a server does not speak the one version of HTTP that is asked for, the failure says so
// and names the option, however the server shows it.
func TestVersionNotSpoken(t *testing.T) {
	form := httptest.NewUnstartedServer(nil)
	form.StartTLS()
	form.Close()
	over := func(protocols ...string) string {
		url := nettest.Talk(t, func(c *net.TCPConn) {
			server := tls.Server(c, &tls.Config{Certificates: form.TLS.Certificates, NextProtos: protocols})
			_ = server.Handshake()
			nettest.AwaitClose(server)
		})
		return strings.Replace(url, "http:", "https:", 1)
	}
	plain := func(says string) string {
		return nettest.Talk(t, func(c *net.TCPConn) { nettest.Say(c, says); _ = c.CloseWrite(); nettest.AwaitClose(c) })
	}
	const noHTTP2 = "127.0.0.1 does not speak HTTP/2"
	for _, tt := range []struct {
		name    string
		url     string
		version Version
		text    string
	}{
		{"HTTP/1.1 over TLS", over("http/1.1"), HTTP2, noHTTP2},
		{"TLS without ALPN", over(), HTTP2, noHTTP2},
		{"HTTP/1.1 without TLS", plain("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), HTTP2, noHTTP2},
		{"words without TLS", plain("<html>no</html>"), HTTP2, noHTTP2},
		{"another protocol over TLS", over("other"), HTTP1, "127.0.0.1 does not speak HTTP/1.1"},
		{"neither", over("h3"), Auto, "127.0.0.1 does not speak HTTP/2 or HTTP/1.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := testConfig()
			config.HTTP = tt.version
			transport := New(config)
			defer transport.Close()
			ctx, call := startCall(t, testTarget(t, http.MethodGet, tt.url, nil))
			_, err := transport.RoundTrip(ctx, call)
			if err == nil {
				t.Fatal("a response")
			}
			f := call.Explain(ctx, err, 0, 0)
			if says, _, _ := strings.Cut(f.Error(), ";"); f.Kind != failure.Protocol || says != tt.text || f.Option != "http" {
				t.Errorf("got %s: %v, option %q", f.Kind, f, f.Option)
			}
		})
	}
}

// TestNotSpokenBeforeTheExchange: the failure is the same where what the server says has been read, and the connection
// has ended, before the exchange has begun.
func TestNotSpokenBeforeTheExchange(t *testing.T) {
	for _, says := range []string{"HTTP/1.1 400 Bad Request\r\n\r\n", "no\r\n"} {
		t.Run(says, func(t *testing.T) {
			config := testConfig()
			config.HTTP = HTTP2
			transport := New(config)
			defer transport.Close()
			to := testTarget(t, http.MethodGet, nettest.Talk(t, func(c *net.TCPConn) {
				nettest.Say(c, says)
				_ = c.CloseWrite()
				nettest.AwaitClose(c)
			}), nil)
			ctx, call := startCall(t, to)
			p := transport.direct.(*pool)
			var err error
			for again := true; again; {
				s := p.newShared(p.hostOf(to), p.dial(ctx, to).h2)
				<-s.over.Done()
				_, again, err = p.roundTripShared(ctx, s, call)
			}
			f := call.Explain(ctx, err, 0, 0)
			text, _, _ := strings.Cut(f.Error(), ";")
			if f.Kind != failure.Protocol || text != "127.0.0.1 does not speak HTTP/2" {
				t.Errorf("got %s: %v", f.Kind, f)
			}
		})
	}
}
