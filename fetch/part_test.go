package fetch

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net/http"
	"slices"
	"strings"
	"testing"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

func silence() *log.Logger { return log.New(io.Discard, "", 0) }

// keep runs one request whose body is kept as "x".
func keep(t testing.TB, c *memoryStore, r Request, o Options) *Record {
	t.Helper()
	var shelf shelf
	o.BodyStore, r.Path = c, "x"
	s, err := Run(t.Context(), byHand(r), &shelf, o)
	if err != nil || !s.Complete || len(shelf.records) != 1 || c.lent != 0 {
		t.Fatalf("%d records, %d not let go of, %+v, %v", len(shelf.records), c.lent, s, err)
	}
	return shelf.records[0]
}

// retries are options for so many attempts without a wait.
func retries(n int) Options {
	return *options(func(o *Options) { o.Retries, o.RetryDelay = n, 0 })
}

// wantWhole makes sure that a Record tells of the whole body, of which the last exchange brought all from byte from on.
func wantWhole(t *testing.T, c *memoryStore, r *Record, body string, from int) {
	t.Helper()
	if r.Failure != nil || c.kept["x"] != body || len(c.parts) > 0 {
		t.Fatalf("%v; kept %d of %d bytes, %d parts are left", r.Failure, len(c.kept["x"]), len(body), len(c.parts))
	}
	if r.Bytes != int64(len(body)) || r.SHA256 != sha256.Sum256([]byte(body)) {
		t.Errorf("%d bytes of %d, hash %x", r.Bytes, len(body), r.SHA256)
	}
	if r.ResumedFrom != int64(from) || r.WireBytes != int64(len(body)-from) {
		t.Errorf("resumed from %d, %d over the wire, want from %d", r.ResumedFrom, r.WireBytes, from)
	}
}

func wantAsked(t *testing.T, v *vintner, want ...string) {
	t.Helper()
	if got := v.asked(); !slices.Equal(got, want) {
		t.Errorf("asked for %q, want %q", got, want)
	}
}

// cutPlaces are where a body of 200,001 bytes is cut: at its ends, and at the edges of buffers.
var cutPlaces = []int{0, 1, 2, 511, 4095, 4096, 32767, 32768, 65535, 65536, 65537, 100_000, 131_072, 199_999, 200_000}

// TestContinuedByARetry: wherever the first answer breaks off, the next asks for what is missing, and for no more.
func TestContinuedByARetry(t *testing.T) {
	body := wine(200_001)
	for _, secure := range []bool{false, true} {
		for _, at := range cutPlaces {
			t.Run(fmt.Sprintf("%d, HTTP/2: %t", at, secure), func(t *testing.T) {
				v, c, o := newVintner(t, body, at), newMemoryStore(), retries(1)
				if secure {
					v.server.EnableHTTP2 = true
					v.server.StartTLS()
					o.TLS = v.server.Client().Transport.(*http.Transport).TLSClientConfig
				} else {
					v.server.Start()
				}
				r := keep(t, c, Request{URL: v.server.URL}, o)
				wantWhole(t, c, r, body, at)
				want := []string{"", fmt.Sprintf(`bytes=%d- "first"`, at)}
				if at == 0 {
					want[1] = ""
				}
				wantAsked(t, v, want...)
				if r.Attempts != 2 || (r.Status == 206) != (at > 0) {
					t.Errorf("%d after %d attempts", r.Status, r.Attempts)
				}
			})
		}
	}
}

// TestContinuedByTheNextRun: and by the one after that, each from where the last broke off.
func TestContinuedByTheNextRun(t *testing.T) {
	body := wine(200_001)
	v, c := newVintner(t, body, 1000, 100_000, 1), newMemoryStore()
	v.server.Start()
	for round, have := range []int{1000, 101_000, 101_001} {
		r := keep(t, c, Request{URL: v.server.URL}, quick(nil))
		if r.Failure == nil || r.Bytes != int64(have) || c.parts["x"] == nil || c.parts["x"].bytes != body[:have] {
			t.Fatalf("run %d: %v, %d bytes, kept %v", round, r.Failure, r.Bytes, c.parts["x"] != nil)
		}
		if want := (PartialInfo{`"first"`, 200_001, v.server.URL}); c.parts["x"].mark != want {
			t.Errorf("marked %+v, want %+v", c.parts["x"].mark, want)
		}
	}
	wantWhole(t, c, keep(t, c, Request{URL: v.server.URL}, quick(nil)), body, 101_001)
	wantAsked(t, v, "", `bytes=1000- "first"`, `bytes=101000- "first"`, `bytes=101001- "first"`)
}

// TestServersThatDoNotContinue: whatever comes in place of the rest, the body is right in the end, without a retry.
func TestServersThatDoNotContinue(t *testing.T) {
	body, other := wine(100_000), strings.ToUpper(wine(90_000))
	sum := sha256.Sum256([]byte(body))
	partial := func(w http.ResponseWriter, ranges, tag, text string) {
		w.Header().Set("Content-Range", ranges)
		w.Header().Set("ETag", tag)
		w.WriteHeader(http.StatusPartialContent)
		_, _ = io.WriteString(w, text)
	}
	for _, tt := range []struct {
		name      string
		part      string // empty: the first 1000 bytes
		rest      http.HandlerFunc
		whole     string // what it serves without a range; empty: body
		unsummed  bool   // the request does not say what is right
		from      int
		exchanges int64
	}{
		{name: "as it should", exchanges: 1, from: 1000, rest: func(w http.ResponseWriter, _ *http.Request) {
			partial(w, "bytes 1000-99999/100000", `"first"`, body[1000:])
		}},
		{name: "another body by now", exchanges: 1, whole: other, rest: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, other) }},
		{name: "no ranges", exchanges: 1, rest: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }},
		{name: "If-Range is not heeded", exchanges: 2, whole: other, rest: func(w http.ResponseWriter, _ *http.Request) {
			partial(w, "bytes 1000-89999/90000", `"second"`, other[1000:])
		}},
		{name: "another total", exchanges: 2, whole: other, rest: func(w http.ResponseWriter, _ *http.Request) {
			partial(w, "bytes 1000-89999/90000", `"first"`, other[1000:])
		}},
		{name: "from another byte", exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) {
			partial(w, "bytes 999-99999/100000", `"first"`, body[999:])
		}},
		{name: "206 without a range", exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(206) }},
		{name: "206 of several parts", exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "multipart/byteranges; boundary=x")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, "--x\r\nContent-Range: bytes 1000-99999/100000\r\n\r\n"+body[1000:]+"\r\n--x--")
		}},
		{name: "416", exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(416) }},
		{name: "a coded rest", exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			partial(w, "bytes 1000-99999/100000", `"first"`, coded(t, body[1000:], "gzip"))
		}},
		{name: "more than the rest", unsummed: true, exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) {
			partial(w, "bytes 1000-99999/100000", `"first"`, body[1000:]+"x")
		}},
		{name: "a rest of another body", exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) {
			partial(w, "bytes 1000-99999/100000", `"first"`, strings.ToUpper(body[1000:]))
		}},
		{name: "a part with all its bytes", part: body, exchanges: 1, from: 99_999, rest: func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Range"); got != "bytes=99999-" {
				t.Errorf("asked for %q", got)
			}
			partial(w, "bytes 99999-99999/100000", `"first"`, body[99_999:])
		}},
		{name: "a part of one byte that is all", part: "x", whole: "y", exchanges: 1},
		{name: "a part with more than all its bytes", part: body + "x", exchanges: 1},
		{name: "a part of another body", part: other[:1000], exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) {
			partial(w, "bytes 1000-99999/100000", `"first"`, body[1000:])
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			whole := tt.whole
			if whole == "" {
				whole = body
			}
			var exchanges int64
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				exchanges++
				if r.Header.Get("Range") != "" {
					tt.rest(w, r)
					return
				}
				_, _ = io.WriteString(w, whole)
			})
			c := newMemoryStore()
			c.parts["x"] = &stored{body[:1000], PartialInfo{`"first"`, 100_000, url}}
			if tt.part != "" {
				c.parts["x"].bytes = tt.part
			}
			if len(whole) == 1 {
				c.parts["x"].mark.Total = 1
			}
			request := Request{URL: url}
			if whole == body && !tt.unsummed {
				request.SHA256 = hex.EncodeToString(sum[:])
			}
			r := keep(t, c, request, quick(nil))
			wantWhole(t, c, r, whole, tt.from)
			if exchanges != tt.exchanges || r.Attempts != 1 {
				t.Errorf("%d exchanges, want %d; %d attempts", exchanges, tt.exchanges, r.Attempts)
			}
		})
	}
}

// TestAskedAnewOnce: where a part can't be removed, it is asked for no second time.
func TestAskedAnewOnce(t *testing.T) {
	exchanges := 0
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		exchanges++
		if r.Header.Get("Range") != "" {
			w.WriteHeader(416)
			return
		}
		_, _ = io.WriteString(w, "whole")
	})
	c := newMemoryStore()
	c.stuck, c.parts["x"] = true, &stored{"part", PartialInfo{`"first"`, 100, url}}
	r := keep(t, c, Request{URL: url}, quick(nil))
	if r.Failure != nil || c.kept["x"] != "whole" || exchanges != 2 || r.Attempts != 1 {
		t.Errorf("%v, kept %q after %d exchanges", r.Failure, c.kept["x"], exchanges)
	}
}

// TestRestThatIsShort: what came of it stays, and a retry asks for what is missing still.
func TestRestThatIsShort(t *testing.T) {
	body := wine(3000)
	var asked []string
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Range"))
		var first int
		_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &first)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/3000", first, first+999))
		w.Header().Set("ETag", `"first"`)
		w.WriteHeader(http.StatusPartialContent)
		_, _ = io.WriteString(w, body[first:first+1000])
	})
	c := newMemoryStore()
	c.parts["x"] = &stored{body[:1000], PartialInfo{`"first"`, 0, url}}
	wantWhole(t, c, keep(t, c, Request{URL: url}, retries(1)), body, 2000)
	if !slices.Equal(asked, []string{"bytes=1000-", "bytes=2000-"}) {
		t.Errorf("asked for %q", asked)
	}
}

// TestContinuedBehindARedirect: the range goes to where the bytes came from, whatever leads there, and nowhere else.
func TestContinuedBehindARedirect(t *testing.T) {
	body := wine(1000)
	v := newVintner(t, body, 400)
	v.server.Start()
	token, place := 0, "/file"
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" || r.Header.Get("If-Range") != "" {
			t.Errorf("the first server is asked for %q", r.Header.Get("Range"))
		}
		token++
		http.Redirect(w, r, fmt.Sprintf("%s%s?token=%d", v.server.URL, place, token), http.StatusFound)
	})
	c := newMemoryStore()
	if r := keep(t, c, Request{URL: url}, quick(nil)); r.Failure == nil || c.parts["x"].mark.At != placeAt(t, v.server.URL+"/file?token=1") {
		t.Fatalf("%v, kept %+v", r.Failure, c.parts["x"])
	}
	part := *c.parts["x"]
	known := Request{URL: url, SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(body)))}
	r := keep(t, c, known, quick(nil)) // the query may change: the hash tells
	wantWhole(t, c, r, body, 400)
	if r.Redirects != 1 || r.FinalURL != v.server.URL+"/file?token=2" {
		t.Errorf("%d redirects to %s", r.Redirects, r.FinalURL)
	}
	wantAsked(t, v, "", `bytes=400- "first"`)

	c = newMemoryStore()
	again := part
	c.parts["x"] = &again
	wantWhole(t, c, keep(t, c, Request{URL: url}, quick(nil)), body, 0) // another query may be another resource with the same tag
	wantAsked(t, v, "")

	c, place = newMemoryStore(), "/moved"
	c.parts["x"] = &part
	wantWhole(t, c, keep(t, c, known, quick(nil)), body, 0)
	wantAsked(t, v, "")
}

// TestContinuedWithinTheBound: --max-body is of the whole, and --accept-status 200 takes a rest for it.
func TestContinuedWithinTheBound(t *testing.T) {
	body := wine(1000)
	v := newVintner(t, body)
	v.server.Start()
	for _, tt := range []struct {
		most int64
		from int
		want failure.Kind
	}{{1000, 400, ""}, {999, 400, failure.TooLarge}, {400, 400, failure.TooLarge}, {399, 0, failure.TooLarge}} {
		c := newMemoryStore()
		c.parts["x"] = &stored{body[:400], PartialInfo{`"first"`, 1000, v.server.URL}}
		o := quick(func(o *Options) { o.MaxBody, o.AcceptStatus = tt.most, judge.Statuses{{200, 200}} })
		r := keep(t, c, Request{URL: v.server.URL}, o)
		if kindOf(r) != tt.want || r.ResumedFrom != int64(tt.from) || len(c.parts) > 0 {
			t.Errorf("max-body %d: %s after %d bytes, %d parts are left: %v", tt.most, kindOf(r), r.ResumedFrom, len(c.parts), r.Failure)
		}
	}
}

// TestRestIsAcceptedWhereTheWholeIs: --accept-status that takes neither a 200 nor a 206 takes no rest either.
func TestRestIsAcceptedWhereTheWholeIs(t *testing.T) {
	body := wine(1000)
	v, c := newVintner(t, body), newMemoryStore()
	v.server.Start()
	c.parts["x"] = &stored{body[:400], PartialInfo{`"first"`, 1000, v.server.URL}}
	r := keep(t, c, Request{URL: v.server.URL}, quick(func(o *Options) { o.AcceptStatus = judge.Statuses{{404, 404}} }))
	if kindOf(r) != failure.BadStatus || r.Status != 200 || len(c.kept) > 0 {
		t.Errorf("%d, %d kept: %v", r.Status, len(c.kept), r.Failure)
	}
}

// TestHeaderIsNotWrittenTo: the range of one request is in no other, though they share a header.
func TestHeaderIsNotWrittenTo(t *testing.T) {
	body := wine(1000)
	v, c := newVintner(t, body), newMemoryStore()
	v.server.Start()
	c.parts["x"] = &stored{body[:400], PartialInfo{`"first"`, 1000, v.server.URL}}
	var shelf shelf
	o := quick(func(o *Options) { o.BodyStore, o.Concurrency = c, 1 })
	source := byHand(Request{URL: v.server.URL, Path: "x"}, Request{URL: v.server.URL, Path: "y"})
	if _, err := Run(t.Context(), source, &shelf, o); err != nil || c.kept["x"] != body || c.kept["y"] != body {
		t.Errorf("%v, %s", err, shelf.kinds())
	}
	wantAsked(t, v, `bytes=400- "first"`, "")
}
