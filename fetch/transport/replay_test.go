package transport

import (
	"net"
	"net/http"
	"testing"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// TestReplay: where the server closes a reused connection before it responds, the request is sent again over another
// connection if it may be, else the exchange fails. A request over a new connection, or one to which a response has
// begun, is not sent again.
func TestReplay(t *testing.T) {
	const response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
	closeIt := func(*net.TCPConn) {}
	const unanswered = "the connection closed before a whole answer; connected, no answer had arrived"
	for _, tt := range []struct {
		name     string
		method   string
		header   http.Header
		noReplay bool
		atFirst  bool                 // end is that of the first request already
		end      func(c *net.TCPConn) // what the server does before it closes the connection under the request
		kind     failure.Kind         // "" is no failure
		text     string
	}{
		{name: "GET", method: "GET", end: closeIt},
		{name: "HEAD", method: "HEAD", end: closeIt},
		{name: "GET after a reset", method: "GET", end: nettest.ResetOnClose},
		{name: "PROPFIND", method: "PROPFIND", end: closeIt},
		{name: "POST", method: "POST", end: closeIt, kind: failure.Truncated, text: unanswered},
		{name: "PUT", method: "PUT", end: closeIt, kind: failure.Truncated, text: unanswered},
		{name: "POST after a reset", method: "POST", end: nettest.ResetOnClose, kind: failure.Reset,
			text: "the connection was reset; connected, no answer had arrived"},
		{name: "POST with a key", method: "POST", header: http.Header{"Idempotency-Key": {"1"}}, end: closeIt},
		{name: "GET with NoReplay", method: "GET", noReplay: true, end: closeIt, kind: failure.Truncated,
			text: unanswered},
		{name: "GET over a new connection", method: "GET", atFirst: true, end: closeIt, kind: failure.Truncated,
			text: unanswered},
		{name: "GET, and a response has begun", method: "GET", end: func(c *net.TCPConn) { nettest.Say(c, "HTTP/1.1 2") },
			kind: failure.Truncated, text: unanswered},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var server *testServer
			server = newTestServer(t, func(c *net.TCPConn, number int, req *http.Request) bool {
				if server.conns.Load() == 1 && (number == 2 || tt.atFirst) {
					tt.end(c)
					return false
				}
				nettest.Say(c, response)
				if req.Method != http.MethodHead {
					nettest.Say(c, "ok")
				}
				return true
			})
			transport := newTestTransport(t)
			if !tt.atFirst {
				if _, err := exchangeOver(t.Context(), transport, testTarget(t, "GET", server.url, nil)); err != nil {
					t.Fatal(err)
				}
			}
			to := testTarget(t, tt.method, server.url, nil)
			if tt.header != nil {
				to.Header = tt.header
			}
			ctx, call := startCall(t, to)
			call.NoReplay = tt.noReplay
			resp, err := transport.RoundTrip(ctx, call)
			if tt.kind != "" {
				if err == nil {
					t.Fatal("no failure")
				}
				const noReplay = "the connection closed before an answer, and the request is not to be sent again"
				if tt.noReplay && err.Error() != noReplay {
					t.Errorf("the error is %v", err)
				}
				if f := call.Explain(ctx, err, 0, 0); f.Kind != tt.kind || f.Error() != tt.text {
					t.Errorf("got %s: %v", f.Kind, f)
				}
				if kept := !tt.atFirst && !call.Responded(); call.LostKept() != kept {
					t.Errorf("LostKept is %t", !kept)
				}
				if n := server.conns.Load(); n != 1 {
					t.Errorf("%d connections", n)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if n := server.conns.Load(); n != 2 || server.requests.Load() != 3 || call.IsReused() {
				t.Errorf("%d connections, %d requests, reused %t", n, server.requests.Load(), call.IsReused())
			}
		})
	}
}
