package transport

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"
	"golang.org/x/sys/unix"

	"batchfetch/fetch/nettest/netns"
)

// BenchmarkLossyPath fetches pages of 100 KB from one host, ten at once, over a path that loses packets in both
// directions, over HTTP/2 and HTTP/3 in turns. It reports the seconds of each, and their ratio.
func BenchmarkLossyPath(b *testing.B) {
	const pages, rounds = 40, 1
	netns.Run(b, func(b *testing.B) {
		link := netns.Connect(b, netns.Path{RTT: 100 * time.Millisecond, Loss: 0.02})
		page := make([]byte, 100_000)
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(page) })
		server := httptest.NewUnstartedServer(handler)
		server.Listener = link.Listen(b, link.Addr(1), 443)
		useCubic(b, server.Listener.(*net.TCPListener))
		server.EnableHTTP2 = true
		server.StartTLS()
		b.Cleanup(server.Close)
		quic := &http3.Server{TLSConfig: http3.ConfigureTLSConfig(server.TLS), Handler: handler}
		socket := link.ListenPacket(b, netip.Addr{}, 443)
		var serving sync.WaitGroup
		serving.Go(func() { _ = quic.Serve(socket) })
		b.Cleanup(func() { _ = quic.Close(); serving.Wait() })

		took := make(map[Version]time.Duration)
		for range rounds {
			for _, version := range []Version{HTTP2, HTTP3} {
				took[version] += fetchPages(b, version, "https://"+net.JoinHostPort(link.Addr(1).String(), "443"), pages)
			}
		}
		b.ReportMetric(took[HTTP2].Seconds()/rounds, "s-HTTP/2")
		b.ReportMetric(took[HTTP3].Seconds()/rounds, "s-HTTP/3")
		b.ReportMetric(took[HTTP2].Seconds()/took[HTTP3].Seconds(), "times-as-fast")
	})
}

// useCubic lets connections of a listener have the congestion control that Linux has by itself, and package quic: one
// with BBR does not mind such loss.
func useCubic(b *testing.B, listener *net.TCPListener) {
	b.Helper()
	raw, err := listener.SyscallConn()
	if err != nil {
		b.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, "cubic")
	}); err != nil {
		b.Fatal(err)
	}
	if err != nil {
		b.Skip("no cubic here: ", err)
	}
}

// fetchPages fetches n pages, ten at once, and returns how long that took.
func fetchPages(b *testing.B, version Version, url string, n int) time.Duration {
	b.Helper()
	config := testConfig()
	config.HTTP, config.TLS = version, &tls.Config{InsecureSkipVerify: true}
	config.StallTimeout = 30 * time.Second
	transport := New(config)
	defer transport.Close()
	began := time.Now()
	next := make(chan int)
	var fetching sync.WaitGroup
	for range 10 {
		fetching.Go(func() {
			for i := range next {
				body, err := exchangeOver(b.Context(), transport, testTarget(b, "GET", url+"/"+strconv.Itoa(i), nil))
				if err != nil || len(body) != 100_000 {
					b.Errorf("%d bytes, %v", len(body), err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	fetching.Wait()
	return time.Since(began)
}
