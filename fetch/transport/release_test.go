package transport

import (
	"fmt"
	"net"
	"net/http"
	"syscall"
	"testing"

	"batchfetch/fetch/nettest"
)

// TestRelease: idle connections to a host without requests left are closed once no more requests come or, before that,
// in a shortage of what connections take; those to other hosts stay.
func TestRelease(t *testing.T) {
	for _, tt := range []struct {
		name     string
		ended    bool
		shortage error
		closed   bool
	}{
		{"more may come", false, nil, false},
		{"no more will come", true, nil, true},
		{"more may come, and there is a shortage", false, syscall.EMFILE, true},
		{"more may come after a refused connection", false, syscall.ECONNREFUSED, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := newTestServer(t, func(c *net.TCPConn, _ int, _ *http.Request) bool {
				nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				return true
			})
			rt := newTestTransport(t)
			to := testTarget(t, "GET", server.url, nil)
			if _, err := exchangeOver(t.Context(), rt, to); err != nil {
				t.Fatal(err)
			}
			p := tcpPool(rt)
			p.noteShortage(fmt.Errorf("dial: %w", tt.shortage))
			rt.Release(testTarget(t, "GET", "http://other.test", nil), tt.ended)
			if p.idle.count != 1 {
				t.Error("another host's connection is gone")
			}
			if rt.Release(to, tt.ended); (p.idle.count == 0) != tt.closed {
				t.Errorf("%d connections are idle", p.idle.count)
			}
		})
	}
}
