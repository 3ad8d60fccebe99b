package fetch

import (
	"crypto/tls"
	"net"
	"strings"
	"sync"
	"testing"

	"batchfetch/fetch/nettest"
)

// TestOneConnectionServesAllStreams: a server of HTTP/2 that takes one connection and leaves other handshakes unanswered serves all
// over that one, those included that wait for one of their own.
func TestOneConnectionServesAllStreams(t *testing.T) {
	backend, o := secured(t, true, hello)
	o.TLS = &tls.Config{InsecureSkipVerify: true}
	o.Concurrency, o.HostConcurrency, o.Retries = 10, 10, 0
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var relays sync.WaitGroup
	relays.Go(func() {
		first := true
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			if !first {
				relays.Go(func() { nettest.AwaitClose(c); _ = c.Close() })
				continue
			}
			first = false
			relays.Go(func() {
				there, err := net.Dial("tcp", strings.TrimPrefix(backend, "https://"))
				if err == nil {
					relay(c, there)
				}
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); relays.Wait() })
	s, err := Run(t.Context(), urls(40, "https://"+listener.Addr().String()), &shelf{}, o)
	if err != nil || s.Succeeded != 40 || s.Elapsed > o.ConnectTimeout/2 {
		t.Errorf("%+v, %v", s, err)
	}
}
