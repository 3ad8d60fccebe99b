package output_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/input"
	"batchfetch/output"
	"batchfetch/output/encode"
	"batchfetch/output/encode/encodetest"
)

// run runs the requests of input and returns the lines written, in the order of the input.
func run(t testing.TB, text string) []string {
	t.Helper()
	options := fetch.Defaults()
	options.Retries, options.KeepHeader, options.KeepTiming = 0, true, true
	options.ConnectTimeout = time.Minute
	var out strings.Builder
	sink := output.NewInOrder(output.NewJSONL(&out, encode.Layout{Body: encode.BodyAuto}), nil)
	defer func() {
		if err := sink.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := fetch.Run(context.Background(), new(input.Reader).Lines(strings.NewReader(text), "urls.jsonl"), sink,
		options); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(out.String()) {
		lines = append(lines, line)
	}
	return lines
}

// origin starts a server whose responses depend on the path, and returns its URL.
func origin(t testing.TB) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{\"n\": 12345678901234567890,\n\"s\": \"\u009b\"}")
	})
	mux.HandleFunc("/text", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=euc-kr")
		_, _ = io.WriteString(w, "\xc7\xd1\xb1\xdb\n")
	})
	mux.HandleFunc("/bytes", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write([]byte{0, 255})
	})
	mux.HandleFunc("/nothing", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.Handle("/moved", http.RedirectHandler("/json", http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.HandleFunc("/later", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "90")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "short")
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// What a real run writes satisfies the schema.
func TestRealOutputSatisfiesTheSchema(t *testing.T) {
	schema := encodetest.CompileSchema(t, encode.Schema())
	at := origin(t)
	for i, c := range []struct{ line, kind string }{
		{at + "/json", ""},
		{`{"url":"` + at + `/json","id":"a","meta":{"n":1.50}}`, ""},
		{at + "/text", ""},
		{at + "/bytes", ""},
		{at + "/nothing", ""},
		{`{"url":"` + at + `/json","method":"HEAD"}`, ""},
		{`{"url":"` + at + `/json","body":{"a":1},"headers":{"x-a":["1","2"],"cookie":"s=1"}}`, ""},
		{`{"url":"` + at + `/json","body_base64":"AP8=","id":7}`, ""},
		{at + "/moved", ""},
		{at + "/loop", "too_many_redirects"},
		{at + "/none", "status"},
		{at + "/later", "rate_limited"},
		{at + "/cut", "truncated"},
		{`{"url":"` + at + `/json","sha256":"` + strings.Repeat("0", 64) + `"}`, "checksum"},
		{"http://127.0.0.1:1/", "connect"},
		{"ftp://example.com/", "invalid_request"},
		{`{"url":`, "invalid_request"},
		{`{"id":true}`, "invalid_request"},
		{"http://a b/", "invalid_request"},
	} {
		t.Run(fmt.Sprintf("%d-%s", i, c.kind), func(t *testing.T) {
			lines := run(t, c.line)
			if len(lines) != 1 {
				t.Fatalf("%d lines, want 1", len(lines))
			}
			object := encodetest.Members(t, schema, []byte(lines[0]))
			failed, _ := object["error"].(map[string]any)
			if kind, _ := failed["kind"].(string); kind != c.kind {
				t.Errorf("kind is %q, want %q: %s", kind, c.kind, lines[0])
			}
		})
	}
}
