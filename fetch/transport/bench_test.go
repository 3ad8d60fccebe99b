package transport

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/nettest"
)

// BenchmarkEngine makes exchanges over one connection to a server that responds in one write: over a Transport, and
// over net/http for comparison.
func BenchmarkEngine(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = listener.Close() })
	response := "HTTP/1.1 200 OK\r\nServer: x\r\nDate: Fri, 02 Jan 2026 12:00:00 GMT\r\n" +
		"Content-Type: text/plain\r\nContent-Length: 1024\r\n\r\n" + strings.Repeat("x", 1024)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				for in := make([]byte, 4096); ; nettest.Say(c, response) {
					if _, err := c.Read(in); err != nil { // a request is one segment here
						return
					}
				}
			}()
		}
	}()
	transport := New(testConfig())
	defer transport.CloseIdle()
	client := netHTTP{&http.Transport{DisableCompression: true}}
	defer client.Close()
	to := testTarget(b, http.MethodGet, "http://"+listener.Addr().String()+"/", nil)
	to.Header = http.Header{
		"Accept": {"*/*"}, "Accept-Encoding": {"gzip, deflate, br, zstd"}, "User-Agent": {"batchfetch"},
	}
	for _, tt := range []struct {
		name string
		over RoundTripper
	}{{"transport", transport}, {"net/http", client}} {
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			ctx := NewExchangeContext(b.Context())
			defer ctx.Close()
			call := new(Call)
			for b.Loop() {
				ctx.Begin(nil)
				call.Target, call.Header, call.Cancel = to, to.Header, ctx.Cancel
				call.Stall.Init(time.Minute, ctx.Cancel)
				resp, err := tt.over.RoundTrip(ctx, call)
				if err != nil {
					b.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, resp.Body); n != 1024 || err != nil {
					b.Fatal(n, err)
				}
				_ = resp.Body.Close()
				call.End()
				call.Reset(false)
				ctx.End()
			}
		})
	}
}

// BenchmarkEngineHTTP2 makes exchanges of 1 KiB over one connection with HTTP/2 to a server of net/http, 64 at once:
// over a Transport, and over net/http for comparison.
func BenchmarkEngineHTTP2(b *testing.B) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, strings.Repeat("x", 1024))
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	b.Cleanup(server.Close)
	transport := New(testConfig())
	defer transport.Close()
	client := netHTTP{server.Client().Transport}
	defer client.Close()
	to := testTarget(b, http.MethodGet, server.URL+"/", nil)
	to.Header = http.Header{
		"Accept": {"*/*"}, "Accept-Encoding": {"gzip, deflate, br, zstd"}, "User-Agent": {"batchfetch"},
	}
	for _, tt := range []struct {
		name string
		over RoundTripper
	}{{"transport", transport}, {"net/http", client}} {
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(64 / runtime.GOMAXPROCS(0))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := exchangeOnce(b.Context(), tt.over, to); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// netHTTP is a RoundTripper over net/http, for comparison.
type netHTTP struct{ client http.RoundTripper }

// RoundTrip is RoundTripper's.
func (n netHTTP) RoundTrip(ctx context.Context, c *Call) (*http.Response, error) {
	return n.client.RoundTrip(netHTTPRequest(c.Target).WithContext(ctx))
}

// CloseIdle is RoundTripper's.
func (n netHTTP) CloseIdle() { (&http.Client{Transport: n.client}).CloseIdleConnections() }

// Close is RoundTripper's.
func (n netHTTP) Close() { n.CloseIdle() }

// exchangeOnce makes an exchange, the body of which is to have 1024 bytes.
func exchangeOnce(ctx context.Context, rt RoundTripper, to *Target) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	call := &Call{Target: to, Header: to.Header, Cancel: cancel}
	defer call.End()
	resp, err := rt.RoundTrip(ctx, call)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if n, err := io.Copy(io.Discard, resp.Body); n != 1024 || err != nil {
		return fmt.Errorf("%d bytes, %w", n, err)
	}
	return nil
}

// BenchmarkIsReusable measures the check of a connection before it is used again.
func BenchmarkIsReusable(b *testing.B) {
	ours, _ := nettest.Pair(b)
	h := newH1Conn(conn.New(ours, nil), nil)
	h.used = true
	b.ReportAllocs()
	for b.Loop() {
		if !h.isReusable() {
			b.Fatal("not reusable, though nothing was sent")
		}
	}
}
