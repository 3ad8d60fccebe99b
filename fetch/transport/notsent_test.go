package transport

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"batchfetch/fetch/nettest"
)

// TestNotSent: where there is no connection for a request, any method may be sent again: the server has not seen it.
// That is not so once it was sent over a connection that has died.
func TestNotSent(t *testing.T) {
	refused := "http://" + closedPort(t) + "/"
	notTLS := strings.Replace(nettest.Talk(t, func(*net.TCPConn) {}), "http:", "https:", 1)
	died := newTestServer(t, func(*net.TCPConn, int, *http.Request) bool { return false }).url
	for _, tt := range []struct {
		name, url string
		version   Version
		notSent   bool
	}{
		{"the connection is refused", refused, Auto, true},
		{"refused over TLS", strings.Replace(refused, "http:", "https:", 1), Auto, true},
		{"refused over HTTP/2", refused, HTTP2, true},
		{"the handshake breaks off", notTLS, Auto, true},
		{"the handshake breaks off, HTTP/1.1", notTLS, HTTP1, true},
		{"the connection dies under the request", died, Auto, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := testConfig()
			config.HTTP = tt.version
			transport := New(config)
			t.Cleanup(transport.Close)
			ctx, call := startCall(t, testTarget(t, "POST", tt.url, []byte("x")))
			if resp, err := transport.RoundTrip(ctx, call); err == nil {
				_ = resp.Body.Close()
				t.Fatal("no failure")
			}
			if got := call.NotProcessed(); got != tt.notSent {
				t.Errorf("NotProcessed is %t", got)
			}
		})
	}
}

// TestSentBeforeTheDial: a request that was sent over a kept connection, and then finds no other, may have been
// processed.
func TestSentBeforeTheDial(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		c, err := l.Accept()
		_ = l.Close()
		if err != nil {
			return
		}
		nettest.ReadRequest(c)
		nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		nettest.ReadRequest(c)
		_ = c.Close()
	}()
	transport := newTestTransport(t)
	to := testTarget(t, "POST", "http://"+l.Addr().String()+"/", []byte("x"))
	to.Header = http.Header{"Idempotency-Key": {"1"}}
	if _, err := exchangeOver(t.Context(), transport, to); err != nil {
		t.Fatal(err)
	}
	ctx, call := startCall(t, to)
	if resp, err := transport.RoundTrip(ctx, call); err == nil {
		_ = resp.Body.Close()
		t.Fatal("no failure")
	}
	if call.NotProcessed() {
		t.Error("NotProcessed")
	}
}

// closedPort returns an address on which nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return l.Addr().String()
}
