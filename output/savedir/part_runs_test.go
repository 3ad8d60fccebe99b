package savedir

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch"
	"batchfetch/output/file/filetest"
)

// Two runs at once save one body: both end with the whole of it, whichever owns the part.
func TestTwoRunsOnOnePart(t *testing.T) {
	needsLocks(t)
	body := strings.Repeat("0123456789abcdef", 20_000)
	dir, url := t.TempDir(), serveWithRanges(t, body)
	first := openDir(t, dir, "{sha256}")
	r := fetch.Request{URL: url}
	kept := startBody(t, first, &r)
	writeText(t, kept, body[:100_000])
	kept.SetInfo(fetch.PartialInfo{Validator: `"v1"`, Total: int64(len(body)), URL: url + "/"})
	kept.Suspend()
	results := make(chan *fetch.Record)
	for range 2 {
		bodies := openDir(t, dir, "{sha256}")
		go func() { results <- fetchBodies(bodies, r, r) }() // each of them twice
	}
	for range 2 {
		record := <-results
		if record == nil {
			t.Fatal("a run failed")
		}
		if record.Failure != nil || record.Bytes != int64(len(body)) || filetest.Read(t, record.Path) != body {
			t.Errorf("%v, %d bytes", record.Failure, record.Bytes)
		}
	}
	if got := listFiles(t, dir); !slices.Equal(got, []string{hexSum(body)}) {
		t.Errorf("there are %q", got)
	}
}

// fetchBodies runs these requests, and returns the last Record, or nil where one failed.
func fetchBodies(bodies *Dir, requests ...fetch.Request) *fetch.Record {
	o := fetch.Defaults()
	o.BodyStore, o.Retries = bodies, 0
	var last *fetch.Record
	source := func(yield func(fetch.Request, error) bool) {
		for i, r := range requests {
			r.Index = int64(i)
			if !yield(r, nil) {
				return
			}
		}
	}
	s, err := fetch.Run(context.Background(), source,
		fetch.SinkFunc(func(r *fetch.Record) error { last = r; return nil }), o)
	if err != nil || s.Succeeded != int64(len(requests)) {
		return nil
	}
	return last
}

// serveWithRanges serves one body, with Range requests and an ETag.
func serveWithRanges(t *testing.T, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(body))
	}))
	t.Cleanup(server.Close)
	return server.URL
}
