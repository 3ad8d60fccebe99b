package transport

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
)

// TestFirstDialsToAHost: a host that may choose HTTP/2 gets two connections until it has chosen, however many
// requests wait: one that chooses it got a TLS handshake for each. One that chooses HTTP/1.1 gets as many as there are
// requests at once.
func TestFirstDialsToAHost(t *testing.T) {
	const atOnce = 20
	for _, http2 := range []bool{true, false} {
		var accepted, underWay atomic.Int32
		all := make(chan struct{})
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			if underWay.Add(1) == atOnce {
				close(all)
			}
			<-all
		}))
		server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				accepted.Add(1)
			}
		}
		server.EnableHTTP2 = http2
		server.StartTLS()
		transport, to := newTestTransport(t), testTarget(t, http.MethodGet, server.URL, nil)
		var exchanges sync.WaitGroup
		for range atOnce {
			exchanges.Go(func() {
				if _, err := exchangeOver(t.Context(), transport, to); err != nil {
					t.Error(err)
				}
			})
		}
		exchanges.Wait()
		transport.Close()
		server.Close()
		want := int32(atOnce)
		if http2 {
			want = 2
		}
		if n := accepted.Load(); n > want || n == 0 {
			t.Errorf("HTTP/2 %v: %d connections, want %d at most", http2, n, want)
		}
	}
}
