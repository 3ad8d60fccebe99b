package fetch

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"batchfetch/fetch/nettest"
)

// TestDroppedHandshakes: where every 20th connection is dropped in the TLS handshake, at any point of it and in any
// way, no request is lost, neither directly nor through a tunnel.
func TestDroppedHandshakes(t *testing.T) {
	ends := map[string]func(c *net.TCPConn){
		"FIN":            func(c *net.TCPConn) { _ = c.CloseWrite(); nettest.AwaitClose(c) },
		"RST":            nettest.ResetOnClose,
		"close_notify":   func(c *net.TCPConn) { nettest.Say(c, "\x15\x03\x03\x00\x02\x01\x00") },
		"internal_error": func(c *net.TCPConn) { nettest.Say(c, "\x15\x03\x03\x00\x02\x02\x50") },
	}
	for name, end := range ends {
		for _, tunnel := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, tunnel %t", name, tunnel), func(t *testing.T) {
				t.Parallel()
				url, o := startTLSServer(t, false, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Connection", "close")
					_, _ = io.WriteString(w, "whole")
				})
				upstream := strings.TrimPrefix(url, "https://")
				addr, dropped := startDroppingRelay(t, upstream, strings.HasSuffix(name, "T") || name == "FIN", end)
				url = "https://" + addr
				if tunnel {
					proxy := &proxyServer{plain: addr}
					o.HTTPSProxy = "http://" + proxy.start(t, "http")
				}
				o.Retries, o.RetryDelay = 3, time.Millisecond
				var sink recorder
				lines := make([]string, 200)
				for i := range lines {
					lines[i] = fmt.Sprint(url, "/", i)
				}
				sum, err := Run(t.Context(), linesOf(lines...), &sink, o)
				if err != nil || sum.Failed > 0 || dropped.Load() < 10 {
					t.Errorf("%d of %d failed, %d connections were dropped: %v", sum.Failed, len(lines), dropped.Load(), err)
				}
				for _, r := range sink.records {
					if r.Failure != nil {
						t.Fatal(r.Failure)
					}
				}
			})
		}
	}
}

// startDroppingRelay starts a relay to a server, host:port, of which every 20th connection is ended by end: at once
// after the first bytes of the client or, where late is set, after some of the server's, each time more. It returns its
// host:port and how many were ended so.
func startDroppingRelay(t *testing.T, to string, late bool, end func(*net.TCPConn)) (string, *atomic.Int32) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var clients sync.WaitGroup
	dropped := new(atomic.Int32)
	clients.Go(func() {
		for n := 1; ; n++ {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			clients.Go(func() {
				defer func() { _ = c.Close() }()
				there, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				if n%20 != 0 {
					relay(c, there)
					return
				}
				defer func() { _ = there.Close() }()
				count := dropped.Add(1)
				first := make([]byte, 4096)
				read, _ := c.Read(first)
				if late {
					_, _ = there.Write(first[:read])
					_, _ = io.CopyN(c, there, int64(count-1)*97)
				}
				end(c.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); clients.Wait() })
	return listener.Addr().String(), dropped
}
