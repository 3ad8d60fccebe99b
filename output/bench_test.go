package output

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/encode"
	"batchfetch/output/encode/encodetest"
)

// BenchmarkEncode measures what a worker spends to encode a Record, by the form of its body. Bytes are those of the
// body.
func BenchmarkEncode(b *testing.B) {
	object := `{"items":[` + strings.TrimSuffix(strings.Repeat(`{"id":123456,"name":"ünïque","price":1.50},`, 22),
		",") + `],"next":null}`
	for _, c := range []struct{ name, contentType, body string }{
		{"json-1k", "application/json", object},
		{"json-dashes-1k", "application/json", strings.ReplaceAll(object, "ünïque", "a — b")},
		{"json-charset-1k", "application/json; charset=utf-8", object},
		{"text-1k", "text/html; charset=utf-8", strings.Repeat("<p class=\"x\">한글 text</p>\n", 36)},
		{"cyrillic-16k", "text/html", strings.Repeat("<p class=\"x\">Без труда не выловишь и рыбку.</p>\n", 240)},
		{"japanese-16k", "text/html", strings.Repeat("<p>猿も木から落ちる、弘法も筆の誤り。</p>\n", 270)},
		{"euc-kr-1k", "text/html; charset=euc-kr", strings.Repeat("<p>\xc7\xd1\xb1\xdb</p>\n", 85)},
		{"base64-1k", "image/png", strings.Repeat("\x89PNG\x00\x01\x02\x03", 128)},
		{"json-64k", "application/json", "[" + strings.TrimSuffix(strings.Repeat(object+",", 64), ",") + "]"},
	} {
		b.Run(c.name, func(b *testing.B) {
			sink := NewJSONL(io.Discard, encode.Layout{Body: encode.BodyAuto})
			r := encodetest.Success(c.contentType, c.body)
			body := r.Body
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				r.Body = body
				sink.Encode(r)
				if err := sink.Put(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("failure", func(b *testing.B) {
		sink := NewJSONL(io.Discard, encode.Layout{Body: encode.BodyAuto})
		r := encodetest.Failure(failure.BadStatus, "404 Not Found")
		b.ReportAllocs()
		for b.Loop() {
			sink.Encode(r)
			if err := sink.Put(r); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkInOrder measures InOrder for each Record: in order, a little early, and in reverse.
func BenchmarkInOrder(b *testing.B) {
	const n = 4096
	rng := rand.New(rand.NewPCG(1, 1))
	inOrder := make([]int64, n)
	for i := range inOrder {
		inOrder[i] = int64(i)
	}
	near := append([]int64(nil), inOrder...)
	for i := range near {
		j := min(i+rng.IntN(50), n-1)
		near[i], near[j] = near[j], near[i]
	}
	reversed := make([]int64, n)
	for i := range reversed {
		reversed[i] = int64(n - 1 - i)
	}
	for name, order := range map[string][]int64{"in-order": inOrder, "50-apart": near, "reversed": reversed} {
		b.Run(name, func(b *testing.B) {
			line := fmt.Appendf(nil, "%01000d\n", 0)
			records := make([]fetch.Record, n)
			inner := &countingSink{}
			o := NewInOrder(inner, nil)
			b.ReportAllocs()
			b.SetBytes(int64(n * len(line)))
			base := int64(0)
			for b.Loop() {
				for i, seq := range order {
					records[i] = fetch.Record{Seq: base + seq, Line: line}
					if err := o.Put(&records[i]); err != nil {
						b.Fatal(err)
					}
				}
				base += n
			}
			if int64(inner.n) != base {
				b.Fatalf("%d of %d Records came out", inner.n, base)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(base), "ns/record")
		})
	}
}

// countingSink counts Records and keeps none.
type countingSink struct{ n int }

func (*countingSink) Encode(*fetch.Record) {}

func (s *countingSink) Put(*fetch.Record) error {
	s.n++
	return nil
}

func (*countingSink) Flush(bool) error { return nil }
