package fetch

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"batchfetch/fetch/nettest/netns"
)

// TestPathDropsLargePackets: over a path that drops large packets without a word a host costs one attempt, with either
// family of addresses, as its further handshakes have a ClientHello of one small packet.
func TestPathDropsLargePackets(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		link := netns.Connect(t, netns.Path{})
		listener := link.Listen(t, netip.Addr{}, 443)
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close")
		}))
		_ = server.Listener.Close()
		server.Listener = listener
		server.StartTLS()
		defer server.Close()
		link.Drop(func(toServer bool, packet []byte) bool { return toServer && len(packet) > 1300 })
		for _, addr := range []netip.Addr{link.Addr(1), link.Addr6(1)} {
			if !addr.IsValid() {
				t.Log("no IPv6 here")
				continue
			}
			url := "https://" + net.JoinHostPort(addr.String(), "443") + "/"
			o := noRetryOptions(func(o *Options) {
				o.TLS, o.Concurrency = &tls.Config{InsecureSkipVerify: true}, 1
				o.Retries, o.RetryDelay, o.ConnectTimeout = 1, time.Millisecond, 2*time.Second
			})
			var sink recorder
			if _, err := Run(t.Context(), linesOf(url, url, url, url), &sink, o); err != nil {
				t.Fatal(err)
			}
			attempts := 0
			for _, r := range sink.records {
				attempts += r.Attempts
			}
			if got := sink.kinds(); got != "ok ok ok ok" || attempts != 5 {
				t.Errorf("%s: %s after %d attempts", addr, got, attempts)
			}
		}
	})
}
