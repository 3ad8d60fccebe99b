package encode

import (
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/encode/encodetest"
)

var update = flag.Bool("update", false, "write the golden Records anew")

// golden returns the Records whose lines are in testdata/NAME.jsonl.
func golden() map[string]struct {
	mode   BodyMode
	record *fetch.Record
} {
	type entry = struct {
		mode   BodyMode
		record *fetch.Record
	}
	all := make(map[string]entry)
	add := func(name string, mode BodyMode, r *fetch.Record, change ...func(*fetch.Record)) {
		for _, c := range change {
			c(r)
		}
		all[name] = entry{mode, r}
	}
	add("success-json", BodyAuto, encodetest.Success("application/json", "{\"items\": [1.50, 1e40],\n \"n\": null}"))
	add("success-text", BodyAuto, encodetest.Success("text/html; charset=iso-8859-1", "<p>caf\xe9</p>\r\n"))
	add("success-base64", BodyAuto, encodetest.Success("image/png", "\x89PNG\r\n\x1a\n"))
	add("success-none", BodyNone, encodetest.Success("application/json", `{"not":"kept"}`))
	add("success-empty", BodyAuto, encodetest.Success("text/plain", ""))
	add("success-head", BodyAuto, encodetest.Success("application/json", ""), func(r *fetch.Record) {
		r.Request.Method, r.HasBody, r.Hashed = "HEAD", false, false
	})
	add("success-redirected", BodyAuto, encodetest.Success("application/json", `{"items":[]}`), func(r *fetch.Record) {
		r.Request.ID, r.Request.Meta = json.RawMessage(`"a1"`), json.RawMessage(`{"any":"thing"}`)
		r.FinalURL, r.Redirects, r.WireBytes = "https://example.com/b", 1, 9
		r.RemoteAddr = "192.0.2.1:443"
	})
	add("success-resumed", BodyAuto, encodetest.Success("application/zip", "0123456789"), func(r *fetch.Record) {
		r.Status, r.Path, r.Body, r.HasBody = 206, "saved/example.com/a.zip", nil, false
		r.WireBytes, r.ResumedFrom = 4, 6
	})
	add("success-page", BodyAuto, encodetest.Success("application/json", `{"next":"/c"}`), func(r *fetch.Record) {
		r.Request.Page, r.Request.ID = 2, json.RawMessage(`"a1"`)
		r.Next, r.More = &fetch.Page{Number: 3, URL: "https://example.com/c"}, true
	})
	add("failure-page", BodyAuto, encodetest.Failure(failure.BadStatus, "404 Not Found"), func(r *fetch.Record) {
		r.Status, r.Request.Page, r.Request.OmitCredentials, r.Request.PublicOnly = 404, 3, true, true
	})
	add("success-hit", BodyAuto, encodetest.Success("text/plain", "kept"), func(r *fetch.Record) {
		r.Cache, r.Attempts, r.WireBytes = fetch.CacheHit, 0, 0
	})
	add("success-stale", BodyAuto, encodetest.Success("text/plain", "kept"), func(r *fetch.Record) {
		r.Cache, r.Attempts, r.WireBytes, r.RemoteAddr = fetch.CacheStale, 4, 0, ""
	})
	add("failure-miss", BodyAuto, encodetest.Failure(failure.BadStatus, "404 Not Found"), func(r *fetch.Record) {
		r.Status, r.Cache = 404, fetch.CacheMiss // only successes say so
	})
	add("success-everything", BodyAuto, encodetest.Success("application/json", `[]`), func(r *fetch.Record) {
		retry := true
		r.Request = fetch.Request{
			Index: 12, URL: "https://ann:secret@example.com/a", Method: "PUT", ID: json.RawMessage(`1.50`),
			Header: http.Header{"Authorization": {"Bearer secret"}, "X-Two": {"a", "b"}},
			Body:   []byte(`{"n":12345678901234567890}`), BodyForm: fetch.BodyJSON,
			SHA256: "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945", Path: "sub/a.json",
			Retry: &retry,
			File:  "urls.jsonl", Line: 13,
		}
		r.Header = http.Header{"Content-Type": {"application/json"}, "X-Seen": {"1", "2"}}
		r.Timing = &fetch.Timing{Attempt: 3, Connected: true, DNS: time.Millisecond,
			Connect: 2500 * time.Microsecond, TLS: -1, FirstByte: 0, Body: 10 * time.Microsecond}
		r.Attempts = 3
	})
	add("failure-status", BodyAuto, encodetest.Failure(failure.BadStatus, "404 Not Found"),
		func(r *fetch.Record) { r.Status = 404 })
	add("failure-dns", BodyAuto, encodetest.Failure(failure.DNS, "no address found for example.com"))
	add("failure-rate-limited", BodyAuto, encodetest.Failure(failure.RateLimited, "429 Too Many Requests"),
		func(r *fetch.Record) {
			r.Status, r.Failure.RetryAfter = 429, 90*time.Minute
		})
	add("failure-truncated", BodyAuto, encodetest.Failure(failure.Truncated,
		"the connection closed before a whole answer"), func(r *fetch.Record) {
		r.Status, r.Protocol, r.ContentType, r.Bytes, r.WireBytes, r.Attempts = 200, "HTTP/1.1", "text/plain", 10, 10, 4
	})
	add("failure-canceled", BodyAuto, encodetest.Failure(failure.Canceled, "stopped by the limit on failures"),
		func(r *fetch.Record) {
			r.Attempts, r.StartedAt, r.Elapsed = 0, time.Time{}, 0
		})
	add("failure-posted", BodyAuto, encodetest.Failure(failure.Timeout, "timeout 5s met"), func(r *fetch.Record) {
		never := false
		r.Request.Body, r.Request.Header, r.Request.Retry = []byte("a=1&b=\x7f"), http.Header{"Cookie": {"s=secret"}},
			&never
	})
	add("failure-invalid-line", BodyAuto, &fetch.Record{
		Request: fetch.Request{Index: 3, File: "urls.txt", Line: 4},
		Input:   []byte(`{"url": 5}`),
		Failure: &failure.Failure{Kind: failure.InvalidRequest, Err: errors.New("url cannot be a JSON number")},
	})
	return all
}

// Every kind of Record is written as in its file, and satisfies the schema.
func TestGoldenRecords(t *testing.T) {
	schema := encodetest.CompileSchema(t, Schema())
	for name, entry := range golden() {
		t.Run(name, func(t *testing.T) {
			line := render(entry.record, entry.mode)
			checkGolden(t, name, line)
			encodetest.Members(t, schema, line)
		})
	}
}

// checkGolden compares line with testdata/NAME.jsonl, or writes that with -update.
func checkGolden(t *testing.T, name string, line []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".jsonl")
	if *update {
		if err := os.WriteFile(file, line, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(line) != string(want) {
		t.Errorf("got  %swant %s", line, want)
	}
}

// Every file of testdata is that of a Record.
func TestGoldenFilesAreAllUsed(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	records := golden()
	for _, file := range files {
		name := filepath.Base(file[:len(file)-len(".jsonl")])
		if _, known := records[name]; !known && name != "summary" && name != "summary-cache" &&
			name != "summary-empty" && name != "plan" {
			t.Errorf("nothing writes %s", file)
		}
	}
}
