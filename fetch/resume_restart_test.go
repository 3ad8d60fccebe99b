package fetch

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/coding/codingtest"
	"batchfetch/fetch/nettest"
)

// writeWhole writes a body with its Content-Length.
func writeWhole(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = io.WriteString(w, text)
}

// TestServersThatDoNotContinue checks that the body is right in the end, without a retry, whatever the server sends in
// place of the rest.
func TestServersThatDoNotContinue(t *testing.T) {
	body, other := numberedText(100_000), strings.ToUpper(numberedText(90_000))
	sum := sha256.Sum256([]byte(body))
	partial := func(w http.ResponseWriter, ranges, tag, text string) {
		w.Header().Set("Content-Range", ranges)
		w.Header().Set("ETag", tag)
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		w.WriteHeader(http.StatusPartialContent)
		_, _ = io.WriteString(w, text)
	}
	bare := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	raw := func(text string) http.HandlerFunc { // the bytes of a response, after which the connection is closed
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			nettest.Say(conn, text)
			_ = conn.Close()
		}
	}
	for _, tt := range []struct {
		name      string
		part      string // empty: the first 1000 bytes
		modified  string // the Last-Modified that the part began with
		rest      http.HandlerFunc
		whole     string // served to requests without a range; empty is body
		unsummed  bool   // the Request has no hash
		from      int
		exchanges int64
	}{
		{name: "as it should", exchanges: 1, from: 1000, rest: func(w http.ResponseWriter, _ *http.Request) {
			partial(w, "bytes 1000-99999/100000", `"first"`, body[1000:])
		}},
		{name: "another body by now", exchanges: 1, whole: other, rest: func(w http.ResponseWriter, _ *http.Request) {
			writeWhole(w, other)
		}},
		{name: "no ranges", exchanges: 1, rest: func(w http.ResponseWriter, _ *http.Request) {
			writeWhole(w, body)
		}},
		{name: "If-Range is not heeded", exchanges: 2, whole: other, rest: func(w http.ResponseWriter, _ *http.Request) {
			partial(w, "bytes 1000-89999/90000", `"second"`, other[1000:])
		}},
		{name: "another total", exchanges: 2, whole: other, rest: func(w http.ResponseWriter, _ *http.Request) {
			partial(w, "bytes 1000-89999/90000", `"first"`, other[1000:])
		}},
		{name: "from another byte", exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) {
			partial(w, "bytes 999-99999/100000", `"first"`, body[999:])
		}},
		{name: "206 without a range", exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(206)
		}},
		{name: "206 of several parts", exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "multipart/byteranges; boundary=x")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, "--x\r\nContent-Range: bytes 1000-99999/100000\r\n\r\n"+body[1000:]+"\r\n--x--")
		}},
		{name: "416", exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(416) }},
		{name: "204", exchanges: 2, rest: bare(204)},
		{name: "205", exchanges: 2, rest: bare(205)},
		{name: "304", exchanges: 2, rest: bare(304)},
		{name: "202", exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, "it will be there soon")
		}},
		{name: "a page that says no", exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) {
			writeWhole(w, "no")
		}},
		{name: "a redirect", exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(http.StatusFound)
			_, _ = io.WriteString(w, "not so")
		}},
		{name: "400", exchanges: 2, rest: bare(400)},
		{name: "401", exchanges: 2, rest: bare(401)},
		{name: "403", exchanges: 2, rest: bare(403)},
		{name: "404", exchanges: 2, rest: bare(404)},
		{name: "412", exchanges: 2, rest: bare(412)},
		{name: "500", exchanges: 2, rest: bare(500)},
		{name: "501", exchanges: 2, rest: bare(501)},
		{name: "503", exchanges: 2, rest: bare(503)},
		{name: "a closed connection", exchanges: 2, rest: raw("")},
		{name: "half a header", exchanges: 2, rest: raw("HTTP/1.1 206 Partial Content\r\nETag: \"fi")},
		{name: "a negative length", exchanges: 2,
			rest: raw("HTTP/1.1 206 Partial Content\r\nContent-Length: -1000\r\n" +
				"Content-Range: bytes 1000-99999/100000\r\nETag: \"first\"\r\n\r\n")},
		{name: "a rest that breaks off before its first byte", exchanges: 2,
			rest: raw("HTTP/1.1 206 Partial Content\r\nContent-Length: 99000\r\n" +
				"Content-Range: bytes 1000-99999/100000\r\nETag: \"first\"\r\n\r\n")},
		{name: "200 without a body", exchanges: 2, rest: bare(200)},
		{name: "200 with the rest, called so", exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 1000-99999/100000")
			writeWhole(w, body[1000:])
		}},
		{name: "200 with the rest, not called so", exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"first"`)
			writeWhole(w, body[1000:])
		}},
		{name: "200 with the rest under a tag of its own", unsummed: true, exchanges: 2,
			rest: func(w http.ResponseWriter, _ *http.Request) { // webpack-dev-middleware 8.6
				w.Header().Set("ETag", `"18208-rest"`)
				writeWhole(w, body[1000:])
			}},
		{name: "200 with another body that is shorter", unsummed: true, whole: other[:90_000], exchanges: 1,
			rest: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("ETag", `"other"`)
				writeWhole(w, other[:90_000])
			}},
		{name: "200 with all, called a range", exchanges: 1, rest: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 0-99999/100000")
			writeWhole(w, body)
		}},
		{name: "another date under the same tag", modified: olderDate, exchanges: 2, whole: other,
			rest: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Last-Modified", newerDate)
				partial(w, "bytes 1000-99999/100000", `"first"`, other[1000:])
			}},
		{name: "the same date", modified: olderDate, exchanges: 1, from: 1000,
			rest: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Last-Modified", olderDate)
				partial(w, "bytes 1000-99999/100000", `"first"`, body[1000:])
			}},
		{name: "a coded rest", exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			partial(w, "bytes 1000-99999/100000", `"first"`, codingtest.Encode(t, body[1000:], "gzip"))
		}},
		{name: "more than the rest", unsummed: true, exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) {
			partial(w, "bytes 1000-99999/100000", `"first"`, body[1000:]+"x")
		}},
		{name: "a rest of another body", exchanges: 2, rest: func(w http.ResponseWriter, _ *http.Request) {
			partial(w, "bytes 1000-99999/100000", `"first"`, strings.ToUpper(body[1000:]))
		}},
		{name: "a part with all its bytes", part: body, exchanges: 1, from: 99_999,
			rest: func(w http.ResponseWriter, r *http.Request) {
				if got := r.Header.Get("Range"); got != "bytes=99999-" {
					t.Errorf("requested %q", got)
				}
				partial(w, "bytes 99999-99999/100000", `"first"`, body[99_999:])
			}},
		{name: "a part of one byte that is all", part: "x", whole: "y", exchanges: 1},
		{name: "a part with more than all its bytes", part: body + "x", exchanges: 1},
		{name: "a part of another body", part: other[:1000], exchanges: 2,
			rest: func(w http.ResponseWriter, _ *http.Request) {
				partial(w, "bytes 1000-99999/100000", `"first"`, body[1000:])
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			whole := tt.whole
			if whole == "" {
				whole = body
			}
			var exchanges int64
			url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
				exchanges++
				if r.Header.Get("Range") != "" {
					tt.rest(w, r)
					return
				}
				writeWhole(w, whole)
			})
			store := newMemoryStore()
			store.partials["x"] = &storedPart{body[:1000], PartialInfo{
				Validator: `"first"`, LastModified: tt.modified, Total: 100_000, URL: url}}
			if tt.part != "" {
				store.partials["x"].bytes = tt.part
			}
			if len(whole) == 1 {
				store.partials["x"].info.Total = 1
			}
			request := Request{URL: url}
			if whole == body && !tt.unsummed {
				request.SHA256 = hex.EncodeToString(sum[:])
			}
			r := runWithStore(t, store, request, noRetryOptions(nil))
			wantWholeBody(t, store, r, whole, tt.from)
			if exchanges != tt.exchanges || r.Attempts != 1 {
				t.Errorf("%d exchanges, want %d; %d attempts", exchanges, tt.exchanges, r.Attempts)
			}
		})
	}
}

// TestContinuedByWeakTag checks that a file with a weak tag is continued without If-Range, where its tag and its date
// are the same still, and requested anew where they are not.
func TestContinuedByWeakTag(t *testing.T) {
	body, other := numberedText(300_000), strings.ToUpper(numberedText(300_000))
	for _, changed := range []bool{false, true} {
		t.Run(fmt.Sprintf("changed: %t", changed), func(t *testing.T) {
			var requests []string
			modified := time.Now().Add(-time.Hour)
			url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
				requests = append(requests, strings.TrimSpace(r.Header.Get("Range")+" "+r.Header.Get("If-Range")))
				text, tag := body, `W/"1"`
				if changed && len(requests) > 1 {
					text, tag = other, `W/"2"`
				}
				w.Header().Set("ETag", tag)
				if len(requests) == 1 {
					w = &cutWriter{w, 100_000}
				}
				http.ServeContent(w, r, "", modified, strings.NewReader(text))
			})
			store := newMemoryStore()
			r := runWithStore(t, store, Request{URL: url}, withRetries(1))
			whole, from, want := body, 100_000, []string{"", "bytes=100000-"}
			if changed {
				whole, from, want = other, 0, []string{"", "bytes=100000-", ""}
			}
			wantWholeBody(t, store, r, whole, from)
			if !slices.Equal(requests, want) {
				t.Errorf("requested %q, want %q", requests, want)
			}
		})
	}
}

// TestRestartedOnce checks that a partial body that can't be removed is not used a second time.
func TestRestartedOnce(t *testing.T) {
	exchanges := 0
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		exchanges++
		if r.Header.Get("Range") != "" {
			w.WriteHeader(416)
			return
		}
		_, _ = io.WriteString(w, "whole")
	})
	store := newMemoryStore()
	store.cannotRemove = true
	store.partials["x"] = &storedPart{"part", PartialInfo{Validator: `"first"`, Total: 100, URL: url}}
	r := runWithStore(t, store, Request{URL: url}, noRetryOptions(nil))
	if r.Failure != nil || store.bodies["x"] != "whole" || exchanges != 2 || r.Attempts != 1 {
		t.Errorf("%v, kept %q after %d exchanges", r.Failure, store.bodies["x"], exchanges)
	}
}

// TestPartsOfTheRest checks that the rest of a body is requested part by part where the server sends no more at once,
// without a wait or a further attempt for each.
func TestPartsOfTheRest(t *testing.T) {
	const most = 100_000
	body := numberedText(10 * most)
	exchanges := 0
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		exchanges++
		var first int
		_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &first)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, first+most-1, len(body)))
		w.Header().Set("ETag", `"first"`)
		w.Header().Set("Content-Length", fmt.Sprint(most))
		w.WriteHeader(http.StatusPartialContent)
		_, _ = io.WriteString(w, body[first:first+most])
	})
	store := newMemoryStore()
	store.partials["x"] = &storedPart{body[:most], PartialInfo{Validator: `"first"`, Total: 10 * most, URL: url}}
	r := runWithStore(t, store, Request{URL: url}, noRetryOptions(nil))
	wantWholeBody(t, store, r, body, 9*most)
	if r.Attempts != 1 || exchanges != 9 {
		t.Errorf("%d attempts, %d exchanges", r.Attempts, exchanges)
	}
}

// TestPartialResponseThatIsShort checks that a 206 with less than the rest is kept, and that a retry requests what is
// still missing.
func TestPartialResponseThatIsShort(t *testing.T) {
	body := numberedText(3000)
	var requests []string
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		requests = append(requests, r.Header.Get("Range"))
		var first int
		_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &first)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/3000", first, first+999))
		w.Header().Set("ETag", `"first"`)
		w.WriteHeader(http.StatusPartialContent)
		_, _ = io.WriteString(w, body[first:first+1000])
	})
	store := newMemoryStore()
	store.partials["x"] = &storedPart{body[:1000], PartialInfo{Validator: `"first"`, Total: 0, URL: url}}
	wantWholeBody(t, store, runWithStore(t, store, Request{URL: url}, withRetries(1)), body, 2000)
	if !slices.Equal(requests, []string{"bytes=1000-", "bytes=2000-"}) {
		t.Errorf("requested %q", requests)
	}
}
