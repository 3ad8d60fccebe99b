package fetch

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func BenchmarkLines(b *testing.B) {
	const plain = "https://example.com/products/12345?lang=en&page=7\n"
	for name, line := range map[string]string{
		"plain": plain,
		"json":  `{"url":"https://example.com/products/12345?lang=en&page=7","id":12345,"meta":{"shop":"de"}}` + "\n",
		"full":  `{"url":"https://example.com/products","method":"POST","headers":{"Accept":"application/json"},"body":{"page":7},"id":"a"}` + "\n",
	} {
		b.Run(name, func(b *testing.B) {
			in := strings.Repeat(line, 1000)
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for n := 0; n < b.N; {
				for _, err := range new(Reader).Lines(strings.NewReader(in), "") {
					if err != nil {
						b.Fatal(err)
					}
					if n++; n >= b.N {
						break
					}
				}
			}
		})
	}
}

func BenchmarkCountRequests(b *testing.B) {
	in := strings.Repeat("https://example.com/products/12345?lang=en&page=7\n", 1000)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		if n, err := CountRequests(strings.NewReader(in)); n != 1000 || err != nil {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkReadBody reads 1 KB of body, bounded and hashed.
func BenchmarkReadBody(b *testing.B) {
	plain := strings.Repeat("0123456789abcdef", 64)
	for _, coding := range []string{"none", "gzip", "br", "zstd"} {
		b.Run(coding, func(b *testing.B) {
			text, header := plain, http.Header{}
			if coding != "none" {
				text = coded(b, plain, coding)
				header.Set("Content-Encoding", coding)
			}
			x := exchange{options: options(nil)}
			in := strings.NewReader(text)
			resp := &http.Response{StatusCode: 200, Header: header, Body: io.NopCloser(in)}
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				in.Reset(text)
				var rec Record
				if err := x.readBody(resp, &rec, nil); err != nil || rec.Bytes != 1024 {
					b.Fatal(rec.Bytes, err)
				}
				rec.ReleaseBody()
			}
		})
	}
}

// BenchmarkReadLargeBody reads bodies that outgrow small buffers, in memory and out of it.
func BenchmarkReadLargeBody(b *testing.B) {
	for _, size := range []int{300 << 10, 1 << 20, 16 << 20} {
		b.Run(sizeText(int64(size)), func(b *testing.B) {
			text := strings.Repeat("x", size)
			x := exchange{options: options(nil)}
			in := strings.NewReader(text)
			resp := &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: -1, Body: io.NopCloser(in)}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				in.Reset(text)
				var rec Record
				if err := x.readBody(resp, &rec, nil); err != nil || rec.Bytes != int64(size) {
					b.Fatal(rec.Bytes, err)
				}
				rec.ReleaseBody()
			}
		})
	}
}

// BenchmarkRun asks a server on loopback for 1 KB pages; client and server share the machine.
func BenchmarkRun(b *testing.B) {
	page := bytes.Repeat([]byte("x"), 1024)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(page) }))
	b.Cleanup(server.Close)
	b.ReportAllocs()
	o := options(func(o *Options) { o.HostConcurrency = o.Concurrency })
	sink := SinkFunc(func(*Record) error { return nil })
	s, err := Run(b.Context(), urls(b.N, server.URL), sink, *o)
	if err != nil || s.Succeeded != int64(b.N) {
		b.Fatalf("%+v, %v", s, err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

// BenchmarkEngine asks a server that answers in one write, over one connection: what a link costs, and net/http for the same.
func BenchmarkEngine(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = listener.Close() })
	answer := "HTTP/1.1 200 OK\r\nServer: x\r\nDate: Fri, 02 Jan 2026 12:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n" + strings.Repeat("x", 1024)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				for in := make([]byte, 4096); ; say(c, answer) {
					if _, err := c.Read(in); err != nil { // a request is one segment here
						return
					}
				}
			}()
		}
	}()
	transport := newTransport(testConfig())
	defer transport.CloseIdle()
	peer := OverClient(&http.Transport{DisableCompression: true})
	defer peer.Close()
	to := testTarget(b, http.MethodGet, "http://"+listener.Addr().String()+"/", nil)
	to.header = http.Header{"Accept": {"*/*"}, "Accept-Encoding": {"gzip, deflate, br, zstd"}, "User-Agent": {"batchfetch"}}
	for _, tt := range []struct {
		name string
		over RoundTripper
	}{{"links", transport}, {"net/http", peer}} {
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ctx, cancel := context.WithCancelCause(b.Context())
				call := &Call{Target: to, Header: to.header, Cancel: cancel}
				resp, err := tt.over.RoundTrip(ctx, call)
				if err != nil {
					b.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, resp.Body); n != 1024 || err != nil {
					b.Fatal(n, err)
				}
				_ = resp.Body.Close()
				call.End()
				cancel(nil)
			}
		})
	}
}
