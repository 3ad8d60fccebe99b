package transport

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"batchfetch/fetch/failure"
)

// A lateServer is an HTTP/2 server that sends its SETTINGS late, and responds to nothing.
type lateServer struct {
	url      string
	requests chan struct{} // one for each HEADERS frame
	settings chan struct{} // closed by the test: SETTINGS are sent
	ended    context.Context
}

// startLateServer starts a lateServer with a TLS configuration, nil being none. It ends with the test.
func startLateServer(t *testing.T, config *tls.Config) *lateServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &lateServer{requests: make(chan struct{}, 100), settings: make(chan struct{}),
		url: "http://" + listener.Addr().String(), ended: t.Context()}
	if config != nil {
		listener = tls.NewListener(listener, config)
		s.url = strings.Replace(s.url, "http:", "https:", 1)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { s.serve(c); _ = c.Close() })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); conns.Wait() })
	return s
}

// serve serves a connection until the client closes it.
func (s *lateServer) serve(c net.Conn) {
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(c, c)
	closed := make(chan struct{})
	var wrote sync.WaitGroup
	defer wrote.Wait()
	defer close(closed)
	wrote.Go(func() {
		select {
		case <-s.settings:
			_ = f.WriteSettings()
		case <-closed:
		}
	})
	stop := context.AfterFunc(s.ended, func() { _ = c.Close() })
	defer stop()
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		if frame.Header().Type == http2.FrameHeaders {
			s.requests <- struct{}{}
		}
	}
}

// awaitRequests waits for n requests.
func (s *lateServer) awaitRequests(t *testing.T, n int) {
	t.Helper()
	giveUp := time.After(30 * time.Second) // before the first exchange has stalled
	for i := range n {
		select {
		case <-s.requests:
		case <-giveUp:
			t.Fatalf("%d of %d requests have come", i, n)
		}
	}
}

// TestHTTP2AwaitsSettings: over a new HTTP/2 connection one request alone goes out until the server's SETTINGS have
// come, and then the others do, also while that one has no response yet. It holds for each length that a TLS record
// with the acknowledgement of SETTINGS may have.
func TestHTTP2AwaitsSettings(t *testing.T) {
	form := httptest.NewUnstartedServer(nil)
	form.StartTLS()
	form.Close()
	over := func(version uint16, suites ...uint16) *tls.Config {
		return &tls.Config{Certificates: form.TLS.Certificates, NextProtos: []string{"h2"}, MinVersion: version,
			MaxVersion: version, CipherSuites: suites}
	}
	for _, tt := range []struct {
		name    string
		config  *tls.Config
		version Version
	}{
		{"TLS 1.3", over(tls.VersionTLS13), Auto},
		{"TLS 1.2, AES-128-GCM", over(tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256), Auto},
		{"TLS 1.2, AES-256-GCM", over(tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384), Auto},
		{"TLS 1.2, ChaCha20", over(tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256), Auto},
		{"HTTP/2 alone", over(tls.VersionTLS13), HTTP2},
		{"without TLS", nil, HTTP2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const exchanges = 6
			server := startLateServer(t, tt.config)
			config := testConfig()
			config.HTTP = tt.version
			transport := New(config)
			var ended sync.WaitGroup
			defer func() { transport.Close(); ended.Wait() }()
			for i := range exchanges {
				method := "GET"
				if i%2 == 0 {
					method = "POST"
				}
				ctx, call := startCall(t, testTarget(t, method, server.url, []byte("body")))
				defer call.Cancel(&failure.Stop{Why: "the test"})
				ended.Go(func() {
					if _, err := transport.RoundTrip(ctx, call); err == nil {
						t.Error("a response")
					}
				})
			}
			server.awaitRequests(t, 1)
			time.Sleep(50 * time.Millisecond)
			if n := len(server.requests); n > 0 {
				t.Errorf("%d more requests before SETTINGS", n)
			}
			close(server.settings)
			server.awaitRequests(t, exchanges-1)
		})
	}
}
