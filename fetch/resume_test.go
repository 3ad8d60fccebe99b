package fetch

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// runWithStore runs one Request whose body is stored at "x".
func runWithStore(t testing.TB, store *memoryStore, r Request, o Options) *Record {
	t.Helper()
	var sink recorder
	o.BodyStore, r.Path = store, "x"
	s, err := Run(t.Context(), sourceOf(r), &sink, o)
	if err != nil || !s.Complete || len(sink.records) != 1 || store.unreleased != 0 {
		t.Fatalf("%d records, %d not released, %+v, %v", len(sink.records), store.unreleased, s, err)
	}
	return sink.records[0]
}

// withRetries returns options with n retries and no delay before them.
func withRetries(n int) Options {
	return *options(func(o *Options) { o.Retries, o.RetryDelay = n, 0 })
}

// wantWholeBody checks that a Record and the store have the whole body, of which the last exchange sent the bytes from
// from on.
func wantWholeBody(t *testing.T, store *memoryStore, r *Record, body string, from int) {
	t.Helper()
	if r.Failure != nil || store.bodies["x"] != body || len(store.partials) > 0 {
		t.Fatalf("%v; kept %d of %d bytes, %d partial bodies are left", r.Failure, len(store.bodies["x"]), len(body),
			len(store.partials))
	}
	if r.Bytes != int64(len(body)) || r.SHA256 != sha256.Sum256([]byte(body)) {
		t.Errorf("%d bytes of %d, hash %x", r.Bytes, len(body), r.SHA256)
	}
	if r.ResumedFrom != int64(from) || r.WireBytes != int64(len(body)-from) {
		t.Errorf("resumed from %d, %d over the wire, want from %d", r.ResumedFrom, r.WireBytes, from)
	}
}

// cutPlaces are where a body of 200,001 bytes is cut: at its ends and around the sizes of buffers.
var cutPlaces = []int{0, 1, 2, 511, 4095, 4096, 32767, 32768, 65535, 65536, 65537, 100_000, 131_072, 199_999, 200_000}

// TestContinuedByARetry checks that wherever the first response breaks off, the retry requests only what is missing.
func TestContinuedByARetry(t *testing.T) {
	body := numberedText(200_001)
	for _, secure := range []bool{false, true} {
		for _, at := range cutPlaces {
			t.Run(fmt.Sprintf("%d, HTTP/2: %t", at, secure), func(t *testing.T) {
				origin, store, o := newRangeServer(t, body, at), newMemoryStore(), withRetries(1)
				if secure {
					origin.server.EnableHTTP2 = true
					origin.server.StartTLS()
					o.TLS = origin.server.Client().Transport.(*http.Transport).TLSClientConfig
				} else {
					origin.server.Start()
				}
				r := runWithStore(t, store, Request{URL: origin.server.URL}, o)
				wantWholeBody(t, store, r, body, at)
				want := []string{"", fmt.Sprintf(`bytes=%d- "first"`, at)}
				if at == 0 {
					want[1] = ""
				}
				wantRanges(t, origin, want...)
				if r.Attempts != 2 || (r.Status == 206) != (at > 0) {
					t.Errorf("%d after %d attempts", r.Status, r.Attempts)
				}
			})
		}
	}
}

// TestContinuedByTheNextRun checks that each run continues where the last one broke off.
func TestContinuedByTheNextRun(t *testing.T) {
	body := numberedText(200_001)
	origin, store := newRangeServer(t, body, 1000, 100_000, 1), newMemoryStore()
	origin.server.Start()
	for round, have := range []int{1000, 101_000, 101_001} {
		r := runWithStore(t, store, Request{URL: origin.server.URL}, noRetryOptions(nil))
		if r.Failure == nil || r.Bytes != int64(have) || store.partials["x"] == nil ||
			store.partials["x"].bytes != body[:have] {
			t.Fatalf("run %d: %v, %d bytes, kept %v", round, r.Failure, r.Bytes, store.partials["x"] != nil)
		}
		want := PartialInfo{Validator: `"first"`, Total: 200_001, URL: origin.server.URL}
		if store.partials["x"].info != want {
			t.Errorf("marked %+v, want %+v", store.partials["x"].info, want)
		}
	}
	wantWholeBody(t, store, runWithStore(t, store, Request{URL: origin.server.URL}, noRetryOptions(nil)), body, 101_001)
	wantRanges(t, origin, "", `bytes=1000- "first"`, `bytes=101000- "first"`, `bytes=101001- "first"`)
}

// TestContinuedByDate checks that a file without a tag is continued by its date where Vary names a header that no
// request for it has, as that of PocketBase 0.36.8, and of any file server behind a handler for CORS, names Origin; and
// that it is not where the next run has that header.
func TestContinuedByDate(t *testing.T) {
	body := numberedText(200_001)
	for _, tt := range []struct {
		name, vary string
		next       http.Header // of the second run
		from       int
	}{
		{name: "another origin", vary: "Origin", from: 100_000},
		{name: "no language", vary: "Accept-Language", from: 100_000},
		{name: "a language now", vary: "Accept-Language", next: headerOf("Accept-Language", "de")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			exchanges := 0
			url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Vary", tt.vary)
				if exchanges++; exchanges == 1 {
					w = &cutWriter{w, 100_000}
				}
				http.ServeContent(w, r, "", time.Now().Add(-time.Hour), strings.NewReader(body))
			})
			store := newMemoryStore()
			if r := runWithStore(t, store, Request{URL: url}, noRetryOptions(nil)); r.Failure == nil {
				t.Fatal("the first run has the whole body")
			}
			r := runWithStore(t, store, Request{URL: url}, noRetryOptions(func(o *Options) { o.Header = tt.next }))
			wantWholeBody(t, store, r, body, tt.from)
		})
	}
}

// TestContinuedByBareTag checks that a file whose tag has no quotes is continued without If-Range, where its tag is the
// same still. The server answers as WEBrick 1.8.1 does: no date with a part, and 304 to its own tag in If-Range.
func TestContinuedByBareTag(t *testing.T) {
	body, other := numberedText(300_000), strings.ToUpper(numberedText(300_000))
	for _, changed := range []bool{false, true} {
		t.Run(fmt.Sprintf("changed: %t", changed), func(t *testing.T) {
			exchanges := 0
			url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
				text, tag := body, "9b027d-2dc6c0-6b0d7d19"
				if exchanges++; changed && exchanges > 1 {
					text, tag = other, "9b027d-2dc6c0-6b0d7d20"
				}
				w.Header().Set("Etag", tag)
				switch from := strings.TrimSuffix(strings.TrimPrefix(r.Header.Get("Range"), "bytes="), "-"); {
				case r.Header.Get("If-Range") == tag:
					w.WriteHeader(http.StatusNotModified)
				case from != "":
					at, err := strconv.Atoi(from)
					if err != nil {
						t.Errorf("Range: %v", err)
						return
					}
					w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-299999/300000", at))
					w.Header().Set("Content-Length", strconv.Itoa(300_000-at))
					w.WriteHeader(http.StatusPartialContent)
					_, _ = io.WriteString(w, text[at:])
				default:
					w.Header().Set("Last-Modified", olderDate)
					w.Header().Set("Content-Length", "300000")
					if exchanges == 1 {
						w = &cutWriter{w, 100_000}
					}
					_, _ = io.WriteString(w, text)
				}
			})
			whole, from, want := body, 100_000, 2
			if changed {
				whole, from, want = other, 0, 3
			}
			store := newMemoryStore()
			wantWholeBody(t, store, runWithStore(t, store, Request{URL: url}, withRetries(1)), whole, from)
			if exchanges != want {
				t.Errorf("%d exchanges, want %d", exchanges, want)
			}
		})
	}
}

// TestContinuedAfterARedirect checks that the range is requested only from the URL that sent the first bytes, whatever
// redirects lead there.
func TestContinuedAfterARedirect(t *testing.T) {
	body := numberedText(1000)
	origin := newRangeServer(t, body, 400)
	origin.server.Start()
	token, place := 0, "/file"
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" || r.Header.Get("If-Range") != "" {
			t.Errorf("the first server got the range %q", r.Header.Get("Range"))
		}
		token++
		http.Redirect(w, r, fmt.Sprintf("%s%s?token=%d", origin.server.URL, place, token), http.StatusFound)
	})
	store := newMemoryStore()
	if r := runWithStore(t, store, Request{URL: url}, noRetryOptions(nil)); r.Failure == nil ||
		store.partials["x"].info.URL != partialURLOf(t, origin.server.URL+"/file?token=1") {
		t.Fatalf("%v, kept %+v", r.Failure, store.partials["x"])
	}
	part := *store.partials["x"]
	known := Request{URL: url, SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(body)))}
	r := runWithStore(t, store, known, noRetryOptions(nil)) // the query may change, because the hash identifies the body
	wantWholeBody(t, store, r, body, 400)
	if r.Redirects != 1 || r.FinalURL != origin.server.URL+"/file?token=2" {
		t.Errorf("%d redirects to %s", r.Redirects, r.FinalURL)
	}
	wantRanges(t, origin, "", `bytes=400- "first"`)

	store = newMemoryStore()
	again := part
	store.partials["x"] = &again
	// another query may be another resource with the same tag
	wantWholeBody(t, store, runWithStore(t, store, Request{URL: url}, noRetryOptions(nil)), body, 0)
	wantRanges(t, origin, "")

	store, place = newMemoryStore(), "/moved"
	store.partials["x"] = &part
	wantWholeBody(t, store, runWithStore(t, store, known, noRetryOptions(nil)), body, 0)
	wantRanges(t, origin, "")
}

// TestContinuedWithinTheBound checks that --max-body is the limit of the whole body, and that --accept-status 200 also
// accepts the 206 of a continued one.
func TestContinuedWithinTheBound(t *testing.T) {
	body := numberedText(1000)
	origin := newRangeServer(t, body)
	origin.server.Start()
	for _, tt := range []struct {
		most int64
		from int
		want failure.Kind
	}{{1000, 400, ""}, {999, 400, failure.TooLarge}, {400, 400, failure.TooLarge}, {399, 0, failure.TooLarge}} {
		store := newMemoryStore()
		store.partials["x"] = &storedPart{body[:400], PartialInfo{Validator: `"first"`, Total: 1000, URL: origin.server.URL}}
		o := noRetryOptions(func(o *Options) { o.MaxBody, o.AcceptStatus = tt.most, judge.Statuses{{200, 200}} })
		r := runWithStore(t, store, Request{URL: origin.server.URL}, o)
		if kindOf(r) != tt.want || r.ResumedFrom != int64(tt.from) || len(store.partials) > 0 {
			t.Errorf("max-body %d: %s after %d bytes, %d partial bodies are left: %v", tt.most, kindOf(r), r.ResumedFrom,
				len(store.partials), r.Failure)
		}
	}
}

// TestRestIsAcceptedWhereTheWholeIs checks that with an --accept-status that has neither 200 nor 206 nothing is
// continued.
func TestRestIsAcceptedWhereTheWholeIs(t *testing.T) {
	body := numberedText(1000)
	origin, store := newRangeServer(t, body), newMemoryStore()
	origin.server.Start()
	store.partials["x"] = &storedPart{body[:400], PartialInfo{Validator: `"first"`, Total: 1000, URL: origin.server.URL}}
	r := runWithStore(t, store, Request{URL: origin.server.URL},
		noRetryOptions(func(o *Options) { o.AcceptStatus = judge.Statuses{{404, 404}} }))
	if kindOf(r) != failure.BadStatus || r.Status != 200 || len(store.bodies) > 0 {
		t.Errorf("%d, %d kept: %v", r.Status, len(store.bodies), r.Failure)
	}
}

// TestSharedHeaderIsNotChanged checks that the Range of one request is not in another that shares its header.
func TestSharedHeaderIsNotChanged(t *testing.T) {
	body := numberedText(1000)
	origin, store := newRangeServer(t, body), newMemoryStore()
	origin.server.Start()
	store.partials["x"] = &storedPart{body[:400], PartialInfo{Validator: `"first"`, Total: 1000, URL: origin.server.URL}}
	var sink recorder
	o := noRetryOptions(func(o *Options) { o.BodyStore, o.Concurrency = store, 1 })
	source := sourceOf(Request{URL: origin.server.URL, Path: "x"}, Request{URL: origin.server.URL, Path: "y"})
	if _, err := Run(t.Context(), source, &sink, o); err != nil || store.bodies["x"] != body || store.bodies["y"] != body {
		t.Errorf("%v, %s", err, sink.kinds())
	}
	wantRanges(t, origin, `bytes=400- "first"`, "")
}
