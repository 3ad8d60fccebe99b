package fetch

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/coding/codingtest"
	"batchfetch/fetch/transport"
)

// BenchmarkReadBody reads a body of 1 KB within its bounds and hashes it.
func BenchmarkReadBody(b *testing.B) {
	plain := strings.Repeat("0123456789abcdef", 64)
	for _, coding := range []string{"none", "gzip", "br", "zstd"} {
		b.Run(coding, func(b *testing.B) {
			text, header := plain, http.Header{}
			if coding != "none" {
				text = codingtest.Encode(b, plain, coding)
				header.Set("Content-Encoding", coding)
			}
			x := bodyReader{options: options(nil), call: new(transport.Call),
				to: &target{Target: transport.Target{URL: new(url.URL)}}}
			in := strings.NewReader(text)
			resp := &http.Response{StatusCode: 200, Header: header, Body: io.NopCloser(in)}
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				in.Reset(text)
				var rec Record
				if err := x.read(resp, &rec, nil, cache.Sum{}); err != nil || rec.Bytes != 1024 {
					b.Fatal(rec.Bytes, err)
				}
				rec.ReleaseBody()
			}
		})
	}
}

// BenchmarkReadLargeBody reads bodies that are larger than a small buffer, in memory and from a temporary file.
func BenchmarkReadLargeBody(b *testing.B) {
	for _, size := range []int{300 << 10, 1 << 20, 16 << 20} {
		b.Run(formatSize(int64(size)), func(b *testing.B) {
			text := strings.Repeat("x", size)
			x := bodyReader{options: options(nil), call: new(transport.Call),
				to: &target{Target: transport.Target{URL: new(url.URL)}}}
			in := strings.NewReader(text)
			resp := &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: -1, Body: io.NopCloser(in)}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				in.Reset(text)
				var rec Record
				if err := x.read(resp, &rec, nil, cache.Sum{}); err != nil || rec.Bytes != int64(size) {
					b.Fatal(rec.Bytes, err)
				}
				rec.ReleaseBody()
			}
		})
	}
}

// BenchmarkRun fetches pages of 1 KB from a server on loopback. Client and server share the machine.
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
