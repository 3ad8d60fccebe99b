package fetch

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/cache"
)

// cacheRig runs one run after the other over one cache in virtual time, and records the requests that their origin
// gets.
type cacheRig struct {
	*testing.T
	dir      string
	store    cache.Store
	pages    map[string]func(*http.Request) *http.Response // responses by path; nil is a network that is down
	mu       sync.Mutex
	requests []string
	summary  Summary
	records  []*Record // of the last run
}

// withCacheRig runs a test with a new cacheRig in virtual time.
func withCacheRig(t *testing.T, test func(*cacheRig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		store, err := cache.OpenDisk(dir, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		test(&cacheRig{T: t, dir: dir, store: store, pages: make(map[string]func(*http.Request) *http.Response)})
	})
}

// setPage sets the response for path. headers are names and values in turn.
func (rig *cacheRig) setPage(path string, status int, body string, headers ...string) {
	rig.pages[path] = func(*http.Request) *http.Response { return withDate(newResponse(status, body, headers...)) }
}

// setTagged sets the response for path, with an entity tag: 304 if the request has it in If-None-Match.
func (rig *cacheRig) setTagged(path, tag, body string, headers ...string) {
	rig.pages[path] = func(r *http.Request) *http.Response {
		if slices.Contains(r.Header["If-None-Match"], tag) {
			return withDate(newResponse(304, "", append(headers, "Etag", tag)...))
		}
		return withDate(newResponse(200, body, append(headers, "Etag", tag)...))
	}
}

// withDate adds a Date with the present time.
func withDate(r *http.Response) *http.Response {
	r.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	return r
}

// RoundTrip implements http.RoundTripper. It counts the request.
func (rig *cacheRig) RoundTrip(r *http.Request) (*http.Response, error) {
	rig.mu.Lock()
	rig.requests = append(rig.requests, r.Method+" "+r.URL.Path)
	page := rig.pages[r.URL.Path]
	rig.mu.Unlock()
	if page == nil {
		return nil, errors.New("no network")
	}
	return page(r), nil
}

// run runs lines, relative to http://a.test if they are paths, and returns the outcome of each in their order: the
// cache's part, the status and the body, with a ? in front if it is unchanged; or the failure's kind. It starts the
// count of requests at zero.
func (rig *cacheRig) run(change func(*Options), lines ...string) []string {
	rig.Helper()
	rig.requests = nil
	for i, line := range lines {
		if strings.HasPrefix(line, "/") {
			lines[i] = "http://a.test" + line
		}
	}
	var sink recorder
	o := options(func(o *Options) {
		o.Cache, o.Retries = rig.store, 0
		if change != nil {
			change(o)
		}
	})
	s, err := runWithClient(rig.Context(), linesOf(lines...), &sink, o, rig)
	if err != nil {
		rig.Fatal(err)
	}
	wantSum(rig.T, s, len(sink.records))
	rig.summary, rig.records = s, sink.records
	outcomes := make([]string, len(lines))
	for i, r := range sink.records {
		text := fmt.Sprintf("%s %d %s", r.Cache, r.Status, sink.bodies[i])
		if r.Failure != nil {
			text = string(r.Failure.Kind)
		}
		if r.Unchanged {
			text = "?" + text
		}
		outcomes[r.Seq] = text
	}
	return outcomes
}

// want runs lines and compares their outcomes and the number of requests that the origin got.
func (rig *cacheRig) want(requests int, want string, change func(*Options), lines ...string) {
	rig.Helper()
	got := strings.Join(rig.run(change, lines...), "; ")
	if got != want || len(rig.requests) != requests {
		rig.Errorf("got %q, requests %q\nwant %q, %d requests", got, rig.requests, want, requests)
	}
}

// entryFiles returns the names of the files of all entries.
func (rig *cacheRig) entryFiles() []string {
	names, err := filepath.Glob(filepath.Join(rig.dir, "v1", "??", "*"))
	if err != nil {
		rig.Fatal(err)
	}
	return names
}
