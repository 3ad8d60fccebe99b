package fetch

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/failure"
)

// TestKeptPart: where a cache answers by a part that someone else has requested, the request is made once more past
// caches. Fiber 2.52.15 and 3.1.0 keep responses by their path alone, 206 and all, without Content-Range.
func TestKeptPart(t *testing.T) {
	const whole = "0123456789"
	for _, tt := range []struct {
		name, line string
		ignores    bool // the cache ignores Cache-Control
		body       string
		attempts   int
		kind       failure.Kind
	}{
		{name: "the whole is requested", line: `{"url":"{}"}`, body: whole, attempts: 2},
		{name: "another part", line: `{"url":"{}","headers":{"Range":"bytes=5-6"}}`, body: "56", attempts: 2},
		{name: "the last bytes", line: `{"url":"{}","headers":{"Range":"bytes=-3"}}`, body: "789", attempts: 2},
		{name: "a part without an end may be that", line: `{"url":"{}","headers":{"Range":"bytes=6-"}}`, body: "0123",
			attempts: 1},
		{name: "the cache does as it likes", line: `{"url":"{}"}`, ignores: true, attempts: 2, kind: failure.Protocol},
		{name: "the user's own Cache-Control stays", line: `{"url":"{}","headers":{"Cache-Control":"max-age=60"}}`,
			attempts: 2, kind: failure.Protocol},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
				if !tt.ignores && r.Header.Get("Cache-Control") == "no-cache" {
					http.ServeContent(w, r, "a.txt", time.Time{}, strings.NewReader(whole))
					return
				}
				w.Header().Set("Content-Type", "text/plain")
				w.Header().Set("Content-Length", "4")
				w.WriteHeader(http.StatusPartialContent)
				_, _ = io.WriteString(w, whole[:4])
			})
			o := withRetries(5)
			o.RetryDelay = time.Millisecond
			r, body := runOne(t, strings.ReplaceAll(tt.line, "{}", url), o)
			if r.Attempts != tt.attempts || kindOf(r) != tt.kind || tt.kind == "" && body != tt.body {
				t.Errorf("%q after %d attempts, %s", body, r.Attempts, failureText(r))
			}
		})
	}
}
