package transport

import (
	"io"
	"net"
	"net/http"
	"testing"

	"batchfetch/fetch/nettest"
)

// respondOK responds to each request with the body "ok".
func respondOK(c *net.TCPConn, _ int, _ *http.Request) bool {
	nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	return true
}

// TestCloseIdle: CloseIdle closes an idle connection, and the Transport goes on with a new one.
func TestCloseIdle(t *testing.T) {
	server := newTestServer(t, respondOK)
	transport := newTestTransport(t)
	for i := range int32(2) {
		text, err := exchangeOver(t.Context(), transport, testTarget(t, "GET", server.url, nil))
		if text != "ok" || err != nil {
			t.Errorf("got %q, %v", text, err)
		}
		if n := server.conns.Load(); n != i+1 {
			t.Errorf("%d connections after %d exchanges", n, i+1)
		}
		transport.CloseIdle()
		server.awaitClose(t)
	}
}

// TestCloseDuringExchange: Close and CloseIdle leave a connection that carries an exchange open. After Close it is
// closed once the body has been read, after CloseIdle it is kept.
func TestCloseDuringExchange(t *testing.T) {
	for _, closes := range []bool{true, false} {
		rest := make(chan struct{})
		server := newTestServer(t, func(c *net.TCPConn, number int, req *http.Request) bool {
			if number > 1 {
				return respondOK(c, number, req)
			}
			nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
			<-rest
			nettest.Say(c, "k")
			return true
		})
		transport := newTestTransport(t)
		ctx, call := startCall(t, testTarget(t, "GET", server.url, nil))
		resp, err := transport.RoundTrip(ctx, call)
		if err != nil {
			t.Fatal(err)
		}
		if closes {
			transport.Close()
		} else {
			transport.CloseIdle()
		}
		close(rest)
		if body, err := io.ReadAll(call.Body(resp)); string(body) != "ok" || err != nil {
			t.Errorf("got %q, %v", body, err)
		}
		if closes {
			server.awaitClose(t)
			continue
		}
		text, err := exchangeOver(t.Context(), transport, testTarget(t, "GET", server.url, nil))
		if text != "ok" || err != nil || server.conns.Load() != 1 {
			t.Errorf("then got %q, %v over %d connections", text, err, server.conns.Load())
		}
	}
}
