package fetch

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"batchfetch/fetch/failure"
)

// sampleText is the body of the coding tests. It is long enough that a cut falls into the middle of the coded bytes.
var sampleText = strings.Repeat("All happy families are alike; each unhappy family is unhappy in its own way.\n", 500)

// encoded returns text with the content codings applied in their order. deflate is called zlib or flate here, by its
// format.
func encoded(t testing.TB, text string, codings ...string) string {
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

// corrupt flips the bits of eight bytes in the middle of body.
func corrupt(body string) string {
	broken := []byte(body)
	for i := len(broken) / 2; i < len(broken)/2+8; i++ {
		broken[i] ^= 0xff
	}
	return string(broken)
}

func TestContentCodings(t *testing.T) {
	for _, tt := range []struct {
		name, coding, body string
		want               failure.Kind // empty: the body is sampleText
		empty              bool
	}{
		{name: "none", body: sampleText},
		{name: "identity", coding: "identity", body: sampleText},
		{name: "gzip", coding: "gzip", body: encoded(t, sampleText, "gzip")},
		{name: "gzip by its old name", coding: "X-GZip", body: encoded(t, sampleText, "gzip")},
		{name: "gzip in two members", coding: "gzip", body: encoded(t, sampleText[:1000], "gzip") +
			encoded(t, sampleText[1000:], "gzip")},
		{name: "br", coding: "br", body: encoded(t, sampleText, "br")},
		{name: "zstd", coding: "zstd", body: encoded(t, sampleText, "zstd")},
		{name: "deflate as the RFC says", coding: "deflate", body: encoded(t, sampleText, "zlib")},
		{name: "deflate as some servers say", coding: "deflate", body: encoded(t, sampleText, "flate")},
		{name: "one in the other", coding: "gzip, br", body: encoded(t, sampleText, "gzip", "br")},
		{name: "three, one of them nothing", coding: "zstd,identity , deflate", body: encoded(t, sampleText, "zstd", "zlib")},
		{name: "nothing under gzip", coding: "gzip", empty: true},
		{name: "nothing under br", coding: "br", empty: true},
		{name: "nothing under zstd", coding: "zstd", empty: true},
		{name: "nothing under deflate", coding: "deflate", empty: true},
		{name: "gzip of nothing", coding: "gzip", body: encoded(t, "", "gzip"), empty: true},
		{name: "zstd of nothing", coding: "zstd", body: encoded(t, "", "zstd"), empty: true},

		{name: "gzip cut short", coding: "gzip", body: encoded(t, sampleText, "gzip")[:100], want: failure.Decode},
		{name: "gzip cut in its head", coding: "gzip", body: encoded(t, sampleText, "gzip")[:5], want: failure.Decode},
		{name: "br cut short", coding: "br", body: encoded(t, sampleText, "br")[:60], want: failure.Decode},
		{name: "zstd cut short", coding: "zstd", body: encoded(t, sampleText, "zstd")[:60], want: failure.Decode},
		{name: "zstd cut in its head", coding: "zstd", body: encoded(t, sampleText, "zstd")[:3], want: failure.Decode},
		{name: "zlib cut short", coding: "deflate", body: encoded(t, sampleText, "zlib")[:100], want: failure.Decode},
		{name: "zlib cut in its head", coding: "deflate", body: encoded(t, sampleText, "zlib")[:1], want: failure.Decode},
		{name: "bare deflate cut short", coding: "deflate", body: encoded(t, sampleText, "flate")[:100],
			want: failure.Decode},
		{name: "gzip corrupt", coding: "gzip", body: corrupt(encoded(t, sampleText, "gzip")), want: failure.Decode},
		{name: "zstd corrupt", coding: "zstd", body: corrupt(encoded(t, sampleText, "zstd")), want: failure.Decode},
		{name: "zlib corrupt", coding: "deflate", body: corrupt(encoded(t, sampleText, "zlib")), want: failure.Decode},
		{name: "gzip that is none", coding: "gzip", body: sampleText, want: failure.Decode},
		{name: "unknown", coding: "lzma", body: sampleText, want: failure.Decode},
		{name: "unknown below a known one", coding: "lzma, gzip", body: encoded(t, sampleText, "gzip"), want: failure.Decode},
		{name: "too many", coding: "gzip,gzip,gzip,gzip,gzip", body: sampleText, want: failure.Decode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", fmt.Sprint(len(tt.body)))
				if tt.coding != "" {
					w.Header().Set("Content-Encoding", tt.coding)
				}
				_, _ = io.WriteString(w, tt.body)
			})
			r, body := runOne(t, url, noRetryOptions(nil))
			if kindOf(r) != tt.want {
				t.Fatalf("got %s: %v", kindOf(r), r.Failure)
			}
			want := sampleText
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

// TestTruncationIsNoDecodeError checks that a connection that closes within a coded body makes a failure of kind
// truncated, not decode.
func TestTruncationIsNoDecodeError(t *testing.T) {
	for _, coding := range []string{"gzip", "br", "zstd", "zlib", "flate"} {
		t.Run(coding, func(t *testing.T) {
			body := encoded(t, sampleText, coding)
			for _, cut := range []int{0, 1, len(body) / 2, len(body)} {
				url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Encoding", strings.NewReplacer("zlib", "deflate", "flate", "deflate").Replace(coding))
					w.Header().Set("Content-Length", fmt.Sprint(len(body)+1))
					_, _ = io.WriteString(w, body[:cut])
					_ = http.NewResponseController(w).Flush()
					panic(http.ErrAbortHandler)
				})
				if r, _ := runOne(t, url, noRetryOptions(nil)); kindOf(r) != failure.Truncated {
					t.Errorf("cut at %d: %s: %v", cut, kindOf(r), r.Failure)
				}
			}
		})
	}
}

func TestIdentityDecodesNothing(t *testing.T) {
	requests := make(chan string, 1)
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		requests <- r.Header.Get("Accept-Encoding")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, encoded(t, sampleText, "gzip"))
	})
	r, body := runOne(t, url, noRetryOptions(func(o *Options) { o.Identity = true }))
	if r.Failure != nil || body != encoded(t, sampleText, "gzip") {
		t.Errorf("got %d bytes, %v", len(body), r.Failure)
	}
	if got := <-requests; got != "identity" {
		t.Errorf("asks for %q", got)
	}
}
