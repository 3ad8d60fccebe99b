package fetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/coding/codingtest"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/nettest"
)

// TestPartialBodiesAfterErrors checks after which statuses a partial body is kept: after those that a later attempt may
// not get.
func TestPartialBodiesAfterErrors(t *testing.T) {
	for code, stays := range map[int]bool{400: false, 401: true, 403: true, 404: false, 408: true, 410: false, 425: true,
		429: true, 500: true, 503: true, 204: false} {
		url := startServer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
		store := newMemoryStore()
		store.partials["x"] = &storedPart{"part", PartialInfo{Validator: `"first"`, Total: 100, URL: url}}
		o := noRetryOptions(func(o *Options) { o.RetryOn = judge.RetryOn{} })
		r := runWithStore(t, store, Request{URL: url}, o)
		if r.Status != code || (len(store.partials) == 1) != stays {
			t.Errorf("after %d %d partial bodies are left", r.Status, len(store.partials))
		}
	}
	body := numberedText(1000)
	origin := newRangeServer(t, body)
	origin.server.Start()
	busy := 2 // the request for the rest, and that for the whole
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		if busy > 0 {
			busy--
			w.WriteHeader(404)
			return
		}
		origin.ServeHTTP(w, r)
	})
	store, o := newMemoryStore(), withRetries(1)
	store.partials["x"] = &storedPart{body[:10], PartialInfo{Validator: `"first"`, Total: 1000, URL: url}}
	o.RetryOn.Statuses = judge.Statuses{{404, 404}}
	// a 404 that is retried removes nothing
	wantWholeBody(t, store, runWithStore(t, store, Request{URL: url}, o), body, 10)
}

// partialURLOf returns a URL in the form that PartialInfo.At has.
func partialURLOf(t *testing.T, text string) string {
	t.Helper()
	u, err := httpurl.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return partialURL(u)
}

// TestPartialBodiesKept checks that a partial body is kept if a response that could be continued broke off, and after
// no other failure.
func TestPartialBodiesKept(t *testing.T) {
	t.Parallel()
	const start = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n"
	for _, tt := range []struct {
		name, says string
		with       func(*Options)
		hold       bool // the connection stays open and sends nothing more
		request    Request
		kind       failure.Kind
		kept       bool
	}{
		{name: "cut off", says: start + "ETag: \"a\"\r\n\r\nhalf", kind: failure.Truncated, kept: true},
		{name: "by its date", says: start + "Last-Modified: " + olderDate + "\r\nDate: " + newerDate + "\r\n\r\nhalf",
			kind: failure.Truncated, kept: true},
		{name: "in chunks", says: "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
			kind: failure.Truncated, kept: true},
		{name: "out of time", says: start + "ETag: \"a\"\r\n\r\nhalf", hold: true, with: func(o *Options) {
			o.Timeout = ampleLimit
		}, kind: failure.Timeout, kept: true},
		{name: "stalled", says: start + "ETag: \"a\"\r\n\r\nhalf", hold: true, with: func(o *Options) {
			o.StallTimeout = ampleLimit
		}, kind: failure.Stalled, kept: true},
		{name: "before its first byte", says: start + "ETag: \"a\"\r\n\r\n", kind: failure.Truncated},
		{name: "without a validator", says: start + "\r\nhalf", kind: failure.Truncated},
		{name: "weak", says: start + "ETag: W/\"a\"\r\n\r\nhalf", kind: failure.Truncated},
		{name: "without ranges", says: start + "ETag: \"a\"\r\nAccept-Ranges: none\r\n\r\nhalf", kind: failure.Truncated},
		{name: "coded", says: start + "ETag: \"a\"\r\nContent-Encoding: gzip\r\n\r\n" +
			codingtest.Encode(t, sampleText, "gzip")[:5], kind: failure.Truncated},
		{name: "coded, and not decoded", says: start + "ETag: \"a\"\r\nContent-Encoding: gzip\r\n\r\nhalf",
			with: func(o *Options) { o.Identity = true }, kind: failure.Truncated, kept: true},
		{name: "another status", says: "HTTP/1.1 203 OK\r\nContent-Length: 10\r\nETag: \"a\"\r\n\r\nhalf",
			kind: failure.Truncated},
		{name: "a POST", says: start + "ETag: \"a\"\r\n\r\nhalf", request: Request{Method: "POST"}, kind: failure.Truncated},
		{name: "a body sent", says: start + "ETag: \"a\"\r\n\r\nhalf", request: Request{Method: "GET", Body: []byte("x")},
			kind: failure.Truncated},
		{name: "a range of its own", says: strings.Replace(start, "200", "206", 1) + "ETag: \"a\"\r\n\r\nhalf",
			request: Request{Header: headerOf("Range", "bytes=5-")}, kind: failure.Truncated},
		{name: "a range by flag", says: start + "ETag: \"a\"\r\n\r\nhalf", with: func(o *Options) {
			o.Header = headerOf("Range", "bytes=5-")
		}, kind: failure.Truncated},
		{name: "too large", says: start + "ETag: \"a\"\r\n\r\nhalf", with: func(o *Options) { o.MaxBody = 3 },
			kind: failure.TooLarge},
		{name: "a wrong hash", says: strings.Replace(start, "10", "4", 1) + "ETag: \"a\"\r\n\r\nhalf",
			request: Request{SHA256: strings.Repeat("0", 64)}, kind: failure.Checksum},
		{name: "no chunk",
			says: "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", kind: failure.Protocol},
		{name: "no chunk behind another",
			says: "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nnonsense\r\n",
			kind: failure.Truncated, kept: true},
		{name: "a chunk that is longer than it says",
			says: "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf and more\r\n",
			kind: failure.Protocol},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			over := make(chan struct{})
			origin := newRangeServer(t, "") // its handler is set below
			origin.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // unread bytes would make the close a reset
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				nettest.Say(conn, tt.says)
				if tt.hold {
					<-over
				}
				_ = conn.Close()
			})
			origin.server.Start()
			store := newMemoryStore()
			tt.request.URL = origin.server.URL + "/a?secret"
			r := runWithStore(t, store, tt.request, noRetryOptions(tt.with))
			close(over)
			if kindOf(r) != tt.kind || (len(store.partials) == 1) != tt.kept {
				t.Fatalf("%s, %d partial bodies are left: %v", kindOf(r), len(store.partials), r.Failure)
			}
			if left := store.partials["x"]; tt.kept && (left.bytes != "half" ||
				left.info.URL != partialURLOf(t, origin.server.URL+"/a?secret") || strings.Contains(left.info.URL, "secret") ||
				left.info.Total > 10) {
				t.Errorf("kept %+v", left)
			}
		})
	}
}

// TestNewBodyReplacesAPartialBody checks that a new body that breaks off replaces an earlier partial body and is
// continued.
func TestNewBodyReplacesAPartialBody(t *testing.T) {
	body := numberedText(100_000)
	origin, store := newRangeServer(t, body, 500), newMemoryStore()
	origin.server.Start()
	store.partials["x"] = &storedPart{"of an earlier body", PartialInfo{
		Validator: `"earlier"`, Total: 200, URL: origin.server.URL}}
	if r := runWithStore(t, store, Request{URL: origin.server.URL}, noRetryOptions(nil)); r.Status != 200 ||
		store.partials["x"] == nil || store.partials["x"].bytes != body[:500] {
		t.Fatalf("%d, kept %+v", r.Status, store.partials["x"])
	}
	wantWholeBody(t, store, runWithStore(t, store, Request{URL: origin.server.URL}, noRetryOptions(nil)), body, 500)
	wantRanges(t, origin, `bytes=18- "earlier"`, `bytes=500- "first"`)
}

// TestContinuedBesideTheCache checks that a new body of a page that is stored in the cache is continued where it broke
// off, by a retry and by the next run, and not asked for by the conditions of the one that is stored.
func TestContinuedBesideTheCache(t *testing.T) {
	stored, err := cache.OpenDisk(t.TempDir(), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	body := numberedText(3000)
	origin, store := newRangeServer(t, "an earlier body"), newMemoryStore()
	origin.server.Start()
	run := func(retries int) *Record {
		o := withRetries(retries)
		o.Cache = stored
		return runWithStore(t, store, Request{URL: origin.server.URL}, o)
	}
	wantWholeBody(t, store, run(0), "an earlier body", 0)
	origin.mu.Lock()
	origin.body, origin.tag, origin.cuts = body, `"second"`, []int{1000, 1000}
	origin.mu.Unlock()
	if r := run(1); kindOf(r) != failure.Truncated {
		t.Fatalf("%v", r.Failure)
	}
	wantWholeBody(t, store, run(0), body, 2000)
	wantRanges(t, origin, "", "", `bytes=1000- "second"`, `bytes=2000- "second"`)
}

// TestRequestsWithTheirOwnRange checks that a request with a Range of its own neither looks for a partial body nor
// changes it.
func TestRequestsWithTheirOwnRange(t *testing.T) {
	body := numberedText(1000)
	origin, store := newRangeServer(t, body), newMemoryStore()
	origin.server.Start()
	store.partials["x"] = &storedPart{body[:400], PartialInfo{Validator: `"first"`, Total: 1000, URL: origin.server.URL}}
	r := runWithStore(t, store, Request{URL: origin.server.URL, Header: headerOf("Range", "bytes=10-19")},
		noRetryOptions(nil))
	if r.Failure != nil || r.Status != 206 || store.bodies["x"] != body[10:20] || r.ResumedFrom != 0 ||
		len(store.partials) != 1 {
		t.Errorf("%d, kept %q, %v", r.Status, store.bodies["x"], r.Failure)
	}
	wantRanges(t, origin, "bytes=10-19 ")
}

// TestUnreadablePartialBody checks that a partial body that can't be read is fetched from its start, and that one that
// is being read when the run stops is kept.
func TestUnreadablePartialBody(t *testing.T) {
	body := numberedText(1000)
	origin, store := newRangeServer(t, body), newMemoryStore()
	origin.server.Start()
	lay := func(read readerFunc) {
		store.partials["x"] = &storedPart{body[:400], PartialInfo{
			Validator: `"first"`, Total: 1000, URL: origin.server.URL}}
		store.partialReader = read
	}
	lay(func([]byte) (int, error) { return 0, errors.New("the disk is gone") })
	wantWholeBody(t, store, runWithStore(t, store, Request{URL: origin.server.URL}, noRetryOptions(nil)), body, 0)
	lay(func([]byte) (int, error) { return 0, io.EOF })
	wantWholeBody(t, store, runWithStore(t, store, Request{URL: origin.server.URL}, noRetryOptions(nil)), body, 0)
	wantRanges(t, origin, "", "")

	ctx, cancel := context.WithCancel(t.Context())
	lay(func(p []byte) (int, error) { cancel(); return 1, nil })
	var sink recorder
	_, err := Run(ctx, sourceOf(Request{URL: origin.server.URL, Path: "x"}), &sink,
		noRetryOptions(func(o *Options) { o.BodyStore = store }))
	if err == nil || sink.kinds() != "canceled" || len(store.partials) != 1 || store.unreleased != 0 {
		t.Errorf("%s, %d partial bodies are left, %d not released, %v",
			sink.kinds(), len(store.partials), store.unreleased, err)
	}
	wantRanges(t, origin)
}

// TestCanceledBodiesAreContinued checks that a body during which a run was stopped is continued by the next run.
func TestCanceledBodiesAreContinued(t *testing.T) {
	body := numberedText(100_000)
	origin, store, over := newRangeServer(t, body), newMemoryStore(), make(chan struct{})
	stops := true
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		if !stops {
			origin.ServeHTTP(w, r)
			return
		}
		stops = false
		w.Header().Set("ETag", `"first"`)
		w.Header().Set("Content-Length", "100000")
		_, _ = io.WriteString(w, body[:5000])
		_ = http.NewResponseController(w).Flush()
		<-over
	})
	ctx, cancel := context.WithCancel(t.Context())
	store.onWrite = func(all int) {
		if all == 5000 {
			cancel()
		}
	}
	var sink recorder
	_, err := Run(ctx, sourceOf(Request{URL: url, Path: "x"}), &sink,
		noRetryOptions(func(o *Options) { o.BodyStore = store }))
	close(over)
	if err == nil || sink.kinds() != "canceled" || store.partials["x"] == nil || store.partials["x"].bytes != body[:5000] {
		t.Fatalf("%s, %v, kept %v", sink.kinds(), err, store.partials["x"] != nil)
	}
	wantWholeBody(t, store, runWithStore(t, store, Request{URL: url}, noRetryOptions(nil)), body, 5000)
}
