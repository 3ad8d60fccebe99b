package digest

import (
	"net/http"
	"testing"
)

// BenchmarkNoDigest is what a response costs that has no digest.
func BenchmarkNoDigest(b *testing.B) {
	h := http.Header{"Content-Type": {"x"}, "Date": {"x"}, "Etag": {"x"}, "Last-Modified": {"x"}, "Server": {"x"},
		"Content-Length": {"1"}, "Accept-Ranges": {"bytes"}, "Vary": {"x"}}
	b.ReportAllocs()
	for b.Loop() {
		if Of(http.MethodGet, http.StatusOK, h) != nil {
			b.Fatal("a digest")
		}
	}
}
