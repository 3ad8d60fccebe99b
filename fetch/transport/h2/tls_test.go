package h2

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"batchfetch/fetch/conn"
)

// startTLSServer returns a connection over TLS to a server with a handler.
func startTLSServer(t *testing.T, handler http.HandlerFunc) *Conn {
	served := httptest.NewUnstartedServer(handler)
	served.EnableHTTP2 = true
	served.StartTLS()
	t.Cleanup(served.Close)
	raw, err := net.Dial("tcp", served.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	config := served.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	config.ServerName, config.NextProtos = "example.com", []string{"h2"}
	secure := tls.Client(conn.New(raw, nil), config)
	if err := secure.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := NewConn(secure, testConfig(), new(ownerLog))
	t.Cleanup(func() {
		c.Close()
		<-c.Done()
	})
	return c
}

// TestReadsAheadOverTLS: over TLS, of which much is read at once, all that has come reaches its exchange before more is
// waited for: the begin of a body too, whose rest never comes.
func TestReadsAheadOverTLS(t *testing.T) {
	const n, begin = 20, 1000
	c := startTLSServer(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", begin))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			resp, err := c.RoundTrip(ctx, get())
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if got, err := io.ReadFull(resp.Body, make([]byte, begin)); err != nil {
				t.Errorf("%d bytes, %v", got, err)
			}
		})
	}
	all.Wait()
}
