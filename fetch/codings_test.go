package fetch

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"batchfetch/fetch/failure"
)

// text is the body under every coding here: long enough that a cut falls into the middle.
var text = strings.Repeat("All happy families are alike; each unhappy family is unhappy in its own way.\n", 500)

// coded is text under codings, in the order in which they are applied.
func coded(t testing.TB, text string, codings ...string) string {
	t.Helper()
	for _, coding := range codings {
		var out bytes.Buffer
		var w io.WriteCloser
		var err error
		switch coding {
		case "gzip":
			w = gzip.NewWriter(&out)
		case "br":
			w = brotli.NewWriterLevel(&out, 2)
		case "zstd":
			w, err = zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
		case "zlib":
			w = zlib.NewWriter(&out)
		case "flate":
			w, err = flate.NewWriter(&out, 6)
		}
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		text = out.String()
	}
	return text
}

func corrupt(body string) string {
	broken := []byte(body)
	for i := len(broken) / 2; i < len(broken)/2+8; i++ {
		broken[i] ^= 0xff
	}
	return string(broken)
}

// serve answers every request alike. Its server ends with the test.
func serve(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// quick are options for one exchange.
func quick(change func(*Options)) Options {
	return *options(func(o *Options) {
		o.Retries, o.Adaptive = 0, false
		if change != nil {
			change(o)
		}
	})
}

// one runs one request over a real socket.
func one(t testing.TB, line string, o Options) (*Record, string) {
	t.Helper()
	var shelf shelf
	if _, err := Run(t.Context(), linesOf(line), &shelf, o); err != nil {
		t.Fatal(err)
	}
	if len(shelf.records) != 1 {
		t.Fatalf("%d records", len(shelf.records))
	}
	return shelf.records[0], shelf.bodies[0]
}

func kindOf(r *Record) failure.Kind {
	if r.Failure == nil {
		return ""
	}
	return r.Failure.Kind
}

func TestContentCodings(t *testing.T) {
	for _, tt := range []struct {
		name, coding, body string
		want               failure.Kind // empty: the text comes out
		empty              bool
	}{
		{name: "none", body: text},
		{name: "identity", coding: "identity", body: text},
		{name: "gzip", coding: "gzip", body: coded(t, text, "gzip")},
		{name: "gzip by its old name", coding: "X-GZip", body: coded(t, text, "gzip")},
		{name: "gzip in two members", coding: "gzip", body: coded(t, text[:1000], "gzip") + coded(t, text[1000:], "gzip")},
		{name: "br", coding: "br", body: coded(t, text, "br")},
		{name: "zstd", coding: "zstd", body: coded(t, text, "zstd")},
		{name: "deflate as the RFC says", coding: "deflate", body: coded(t, text, "zlib")},
		{name: "deflate as some servers say", coding: "deflate", body: coded(t, text, "flate")},
		{name: "one in the other", coding: "gzip, br", body: coded(t, text, "gzip", "br")},
		{name: "three, one of them nothing", coding: "zstd,identity , deflate", body: coded(t, text, "zstd", "zlib")},
		{name: "nothing under gzip", coding: "gzip", empty: true},
		{name: "nothing under br", coding: "br", empty: true},
		{name: "nothing under zstd", coding: "zstd", empty: true},
		{name: "nothing under deflate", coding: "deflate", empty: true},
		{name: "gzip of nothing", coding: "gzip", body: coded(t, "", "gzip"), empty: true},
		{name: "zstd of nothing", coding: "zstd", body: coded(t, "", "zstd"), empty: true},

		{name: "gzip cut short", coding: "gzip", body: coded(t, text, "gzip")[:100], want: failure.Decode},
		{name: "gzip cut in its head", coding: "gzip", body: coded(t, text, "gzip")[:5], want: failure.Decode},
		{name: "br cut short", coding: "br", body: coded(t, text, "br")[:60], want: failure.Decode},
		{name: "zstd cut short", coding: "zstd", body: coded(t, text, "zstd")[:60], want: failure.Decode},
		{name: "zstd cut in its head", coding: "zstd", body: coded(t, text, "zstd")[:3], want: failure.Decode},
		{name: "zlib cut short", coding: "deflate", body: coded(t, text, "zlib")[:100], want: failure.Decode},
		{name: "zlib cut in its head", coding: "deflate", body: coded(t, text, "zlib")[:1], want: failure.Decode},
		{name: "bare deflate cut short", coding: "deflate", body: coded(t, text, "flate")[:100], want: failure.Decode},
		{name: "gzip corrupt", coding: "gzip", body: corrupt(coded(t, text, "gzip")), want: failure.Decode},
		{name: "zstd corrupt", coding: "zstd", body: corrupt(coded(t, text, "zstd")), want: failure.Decode},
		{name: "zlib corrupt", coding: "deflate", body: corrupt(coded(t, text, "zlib")), want: failure.Decode},
		{name: "gzip that is none", coding: "gzip", body: text, want: failure.Decode},
		{name: "unknown", coding: "lzma", body: text, want: failure.Decode},
		{name: "unknown below a known one", coding: "lzma, gzip", body: coded(t, text, "gzip"), want: failure.Decode},
		{name: "too many", coding: "gzip,gzip,gzip,gzip,gzip", body: text, want: failure.Decode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", fmt.Sprint(len(tt.body)))
				if tt.coding != "" {
					w.Header().Set("Content-Encoding", tt.coding)
				}
				_, _ = io.WriteString(w, tt.body)
			})
			r, body := one(t, url, quick(nil))
			if kindOf(r) != tt.want {
				t.Fatalf("got %s: %v", kindOf(r), r.Failure)
			}
			want := text
			if tt.empty {
				want = ""
			}
			if tt.want != "" {
				if r.HasBody || body != "" {
					t.Errorf("a failure has a body of %d bytes", len(body))
				}
				return
			}
			if body != want || !r.HasBody || r.SHA256 != sha256.Sum256([]byte(want)) {
				t.Errorf("got %d bytes, want %d", len(body), len(want))
			}
			if r.Bytes != int64(len(want)) || r.WireBytes != int64(len(tt.body)) {
				t.Errorf("counts %d bytes of %d, %d on the wire of %d", r.Bytes, len(want), r.WireBytes, len(tt.body))
			}
		})
	}
}

// TestCutWireIsNotABrokenCoding: what went wrong is that the connection closed, whatever the decoder made of it.
func TestCutWireIsNotABrokenCoding(t *testing.T) {
	for _, coding := range []string{"gzip", "br", "zstd", "zlib", "flate"} {
		t.Run(coding, func(t *testing.T) {
			body := coded(t, text, coding)
			for _, cut := range []int{0, 1, len(body) / 2, len(body)} {
				url := serve(t, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Encoding", strings.NewReplacer("zlib", "deflate", "flate", "deflate").Replace(coding))
					w.Header().Set("Content-Length", fmt.Sprint(len(body)+1))
					_, _ = io.WriteString(w, body[:cut])
					_ = http.NewResponseController(w).Flush()
					panic(http.ErrAbortHandler)
				})
				if r, _ := one(t, url, quick(nil)); kindOf(r) != failure.Truncated {
					t.Errorf("cut at %d: %s: %v", cut, kindOf(r), r.Failure)
				}
			}
		})
	}
}

func TestIdentityDecodesNothing(t *testing.T) {
	asked := make(chan string, 1)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Get("Accept-Encoding")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, coded(t, text, "gzip"))
	})
	r, body := one(t, url, quick(func(o *Options) { o.Identity = true }))
	if r.Failure != nil || body != coded(t, text, "gzip") {
		t.Errorf("got %d bytes, %v", len(body), r.Failure)
	}
	if got := <-asked; got != "identity" {
		t.Errorf("asks for %q", got)
	}
}

// TestBombIsDefused: a body that decodes to far more than it sends is too_large, and costs no more memory than is allowed.
func TestBombIsDefused(t *testing.T) {
	const size, most = 32 << 20, 1 << 20
	for _, coding := range []string{"gzip", "br", "zstd"} {
		t.Run(coding, func(t *testing.T) {
			bomb := coded(t, strings.Repeat("\x00", size), coding)
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Encoding", coding)
				_, _ = io.WriteString(w, bomb)
			})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r, _ := one(t, url, quick(func(o *Options) { o.MaxBody = most }))
			runtime.ReadMemStats(&after)
			if kindOf(r) != failure.TooLarge {
				t.Fatalf("got %s: %v", kindOf(r), r.Failure)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 24<<20 {
				t.Errorf("allocated %d MiB for a body of 1 MiB at the most", took>>20)
			}
		})
	}
}

func TestMaxBodyIsTheLargestAllowed(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, text) })
	for most, want := range map[int64]failure.Kind{int64(len(text)): "", int64(len(text)) - 1: failure.TooLarge, 1: failure.TooLarge} {
		if r, _ := one(t, url, quick(func(o *Options) { o.MaxBody = most })); kindOf(r) != want {
			t.Errorf("--max-body %d: %s: %v", most, kindOf(r), r.Failure)
		}
	}
}
