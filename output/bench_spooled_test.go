package output

import (
	"io"
	"strings"
	"testing"

	"batchfetch/output/encode"
	"batchfetch/output/encode/encodetest"
)

// BenchmarkEncodeSpooled measures encoding a large body from a temporary file.
func BenchmarkEncodeSpooled(b *testing.B) {
	for name, c := range map[string][2]string{
		"json-16m": {"application/json", "[" + strings.Repeat(`{"id":123456,"name":"ünïque","price":1.50},`,
			16<<20/46) + "0]"},
		"text-16m": {"text/html", strings.Repeat("<p class=\"x\">한글 text</p>\n", 16<<20/31)},
		"png-16m":  {"image/png", strings.Repeat("\x89PNG\x00\x01\x02\x03", 2<<20)},
	} {
		b.Run(name, func(b *testing.B) {
			sink := NewJSONL(io.Discard, encode.Layout{Body: encode.BodyAuto})
			r := encodetest.Spooled(b, encodetest.Success(c[0], c[1]))
			body := r.Spool
			b.ReportAllocs()
			b.SetBytes(int64(len(c[1])))
			for b.Loop() {
				r.Spool = body.Section(0, body.Size())
				sink.Encode(r)
				if err := sink.Put(r); err != nil {
					b.Fatal(err)
				}
			}
			_ = body.Close() // it has been read
		})
	}
}
