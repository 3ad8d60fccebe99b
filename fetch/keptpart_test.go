package fetch

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/failure"
)

// TestHiddenPart: a part that comes under 200 is no success; http-cache for net/http (7d9f48f8ab91) answers so after
// someone has requested a part. A Content-Range of the whole, or of something else than bytes, says nothing.
func TestHiddenPart(t *testing.T) {
	for _, tt := range []struct {
		name, requested, sent string
		isPart                bool
	}{
		{"the whole is requested", "", "bytes 0-3/10", true},
		{"another part", "bytes=5-6", "bytes 0-3/10", true},
		{"the part that is requested", "bytes=0-3", "bytes 0-3/10", false},
		{"the whole came", "", "bytes 0-3/4", false},
		{"a part of unknown size", "", "bytes 0-3/*", false},
		{"another length", "", "bytes 0-5/10", false},
		{"PostgREST", "", "0-3/10", false},
		{"a list of items", "", "items 0-3/10", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Cache-Control") == "no-cache" {
					_, _ = io.WriteString(w, "0123456789")
					return
				}
				w.Header().Set("Content-Range", tt.sent)
				_, _ = io.WriteString(w, "0123")
			})
			line := `{"url":"` + url + `"}`
			if tt.requested != "" {
				line = `{"url":"` + url + `","headers":{"Range":"` + tt.requested + `"}}`
			}
			r, body := runOne(t, line, noRetryOptions(nil))
			if got := kindOf(r) == failure.Protocol; got != tt.isPart || !got && body != "0123" {
				t.Errorf("%q, %s", body, failureText(r))
			}
			o := withRetries(1)
			o.RetryDelay = time.Millisecond
			if r, body := runOne(t, line, o); tt.isPart && body != "0123456789" {
				t.Errorf("past the cache: %q, %s", body, failureText(r))
			}
		})
	}
}

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

// TestLengthOfRange: what a Range requests at most; what is no single range with an end, or is too long to count, says
// nothing.
func TestLengthOfRange(t *testing.T) {
	for text, want := range map[string]int64{"bytes=100-199": 100, "bytes=-100": 100, "bytes=0-0": 1, "bytes=5-": -1,
		"bytes=0-9223372036854775807": -1, "bytes=1-9223372036854775807": 9223372036854775807, "bytes=3-2": -1,
		"bytes=0-1,5-6": -1, "items=0-1": -1} {
		n, ok := lengthOfRange(text)
		if !ok {
			n = -1
		}
		if n != want {
			t.Errorf("%s: %d, want %d", text, n, want)
		}
	}
}
