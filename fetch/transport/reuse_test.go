package transport

import (
	"io"
	"net"
	"net/http"
	"testing"

	"batchfetch/fetch/nettest"
)

// TestConnectionReuse: a connection is used again once the body has been read to its end, unless the request, the
// response or its version says that it is the last one, or the response is not all that came.
func TestConnectionReuse(t *testing.T) {
	const whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	for _, tt := range []struct {
		name     string
		method   string // GET where empty
		header   http.Header
		response string
		closes   bool // the server closes the connection after the response
		readTo   int  // bytes of the body that are read before Close; 0 is to its end
		reused   bool
	}{
		{name: "a length", response: whole, reused: true},
		{name: "chunks", response: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", reused: true},
		{name: "an empty body", response: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", reused: true},
		{name: "no content", response: "HTTP/1.1 204 No Content\r\n\r\n", reused: true},
		{name: "HEAD", method: "HEAD", response: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", reused: true},
		{name: "an error status", response: "HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\nok", reused: true},
		{name: "a refusal at first", response: "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\nok"},
		{name: "HTTP/1.0 that keeps", response: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
			reused: true},
		{name: "HTTP/1.0", response: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"},
		{name: "Close before the end", response: whole, readTo: 1},
		{name: "Close before the rest has come", response: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", readTo: 2},
		{name: "close in the response", response: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"},
		{name: "close in the request", header: http.Header{"Connection": {"close"}}, response: whole},
		{name: "another protocol", response: "HTTP/1.1 101 Switching Protocols\r\n\r\n"},
		{name: "more bytes than the body has", response: whole + "x"},
		{name: "a body without a length", response: "HTTP/1.1 200 OK\r\n\r\nok", closes: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := newTestServer(t, func(c *net.TCPConn, _ int, _ *http.Request) bool {
				nettest.Say(c, tt.response)
				return !tt.closes
			})
			transport := newTestTransport(t)
			for i := range 2 {
				to := testTarget(t, "GET", server.url, nil)
				if tt.method != "" {
					to.Method = tt.method
				}
				if tt.header != nil {
					to.Header = tt.header
				}
				ctx, call := startCall(t, to)
				resp, err := transport.RoundTrip(ctx, call)
				if err != nil {
					t.Fatalf("exchange %d: %v", i, err)
				}
				body := io.Reader(call.Body(resp))
				if tt.readTo > 0 {
					body = io.LimitReader(body, int64(tt.readTo))
				}
				if _, err := io.Copy(io.Discard, body); err != nil {
					t.Errorf("exchange %d: %v", i, err)
				}
				_ = resp.Body.Close()
				if want := tt.reused && i == 1; call.IsReused() != want {
					t.Errorf("exchange %d: the connection is reused: %t", i, !want)
				}
			}
			want := int32(2)
			if tt.reused {
				want = 1
			}
			if got := server.conns.Load(); got != want {
				t.Errorf("%d connections, want %d", got, want)
			}
		})
	}
}
