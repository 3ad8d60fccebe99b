package fetch

import (
	"net/http"
	"testing"

	"batchfetch/fetch/cache"
)

// BenchmarkHits runs over fresh stored responses of 1 KB on disk. It is all that a second run does except encoding and
// writing.
func BenchmarkHits(b *testing.B) {
	store, err := cache.OpenDisk(b.TempDir(), 1<<40)
	if err != nil {
		b.Fatal(err)
	}
	const n = 10_000
	body := string(make([]byte, 1024))
	answer := fakeOrigin(func(*http.Request) (*http.Response, error) {
		return newResponse(200, body, "Cache-Control", "max-age=36000", "Etag", `"x"`, "Content-Type", "text/plain",
			"Server", "a", "Date", "Mon, 02 Jan 2006 15:04:05 GMT"), nil
	})
	o := options(func(o *Options) { o.Cache, o.HostConcurrency, o.CacheTTL = store, 50, 1<<60 })
	run := func(n int) {
		s, err := runWithClient(b.Context(), urls(n, "http://a.test"),
			SinkFunc(func(*Record) error { return nil }), o, answer)
		if err != nil || s.Succeeded != int64(n) {
			b.Fatalf("%+v, %v", s, err)
		}
	}
	run(n)
	b.ResetTimer()
	for left := b.N; left > 0; left -= n {
		run(min(n, left))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
