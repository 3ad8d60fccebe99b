package fetch_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/input"
	"batchfetch/fetch/transport"
)

// instantServer is a RoundTripper that responds at once.
type instantServer func() *http.Response

// RoundTrip implements transport.RoundTripper.
func (respond instantServer) RoundTrip(context.Context, *transport.Call) (*http.Response, error) {
	return respond(), nil
}

// CloseIdle does nothing.
func (instantServer) CloseIdle() {}

// Close does nothing.
func (instantServer) Close() {}

// BenchmarkOwn measures what an exchange costs without the HTTP engine: lines, plan, request, body, hash, verdict,
// Record and counts. The engine is an instantServer. What a Sink's Encode costs is not in it
// (output's BenchmarkEncode measures that). With -cpu 1 the result is CPU time, the garbage collector's share included.
func BenchmarkOwn(b *testing.B) {
	page := strings.Repeat("x", 1024)
	header := http.Header{"Content-Type": {"application/json"}, "Date": {"Fri, 02 Jan 2026 12:00:00 GMT"}, "Server": {"x"}}
	server := instantServer(func() *http.Response {
		return &http.Response{StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, Header: header, ContentLength: 1024,
			Body: io.NopCloser(strings.NewReader(page))}
	})
	for _, hosts := range []int{1, 1000} {
		b.Run(fmt.Sprintf("%d hosts", hosts), func(b *testing.B) {
			b.ReportAllocs()
			o := fetch.Defaults()
			o.HostConcurrency = o.Concurrency
			sink := fetch.SinkFunc(func(*fetch.Record) error { return nil })
			var lines strings.Builder
			for i := range b.N {
				fmt.Fprintf(&lines, "https://h%d.test/products/%d\n", i%hosts, i)
			}
			source := new(input.Reader).Lines(strings.NewReader(lines.String()), "")
			b.ResetTimer()
			s, err := fetch.RunWith(b.Context(), source, sink, &o, transport.Over(server))
			if err != nil || s.Succeeded != int64(b.N) {
				b.Fatalf("%+v, %v", s, err)
			}
		})
	}
}
