package transport

import (
	"net"
	"net/http"
	"testing"
	"time"

	"batchfetch/fetch/nettest"
)

// TestPiecesAreAcknowledged: a server with Nagle's algorithm on that writes a response in pieces, as Icinga 2.13 and
// http.server of Python 3.11 with HTTP/1.1 do, is not kept waiting for the delayed acknowledgement of the last but one,
// which takes 40 ms on a connection that has been used. Of twenty exchanges the shortest is judged: a busy machine
// delays some.
func TestPiecesAreAcknowledged(t *testing.T) {
	server := newTestServer(t, func(c *net.TCPConn, _ int, _ *http.Request) bool {
		_ = c.SetNoDelay(false)
		for _, piece := range []string{"HTTP/1.1 200 OK\r\n", "Content-Length: 6\r\n\r\n", "ab", "cd", "ef"} {
			nettest.Say(c, piece)
		}
		return true
	})
	transport := newTestTransport(t)
	shortest := time.Hour
	for n := range 30 {
		start := time.Now()
		body, err := exchangeOver(t.Context(), transport, testTarget(t, "GET", server.url, nil))
		if body != "abcdef" || err != nil {
			t.Fatal(body, err)
		}
		if n >= 10 { // the first ones of a connection are acknowledged at once in any case
			shortest = min(shortest, time.Since(start))
		}
	}
	if shortest > 20*time.Millisecond || server.conns.Load() != 1 {
		t.Errorf("the shortest exchange took %s, over %d connections", shortest, server.conns.Load())
	}
}
