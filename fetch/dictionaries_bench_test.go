package fetch_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"batchfetch/fetch"
	"batchfetch/fetch/cache"
	"batchfetch/fetch/input"
)

// nightlyPages is how many pages a night has, of 200 KB each; of each one part in a hundred changes in a night.
const nightlyPages = 100

// nightlyPage returns a page of one night: records of which each hundredth is new.
func nightlyPage(page, night int) []byte {
	var b bytes.Buffer
	for i := range 1000 {
		seed := fmt.Sprintf("%d/%d", page, i)
		if i%100 == page%100 {
			seed += strconv.Itoa(night)
		}
		sum := sha512.Sum512([]byte(seed))
		fmt.Fprintf(&b, "{\"id\":%d,\"name\":%q,\"sum\":\"%x\"},\n", i, base64.StdEncoding.EncodeToString(sum[:20]), sum)
	}
	return b.Bytes()
}

// BenchmarkNightlyPull pulls the pages again after a night, with each as the dictionary for its next version, with zstd
// alone, and without a coding. wire-B/page is what an exchange receives.
func BenchmarkNightlyPull(b *testing.B) {
	for _, how := range []string{"dcz", "zstd", "identity"} {
		b.Run(how, func(b *testing.B) {
			night := 0
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				page, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
				text := nightlyPage(page, night)
				w.Header().Set("Use-As-Dictionary", fmt.Sprintf(`match="%s"`, r.URL.Path))
				w.Header().Set("Cache-Control", "max-age=0, stale-while-revalidate=86400")
				w.Header().Set("Etag", fmt.Sprintf(`"%d"`, night))
				before := nightlyPage(page, night-1)
				sum := sha256.Sum256(before)
				offered := r.Header.Get("Available-Dictionary") == ":"+base64.StdEncoding.EncodeToString(sum[:])+":"
				switch {
				case how == "dcz" && offered:
					w.Header().Set("Content-Encoding", "dcz")
					text = encodeZstd(b, text, append([]byte("\x5e\x2a\x4d\x18\x20\x00\x00\x00"), sum[:]...),
						zstd.WithEncoderDictRaw(0, before))
				case how != "identity":
					w.Header().Set("Content-Encoding", "zstd")
					text = encodeZstd(b, text, nil)
				}
				_, _ = w.Write(text)
			}))
			defer server.Close()
			store, err := cache.OpenDisk(b.TempDir(), 1<<30)
			if err != nil {
				b.Fatal(err)
			}
			pull := func() fetch.Summary {
				o := fetch.Defaults()
				o.Cache, o.TLS, o.Identity = store, &tls.Config{InsecureSkipVerify: true}, how == "identity"
				o.HostConcurrency = o.Concurrency
				var lines strings.Builder
				for page := range nightlyPages {
					fmt.Fprintf(&lines, "%s/%d\n", server.URL, page)
				}
				s, err := fetch.Run(b.Context(), new(input.Reader).Lines(strings.NewReader(lines.String()), ""),
					fetch.SinkFunc(func(*fetch.Record) error { return nil }), o)
				if err != nil || s.Succeeded != nightlyPages {
					b.Fatalf("%+v, %v", s, err)
				}
				return s
			}
			pull()
			var wire int64
			for b.Loop() {
				night++
				wire += pull().WireBytes
			}
			b.ReportMetric(float64(wire)/float64(b.N)/nightlyPages, "wire-B/page")
		})
	}
}

// coders are the encoders of encodeZstd without a dictionary.
var coders = sync.Pool{New: func() any {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil // impossible: the options are constants
	}
	return w
}}

// encodeZstd appends text to head, coded.
func encodeZstd(b *testing.B, text, head []byte, options ...zstd.EOption) []byte {
	if len(options) == 0 {
		w := coders.Get().(*zstd.Encoder)
		defer coders.Put(w)
		return w.EncodeAll(text, head)
	}
	w, err := zstd.NewWriter(nil, append(options, zstd.WithEncoderConcurrency(1))...)
	if err != nil {
		b.Error(err)
		return nil
	}
	return w.EncodeAll(text, head)
}
