package fetch

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/coding/codingtest"
	"batchfetch/fetch/failure"
)

// codingServer serves a body with ranges, and to whom accepts it under gzip without them, as servers do that compress
// as they send. It closes each connection after cut bytes of a response's body.
type codingServer struct {
	t        *testing.T
	body     string
	cut      int
	requests []string // Accept-Encoding and Range
}

// ServeHTTP implements http.Handler.
func (s *codingServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests = append(s.requests, strings.TrimSpace(r.Header.Get("Accept-Encoding")+" "+r.Header.Get("Range")))
	w.Header().Set("Vary", "Accept-Encoding")
	if s.cut > 0 {
		w = &cutWriter{w, s.cut}
	}
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("ETag", `W/"first"`)
		_, _ = w.Write([]byte(codingtest.Encode(s.t, s.body, "gzip")))
		return
	}
	w.Header().Set("ETag", `"first"`)
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(s.body))
}

// newCodingServer starts a codingServer and returns it with its URL.
func newCodingServer(t *testing.T, body string, cut int) (*codingServer, string) {
	t.Helper()
	s := &codingServer{t: t, body: body, cut: cut}
	server := httptest.NewUnstartedServer(s)
	server.Config.ErrorLog = silentLogger()
	server.Start()
	t.Cleanup(server.Close)
	return s, server.URL
}

// TestCodedBodiesThatBreakOff checks that after a coded body has broken off the next attempt asks for it without a
// coding, so that the ones after it can continue it, in the next run too.
func TestCodedBodiesThatBreakOff(t *testing.T) {
	body := numberedText(350_000)
	origin, url := newCodingServer(t, body, 100_000)
	store := newMemoryStore()
	r := runWithStore(t, store, Request{URL: url}, withRetries(2))
	if kindOf(r) != failure.Truncated || store.partials["x"] == nil {
		t.Fatalf("%v, %d partial bodies", r.Failure, len(store.partials))
	}
	wantWholeBody(t, store, runWithStore(t, store, Request{URL: url}, withRetries(1)), body, 300_000)
	if want := []string{acceptedCodings, "identity", "identity bytes=100000-", "identity bytes=200000-",
		"identity bytes=300000-"}; !slices.Equal(origin.requests, want) {
		t.Errorf("requested %q", origin.requests)
	}
}

// TestIdentityIsOurs checks that the coding is asked for again where the plain body can't be continued either, and
// where the server fails at a request for it; and that an Accept-Encoding of the user's own stays.
func TestIdentityIsOurs(t *testing.T) {
	body := numberedText(350_000)
	for _, tt := range []struct {
		name  string
		plain func(w http.ResponseWriter) // the response to a request without a coding
		own   string                      // Accept-Encoding of the Request
		want  []string
	}{
		{name: "no ranges", plain: func(w http.ResponseWriter) {
			w.Header().Set("Accept-Ranges", "none")
			_, _ = (&cutWriter{w, 100_000}).Write([]byte(body))
		}, want: []string{acceptedCodings, "identity", acceptedCodings}},
		{name: "406", plain: func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotAcceptable) },
			want: []string{acceptedCodings, "identity", acceptedCodings}},
		{name: "the user's own", own: "gzip", want: []string{"gzip", "gzip"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var requests []string
			url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
				accepts := r.Header.Get("Accept-Encoding")
				requests = append(requests, accepts)
				w.Header().Set("ETag", `"first"`)
				if accepts == "identity" {
					tt.plain(w)
					return
				}
				w.Header().Set("Content-Encoding", "gzip")
				if len(requests) == 1 {
					w = &cutWriter{w, 70_000}
				}
				_, _ = w.Write([]byte(codingtest.Encode(t, body, "gzip")))
			})
			request, store := Request{URL: url}, newMemoryStore()
			if tt.own != "" {
				request.Header = headerOf("Accept-Encoding", tt.own)
			}
			r := runWithStore(t, store, request, withRetries(len(tt.want)-1))
			if r.Failure != nil || store.bodies["x"] != body || !slices.Equal(requests, tt.want) {
				t.Errorf("%v, %d bytes, requested %q", r.Failure, len(store.bodies["x"]), requests)
			}
		})
	}
}

// hexSum returns the hash of a text as Request.SHA256 has it.
func hexSum(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

// TestPackedFiles checks that a packed file whose packing is declared as a content coding is stored as it comes, with
// its hash in either form, and continued in that form.
func TestPackedFiles(t *testing.T) {
	text := numberedText(300_000)
	packed := codingtest.Encode(t, text, "gzip")
	for _, tt := range []struct {
		name, path, media, coding, disposition string
		body, want                             string // want empty: body
	}{
		{name: "tar.gz, gzip", path: "/x.tar.gz", media: "application/gzip", coding: "x-gzip"},
		{name: "tar.gz, x-gzip", path: "/x.tar.gz", media: "application/x-gzip", coding: "gzip"},
		{name: "tar.gz, tar", path: "/x.tar.gz", media: "application/x-tar", coding: "x-gzip"},
		{name: "tar.gz, bytes", path: "/x.tar.gz", media: "application/octet-stream", coding: "gzip"},
		{name: "tgz without a type", path: "/x.TGZ", coding: "gzip"},
		{name: "gzip under any name", path: "/x", media: "application/gzip; a=b", coding: "gzip"},
		{name: "named elsewhere", path: "/x?id=1", media: "application/octet-stream", coding: "gzip",
			disposition: `attachment; filename="x.tar.gz"`},
		{name: "zstd", path: "/x.tar.zst", media: "application/octet-stream", coding: "zstd",
			body: codingtest.Encode(t, text, "zstd")},
		{name: "a file compressed once more", path: "/x.tar.gz", media: "application/gzip", coding: "gzip",
			body: codingtest.Encode(t, packed, "gzip"), want: packed},
		{name: "a page", path: "/x.csv.gz", media: "text/csv", coding: "gzip", want: text},
		{name: "a tar file compressed", path: "/x.tar", media: "application/x-tar", coding: "gzip", want: text},
		{name: "two codings", path: "/x.tar.gz", media: "application/gzip", coding: "gzip, gzip",
			body: codingtest.Encode(t, packed, "gzip"), want: text},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.body == "" {
				tt.body = packed
			}
			if tt.want == "" {
				tt.want = tt.body
			}
			url := startServer(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = []string{tt.media}
				w.Header().Set("Content-Encoding", tt.coding)
				w.Header().Set("Content-Disposition", tt.disposition)
				_, _ = w.Write([]byte(tt.body))
			})
			for _, sum := range []string{"", hexSum(tt.body), hexSum(tt.want), hexSum(text), hexSum("other")} {
				for _, memory := range []int64{0, 1000} {
					store, request := newMemoryStore(), Request{URL: url + tt.path, SHA256: sum}
					o := noRetryOptions(func(o *Options) { o.BodyMemory = memory })
					r := runWithStore(t, store, request, o)
					double := tt.want == packed && tt.body != packed // text is under two codings
					if (r.Failure == nil) != (sum != hexSum("other") && (sum != hexSum(text) || !double)) ||
						r.Failure == nil && store.bodies["x"] != tt.want {
						t.Errorf("%s: %v, kept %d bytes of %d", sum, r.Failure, len(store.bodies["x"]), len(tt.want))
					}
					var inline []byte
					_, err := Run(t.Context(), sourceOf(request), SinkFunc(func(own *Record) error {
						inline, _ = io.ReadAll(own.OpenBody()) // what is missing is seen below
						if kindOf(own) != kindOf(r) {
							t.Errorf("inline, %s: %v", sum, own.Failure)
						}
						return nil
					}), o)
					if err != nil || r.Failure == nil && string(inline) != tt.want {
						t.Errorf("inline, %s: %v, %d bytes of %d", sum, err, len(inline), len(tt.want))
					}
				}
			}
		})
	}
}

// TestPackedFilesAreContinued checks that a packed file that breaks off is continued in the form in which it is stored,
// and by no run that would store another.
func TestPackedFilesAreContinued(t *testing.T) {
	packed := codingtest.Encode(t, numberedText(900_000), "gzip")
	var ranges []string
	cut := &cutWriter{left: 200_000}
	handler := func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		w.Header().Set("ETag", `"first"`)
		w.Header().Set("Content-Encoding", "x-gzip")
		w.Header().Set("Content-Type", "application/x-gzip")
		if r.Header.Get("Range") == "" { // net/http sets none for a coded body
			w.Header().Set("Content-Length", strconv.Itoa(len(packed)))
		}
		if cut != nil {
			cut.ResponseWriter, w = w, cut
			cut = nil
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(packed))
	}
	url := startServer(t, handler)
	store := newMemoryStore()
	r := runWithStore(t, store, Request{URL: url + "/x.tar.gz", SHA256: hexSum(packed)}, withRetries(1))
	wantWholeBody(t, store, r, packed, 200_000)

	store.partials["x"] = &storedPart{packed[:1000], PartialInfo{Validator: `"first"`, Coding: "x-gzip",
		Total: int64(len(packed)), URL: partialURLOf(t, url+"/x.tar.gz")}}
	r = runWithStore(t, store, Request{URL: url + "/x.tar.gz"}, noRetryOptions(nil))
	wantWholeBody(t, store, r, packed, 1000)

	for _, other := range []string{"gzip", ""} {
		store.partials["x"] = &storedPart{packed[:1000], PartialInfo{Validator: `"first"`, Coding: other,
			Total: int64(len(packed)), URL: partialURLOf(t, url+"/x.tar.gz")}}
		r = runWithStore(t, store, Request{URL: url + "/x.tar.gz"}, noRetryOptions(nil))
		wantWholeBody(t, store, r, packed, 0)
	}
	if want := []string{"", "bytes=200000-", "bytes=1000-", "bytes=1000-", "", "bytes=1000-", ""}; !slices.Equal(ranges,
		want) {
		t.Errorf("requested %q", ranges)
	}
}

// TestLeftCodingIsOfOneRun checks that a part that is stored under a coding is not continued by a run that takes the
// coding off.
func TestLeftCodingIsOfOneRun(t *testing.T) {
	text := numberedText(300_000)
	coded := codingtest.Encode(t, text, "gzip")
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"first"`)
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "text/csv")
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(coded))
	})
	for _, identity := range []bool{true, false} {
		t.Run(fmt.Sprintf("left on: %t", identity), func(t *testing.T) {
			store := newMemoryStore()
			store.partials["x"] = &storedPart{coded[:1000], PartialInfo{Validator: `"first"`, Coding: "gzip",
				Total: int64(len(coded)), URL: url}}
			r := runWithStore(t, store, Request{URL: url}, noRetryOptions(func(o *Options) { o.Identity = identity }))
			if identity {
				wantWholeBody(t, store, r, coded, 1000)
			} else if r.Failure != nil || store.bodies["x"] != text || len(store.partials) > 0 {
				t.Errorf("%v, kept %d bytes of %d", r.Failure, len(store.bodies["x"]), len(text))
			}
		})
	}
}
