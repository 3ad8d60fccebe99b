package warc_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/spool"
	"batchfetch/output/warc"
)

// BenchmarkArchive is what the records of one exchange cost, with a page of 1 or 6 KB of text that is not there yet.
func BenchmarkArchive(b *testing.B) {
	for _, words := range []int{150, 1000} {
		for _, name := range []string{"a.warc", "a.warc.gz", "a.warc.zst"} {
			b.Run(fmt.Sprint(name, "/", words), func(b *testing.B) {
				w := warc.NewWriter(io.Discard, warc.Info{File: name}, nil)
				at, _ := url.Parse("https://example.com/page")
				text := page(words)
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					body := spool.NewBuffer(nil, 1<<20)
					_, _ = fmt.Fprint(body, i, text)
					c := fetch.Capture{URL: at, StartedAt: time.Now(), RemoteAddr: "192.0.2.1:443", Status: 200, Body: body,
						RequestHead:  []byte("GET /page HTTP/1.1\r\nHost: example.com\r\nUser-Agent: batchfetch\r\nAccept: */*\r\n\r\n"),
						ResponseHead: []byte("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nServer: nginx\r\n\r\n")}
					if err := w.Archive(&c); err != nil {
						b.Fatal(err)
					}
					_ = body.Close()
				}
			})
		}
	}
}

// page returns a page of so many words.
func page(words int) string {
	rng := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	for range words {
		for range 2 + rng.IntN(8) {
			text.WriteByte("etaoinshrdlucmfw"[rng.IntN(16)])
		}
		text.WriteByte(' ')
	}
	return text.String()
}
