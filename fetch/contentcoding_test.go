package fetch

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"batchfetch/fetch/coding/codingtest"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// sampleText is the body of the coding tests. It is long enough that a cut falls into the middle of the coded bytes.
var sampleText = strings.Repeat("All happy families are alike; each unhappy family is unhappy in its own way.\n", 500)

// corrupt flips the bits of eight bytes in the middle of body.
func corrupt(body string) string {
	broken := []byte(body)
	for i := len(broken) / 2; i < len(broken)/2+8; i++ {
		broken[i] ^= 0xff
	}
	return string(broken)
}

func TestContentCodings(t *testing.T) {
	packs := func(formats ...string) string { return codingtest.Encode(t, sampleText, formats...) }
	for _, tt := range []struct {
		name, coding, body string
		want               failure.Kind // empty: the body is sampleText
		empty              bool
		kept               string // Record.ContentEncoding
	}{
		{name: "none", body: sampleText},
		{name: "identity", coding: "identity", body: sampleText, kept: "identity"},
		{name: "gzip", coding: "gzip", body: packs("gzip")},
		{name: "gzip by its old name", coding: "X-GZip", body: packs("gzip")},
		{name: "gzip in two members", coding: "gzip", body: codingtest.Encode(t, sampleText[:1000], "gzip") +
			codingtest.Encode(t, sampleText[1000:], "gzip")},
		{name: "br", coding: "br", body: packs("br")},
		{name: "zstd", coding: "zstd", body: packs("zstd")},
		{name: "deflate as the RFC says", coding: "deflate", body: packs("zlib")},
		{name: "deflate as some servers say", coding: "deflate", body: packs("flate")},
		{name: "one in the other", coding: "gzip, br", body: packs("gzip", "br")},
		{name: "three, one of them nothing", coding: "zstd,identity , deflate", body: packs("zstd", "zlib"),
			kept: "identity"},
		{name: "an S3 store's", coding: "aws-chunked", body: sampleText, kept: "aws-chunked"},
		{name: "an S3 store's with gzip", coding: "gzip,aws-chunked", body: packs("gzip"), kept: "aws-chunked"},
		{name: "a charset", coding: "UTF-8", body: sampleText, kept: "UTF-8"},
		{name: "unknown", coding: "lzma", body: sampleText, kept: "lzma"},
		{name: "unknown below a known one", coding: "lzma, gzip", body: packs("gzip"), kept: "lzma"},
		{name: "gzip and zeros", coding: "gzip", body: packs("gzip") + strings.Repeat("\x00", 200<<10)},
		{name: "gzip and junk", coding: "gzip", body: packs("gzip") + "<!-- cached -->"},
		{name: "zstd and a zero", coding: "zstd", body: packs("zstd") + "\x00"},
		{name: "br and junk", coding: "br", body: packs("br") + "\n"},
		{name: "deflate and junk", coding: "deflate", body: packs("zlib") + "\n"},
		{name: "nothing under gzip", coding: "gzip", empty: true},
		{name: "nothing under br", coding: "br", empty: true},
		{name: "nothing under zstd", coding: "zstd", empty: true},
		{name: "nothing under deflate", coding: "deflate", empty: true},
		{name: "gzip of nothing", coding: "gzip", body: codingtest.Encode(t, "", "gzip"), empty: true},
		{name: "zstd of nothing", coding: "zstd", body: codingtest.Encode(t, "", "zstd"), empty: true},

		{name: "gzip cut short", coding: "gzip", body: packs("gzip")[:100], want: failure.Decode},
		{name: "gzip cut in its head", coding: "gzip", body: packs("gzip")[:5], want: failure.Decode},
		{name: "br cut short", coding: "br", body: packs("br")[:60], want: failure.Decode},
		{name: "zstd cut short", coding: "zstd", body: packs("zstd")[:60], want: failure.Decode},
		{name: "zstd cut in its head", coding: "zstd", body: packs("zstd")[:3], want: failure.Decode},
		{name: "zlib cut short", coding: "deflate", body: packs("zlib")[:100], want: failure.Decode},
		{name: "zlib cut in its head", coding: "deflate", body: packs("zlib")[:1], want: failure.Decode},
		{name: "bare deflate cut short", coding: "deflate", body: packs("flate")[:100],
			want: failure.Decode},
		{name: "gzip corrupt", coding: "gzip", body: corrupt(packs("gzip")), want: failure.Decode},
		{name: "zstd corrupt", coding: "zstd", body: corrupt(packs("zstd")), want: failure.Decode},
		{name: "zlib corrupt", coding: "deflate", body: corrupt(packs("zlib")), want: failure.Decode},
		{name: "gzip that is none", coding: "gzip", body: sampleText, want: failure.Decode},
		{name: "gzip and 2 MiB of zeros", coding: "gzip", body: packs("gzip") + strings.Repeat("\x00", 2<<20)},
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
			if r.ContentEncoding != tt.kept {
				t.Errorf("the body is said to be in %q, want %q", r.ContentEncoding, tt.kept)
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
			body := codingtest.Encode(t, sampleText, coding)
			for _, cut := range []int{0, 1, len(body) / 2, len(body)} { // the whole, too: a byte of the message is missing
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

// TestCodingTellsACut checks that a body which only its connection ends is truncated where its coding has no end, and
// is requested again; and that one which came whole by its framing is so once, as whoever passed it on may have ended
// or damaged it.
func TestCodingTellsACut(t *testing.T) {
	for _, coding := range []string{"gzip", "br", "zstd", "deflate"} {
		whole := codingtest.Encode(t, sampleText, strings.Replace(coding, "deflate", "zlib", 1))
		half := whole[:len(whole)/2]
		for _, tt := range []struct {
			name, head, bad string
			cuts, attempts  int
			kind            failure.Kind
			message         string
		}{
			{"cut once", "Connection: close\r\n\r\n", half, 1, 2, "", ""},
			{"cut always", "Connection: close\r\n\r\n", half, 9, 6, failure.Truncated,
				fmt.Sprintf("the connection closed before a whole answer; 200 OK and %d bytes of its body had arrived", len(half))},
			{"cut before, and framed", fmt.Sprintf("Content-Length: %d\r\n\r\n", len(half)), half, 1, 2, "", ""},
			{"never whole", "Transfer-Encoding: chunked\r\n\r\n",
				fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(half), half), 9, 2, failure.Decode,
				"the body ends within its " + coding},
			{"something else", "Connection: close\r\n\r\n", "\xff\xff" + sampleText, 9, 2, failure.Decode,
				"the body is not valid " + coding},
		} {
			t.Run(coding+"/"+tt.name, func(t *testing.T) {
				left := tt.cuts
				head := "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: " + coding + "\r\n"
				url := startServer(t, func(w http.ResponseWriter, _ *http.Request) {
					conn, _, err := http.NewResponseController(w).Hijack()
					if err != nil {
						t.Error(err)
						return
					}
					answer := head + "Connection: close\r\n\r\n" + whole
					if left--; left >= 0 {
						answer = head + tt.head + tt.bad
					}
					nettest.Say(conn, answer)
					_ = conn.Close()
				})
				o := withRetries(5)
				o.RetryDelay = time.Millisecond
				r, body := runOne(t, url, o)
				if r.Attempts != tt.attempts || kindOf(r) != tt.kind || r.Failure == nil && body != sampleText ||
					r.Failure != nil && r.Failure.Error() != tt.message {
					t.Errorf("%d attempts, %d bytes, %s", r.Attempts, len(body), failureText(r))
				}
			})
		}
	}
}

func TestIdentityDecodesNothing(t *testing.T) {
	requests := make(chan string, 1)
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		requests <- r.Header.Get("Accept-Encoding")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, codingtest.Encode(t, sampleText, "gzip"))
	})
	r, body := runOne(t, url, noRetryOptions(func(o *Options) { o.Identity = true }))
	if r.Failure != nil || body != codingtest.Encode(t, sampleText, "gzip") || r.ContentEncoding != "gzip" {
		t.Errorf("got %d bytes, %v", len(body), r.Failure)
	}
	if got := <-requests; got != "identity" {
		t.Errorf("asks for %q", got)
	}
}

// TestTextUnderCoding: a body that is not what its coding says is requested once more without one, and is taken as it
// is where it is text under the name of a coding then, too. So are all compressed pages of a server in Bun 1.4.5 that
// passes on another's by "return fetch(url)": fetch takes the coding off the body and leaves its name in the header,
// whatever the client accepts. Text that comes once, in place of a coded body, is that of an error.
func TestTextUnderCoding(t *testing.T) {
	const prose = "Error occurred while trying to proxy"
	gzipped := codingtest.Encode(t, sampleText, "gzip")
	for _, tt := range []struct {
		name          string
		first, second string // bodies
		plain         bool   // the second has no Content-Encoding
		want          failure.Kind
	}{
		{"always", sampleText, sampleText, false, ""},
		{"of an error, then coded", prose, gzipped, false, ""},
		{"of an error, then plain", prose, sampleText, true, ""},
		{"damaged, then plain", corrupt(gzipped), sampleText, true, ""},
		{"damaged, then coded", corrupt(gzipped), gzipped, false, ""},
		{"damaged always", corrupt(gzipped), corrupt(gzipped), false, failure.Decode},
		{"no text", "\x00" + sampleText, "\x00" + sampleText, false, failure.Decode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var mu sync.Mutex
			var accepted []string
			url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				accepted = append(accepted, r.Header.Get("Accept-Encoding"))
				isFirst := len(accepted) == 1
				mu.Unlock()
				body := tt.second
				if isFirst {
					body = tt.first
				}
				if isFirst || !tt.plain {
					w.Header().Set("Content-Encoding", "gzip")
				}
				_, _ = io.WriteString(w, body)
			})
			o := withRetries(3)
			o.RetryDelay = time.Millisecond
			r, body := runOne(t, url, o)
			if kindOf(r) != tt.want || tt.want == "" && body != sampleText || r.ContentEncoding != "" || r.Attempts != 2 ||
				!slices.Equal(accepted, []string{acceptedCodings, "identity"}) {
				t.Errorf("%d attempts, accepted %q, %d bytes, %q, %s", r.Attempts, accepted, len(body), r.ContentEncoding,
					failureText(r))
			}
		})
	}
}

// TestNoCodingAfterSilence: where nothing came of a request until a limit of time, the next one accepts no coding. So
// does cpp-httplib 0.11.4 (Debian 12): it codes a file of text by brotli at quality 11, whole, before the header of the
// response: 9 MB of CSV are silent for half a minute and more, and take 10 ms without a coding. What fails otherwise is
// requested with codings again, as is what has an Accept-Encoding of the user's own.
func TestNoCodingAfterSilence(t *testing.T) {
	const limit = 150 * time.Millisecond
	for _, tt := range []struct {
		name, own string
		set       func(*Options)
		fail      http.HandlerFunc // the first response
		want      string           // Accept-Encoding of the second request
	}{
		{name: "stalled", set: func(o *Options) { o.StallTimeout = limit }, fail: beSilent, want: "identity"},
		{name: "timeout", set: func(o *Options) { o.Timeout = limit }, fail: beSilent, want: "identity"},
		{name: "of the user's own", own: "br", set: func(o *Options) { o.StallTimeout = limit },
			fail: beSilent, want: "br"},
		{name: "an error", set: func(*Options) {}, fail: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
		}, want: acceptedCodings},
		{name: "a reset", set: func(*Options) {}, fail: func(http.ResponseWriter, *http.Request) {
			panic(http.ErrAbortHandler)
		}, want: acceptedCodings},
		{name: "stalled within the body", set: func(o *Options) { o.StallTimeout = limit },
			fail: func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, "half")
				_ = http.NewResponseController(w).Flush()
				beSilent(w, r)
			}, want: acceptedCodings},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var mu sync.Mutex
			var accepted []string
			url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				accepted = append(accepted, r.Header.Get("Accept-Encoding"))
				isFirst := len(accepted) == 1
				mu.Unlock()
				if isFirst {
					tt.fail(w, r)
					return
				}
				_, _ = io.WriteString(w, sampleText)
			})
			o := withRetries(3)
			tt.set(&o)
			request := Request{URL: url}
			if tt.own != "" {
				request.Header = headerOf("Accept-Encoding", tt.own)
			}
			var sink recorder
			if _, err := Run(t.Context(), sourceOf(request), &sink, o); err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if r := sink.records[0]; r.Failure != nil || len(accepted) < 2 || accepted[1] != tt.want {
				t.Errorf("%s; accepted %q", failureText(r), accepted)
			}
		})
	}
}

// beSilent responds nothing until the client has gone.
func beSilent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
