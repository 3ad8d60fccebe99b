package output

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/encode"
	"batchfetch/output/encode/encodetest"
)

// wholeLineWriter fails the test where a Write is not of whole lines.
type wholeLineWriter struct {
	t   testing.TB
	out bytes.Buffer
	n   int // Writes
}

func (w *wholeLineWriter) Write(p []byte) (int, error) {
	w.n++
	if len(p) == 0 || p[len(p)-1] != '\n' {
		w.t.Errorf("a Write of %d bytes ends in the middle of a line", len(p))
	}
	return w.out.Write(p)
}

// Lines of any length are written whole and in order, many small ones in one Write.
func TestJSONLWritesWholeLines(t *testing.T) {
	out := &wholeLineWriter{t: t}
	sink := NewJSONL(out, encode.Layout{Body: encode.BodyText})
	rng := rand.New(rand.NewPCG(5, 6))
	var want strings.Builder
	const n = 400
	for i := range n {
		length := rng.IntN(2000)
		if rng.IntN(20) == 0 {
			length = writeSize - 1000 + rng.IntN(2*writeSize)
		}
		r := encodetest.Success("text/plain", strings.Repeat("x", length))
		r.Request.Index = int64(i)
		want.Write(encode.AppendRecord(nil, r, encode.Layout{Body: encode.BodyText}))
		encodetest.WriteRecord(t, sink, r)
	}
	if err := sink.Flush(true); err != nil {
		t.Fatal(err)
	}
	if out.out.String() != want.String() {
		t.Error("what was written is not what was put")
	}
	if out.n >= n {
		t.Errorf("%d Writes for %d Records, want fewer", out.n, n)
	}
}

// A huge line is written at once, after what was buffered.
func TestJSONLOfAHugeLine(t *testing.T) {
	out := &wholeLineWriter{t: t}
	sink := NewJSONL(out, encode.Layout{Body: encode.BodyAuto})
	encodetest.WriteRecord(t, sink, encodetest.Success("text/plain", "small"))
	if out.n != 0 {
		t.Errorf("%d Writes of one small line, want none before the flush", out.n)
	}
	encodetest.WriteRecord(t, sink, encodetest.Success("text/plain", strings.Repeat("x", 8<<20)))
	if out.n != 2 {
		t.Errorf("%d Writes, want 2", out.n)
	}
	first, second, _ := strings.Cut(out.out.String(), "\n")
	if !strings.Contains(first, `"body":"small"`) || len(second) < 8<<20 {
		t.Errorf("lines of %d and %d bytes", len(first), len(second))
	}
	if err := sink.Flush(false); err != nil || out.n != 2 {
		t.Errorf("a flush of nothing writes: %v", err)
	}
}

// JSONL returns the writer's error, from Put and from Flush.
func TestJSONLReturnsTheWritersError(t *testing.T) {
	line := encodetest.Success("text/plain", "x")
	huge := encodetest.Success("text/plain", strings.Repeat("x", writeSize))
	sink := NewJSONL(encodetest.BrokenWriter{}, encode.Layout{Body: encode.BodyAuto})
	encodetest.WriteRecord(t, sink, line)
	if err := sink.Flush(false); !errors.Is(err, encodetest.ErrBroken) {
		t.Errorf("flush: %v", err)
	}
	sink = NewJSONL(encodetest.BrokenWriter{}, encode.Layout{Body: encode.BodyAuto})
	sink.Encode(huge)
	if err := sink.Put(huge); !errors.Is(err, encodetest.ErrBroken) {
		t.Errorf("a huge line: %v", err)
	}
	sink = NewJSONL(encodetest.BrokenWriter{}, encode.Layout{Body: encode.BodyAuto})
	var err error
	for range writeSize/100 + 1 {
		r := encodetest.Success("text/plain", "x")
		sink.Encode(r)
		if err = sink.Put(r); err != nil {
			break
		}
	}
	if !errors.Is(err, encodetest.ErrBroken) {
		t.Errorf("many small lines: %v", err)
	}
}

// Encode releases the body, and is safe for concurrent use.
func TestJSONLEncodesConcurrently(t *testing.T) {
	out := &wholeLineWriter{t: t}
	sink := NewJSONL(out, encode.Layout{Body: encode.BodyAuto})
	records := make(chan *fetch.Record)
	var workers sync.WaitGroup
	for w := range 8 {
		workers.Go(func() {
			for i := range 200 {
				r := encodetest.Success("application/json", fmt.Sprintf(`{"worker":%d,"i":%d,"pad":%q}`, w, i,
					strings.Repeat("p", i*20)))
				sink.Encode(r)
				if r.Body != nil {
					t.Error("the body is kept")
				}
				records <- r
			}
		})
	}
	go func() { workers.Wait(); close(records) }()
	want := make(map[string]bool)
	for r := range records {
		want[string(r.Line)] = true
		if err := sink.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := sink.Flush(true); err != nil {
		t.Fatal(err)
	}
	got := 0
	for line := range strings.Lines(out.out.String()) {
		encodetest.CheckLine(t, []byte(line))
		if !want[line] {
			t.Fatalf("nobody rendered %s", line)
		}
		got++
	}
	if got != 1600 || len(want) != 1600 {
		t.Errorf("%d lines of %d, want 1600", got, len(want))
	}
}

// Split passes successes to one Sink and failures to the other.
func TestSplit(t *testing.T) {
	good, bad := &lineSink{}, &lineSink{}
	sink := Split{Success: good, Failure: bad}
	encodetest.WriteRecord(t, sink, encodetest.Success("text/plain", "x"))
	encodetest.WriteRecord(t, sink, encodetest.Failure(failure.DNS, "no address"))
	encodetest.WriteRecord(t, sink, encodetest.Success("text/plain", "y"))
	if len(good.lines) != 2 || len(bad.lines) != 1 || !strings.Contains(bad.all(), `"type":"failure"`) ||
		strings.Contains(good.all(), `"type":"failure"`) {
		t.Errorf("successes %q, failures %q", good.lines, bad.lines)
	}
	if err := sink.Flush(true); err != nil || len(good.flushes) != 1 || len(bad.flushes) != 1 {
		t.Errorf("flushes %v and %v, %v", good.flushes, bad.flushes, err)
	}
	for _, broken := range []*lineSink{good, bad} {
		broken.err = io.ErrShortWrite
		if err := sink.Flush(false); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("flush: %v", err)
		}
		broken.err = nil
	}
	if len(good.flushes) != 3 || len(bad.flushes) != 3 {
		t.Errorf("the other side was not flushed: %v, %v", good.flushes, bad.flushes)
	}
}

// TestRenderedRecordsAreSmall: what a server has made large of a Record is gone once its line is there, since with
// --ordered Records wait by the thousand.
func TestRenderedRecordsAreSmall(t *testing.T) {
	big := strings.Repeat("x", 100<<10)
	for _, sink := range []fetch.Sink{NewJSONL(io.Discard, encode.Layout{Body: encode.BodyAuto}), OnlyChanged{}} {
		r := encodetest.Success("text/"+big, big)
		r.Header, r.FinalURL, r.ContentEncoding = http.Header{"X": {big}}, "http://a.test/"+big, big
		r.FailureBody, r.Unchanged = []byte(big), true
		r.Failure = failure.New(failure.BadStatus, "404 Not Found")
		sink.Encode(r)
		r.Line = nil
		if got := fmt.Sprint(*r); len(got) > 10<<10 {
			t.Errorf("%T leaves %d bytes", sink, len(got))
		}
	}
}

// TestLargeLinesReuseMemory: a body of a few 100 KB costs no memory of its size again and again.
func TestLargeLinesReuseMemory(t *testing.T) {
	sink := NewJSONL(io.Discard, encode.Layout{Body: encode.BodyAuto})
	reused := 0
	var before *byte
	for range 50 { // under the race detector a sync.Pool drops some
		r := encodetest.Success("application/json", "["+strings.Repeat(`"abc",`, 20000)+"1]")
		sink.Encode(r)
		if &r.Line[0] == before {
			reused++
		}
		before = &r.Line[0]
		if err := sink.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	if reused < 10 {
		t.Errorf("the memory of %d lines of 50 was used again", reused)
	}
}
