package output

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/spool"
	"batchfetch/fetch/spool/spooltest"
	"batchfetch/output/encode"
	"batchfetch/output/encode/encodetest"
)

// With BodyNone a body in a file makes no second file, and is closed.
func TestSpooledBodyThatIsNotWanted(t *testing.T) {
	r := encodetest.Spooled(t, encodetest.Success("application/json", `[1]`))
	sink := NewJSONL(io.Discard, encode.Layout{Body: encode.BodyNone})
	sink.Encode(r)
	if r.LongLine != nil || r.LineErr != nil || r.Spool != nil || !bytes.Contains(r.Line, []byte(`"bytes":3`)) ||
		bytes.Contains(r.Line, []byte(`"body"`)) {
		t.Errorf("the line is %s", r.Line)
	}
}

// A writer with ReadFrom gets each long line in one call, after what was buffered.
func TestLongLinesInOneCall(t *testing.T) {
	out := &readFromCounter{}
	sink := NewJSONL(out, encode.Layout{Body: encode.BodyAuto})
	want := ""
	for i := range 5 {
		r := encodetest.Success("text/plain", strings.Repeat("x", 100_000*(i%2)+1))
		r.Request.Index = int64(i)
		want += string(encode.AppendRecord(nil, r, encode.Layout{Body: encode.BodyAuto}))
		if i%2 == 1 {
			r = encodetest.Spooled(t, r)
		}
		sink.Encode(r)
		if r.Spool != nil {
			t.Error("the body is kept")
		}
		if err := sink.Put(r); err != nil {
			t.Fatal(err)
		}
		if r.LongLine != nil {
			t.Error("the file is kept")
		}
	}
	if err := sink.Flush(true); err != nil || out.String() != want || out.writes != 3 || out.copies != 2 {
		t.Errorf("%d writes and %d copies of %d bytes, %v", out.writes, out.copies, out.Len(), err)
	}
}

// readFromCounter counts Writes and ReadFroms.
type readFromCounter struct {
	bytes.Buffer
	writes, copies int
}

func (o *readFromCounter) Write(p []byte) (int, error) {
	o.writes++
	return o.Buffer.Write(p)
}

func (o *readFromCounter) ReadFrom(r io.Reader) (int64, error) {
	o.copies++
	return o.Buffer.ReadFrom(r)
}

// A temporary file that can't be created, or an output that fails, is an error of the run; no file stays open.
func TestLongLineThatBreaks(t *testing.T) {
	before := spooltest.OpenFiles(t)
	r := encodetest.Spooled(t, encodetest.Success("text/plain", "x"))
	full := encodetest.Spooled(t, encodetest.Success("text/plain", "x"))
	sink := NewJSONL(encodetest.BrokenWriter{}, encode.Layout{Body: encode.BodyAuto})
	sink.Encode(full)
	if err := sink.Put(full); !errors.Is(err, encodetest.ErrBroken) {
		t.Errorf("a full disk: %v", err)
	}
	missing := filepath.Join(t.TempDir(), "missing")
	t.Setenv("TMPDIR", missing)
	sink.Encode(r)
	var temporary *spool.Error
	err := NewInOrder(sink, nil).Put(&fetch.Record{Seq: 5, LineErr: r.LineErr})
	if !errors.As(err, &temporary) {
		t.Errorf("in order: %v", err)
	}
	if err = sink.Put(r); !errors.As(err, &temporary) || temporary.Dir != missing || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if after := spooltest.OpenFiles(t); after != before {
		t.Errorf("%d files are open, %d were before", after, before)
	}
}

// Held long lines keep one file open, and come back whole, in order.
func TestInOrderOfLongLines(t *testing.T) {
	o, inner := newTestInOrder(t)
	before := spooltest.OpenFiles(t)
	const n = 50
	want := make([]string, n)
	for _, i := range rand.New(rand.NewPCG(9, 9)).Perm(n - 1) {
		r := encodetest.Success("text/plain", strings.Repeat(string(rune('a'+i%26)), 1+i*10_000))
		r.Seq = int64(i + 1)
		want[i+1] = string(encode.AppendRecord(nil, r, encode.Layout{Body: encode.BodyAuto}))
		if i%3 > 0 {
			r = encodetest.Spooled(t, r)
		}
		sink := NewJSONL(nil, encode.Layout{Body: encode.BodyAuto})
		sink.Encode(r)
		if err := o.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	if now := spooltest.OpenFiles(t); now > before+1 || o.Held() != n-1 {
		t.Errorf("%d files are open, %d were before; %d Records are held", now, before, o.Held())
	}
	first := encodetest.Spooled(t, encodetest.Success("text/plain", "first"))
	want[0] = string(encode.AppendRecord(nil, encodetest.Success("text/plain", "first"),
		encode.Layout{Body: encode.BodyAuto}))
	NewJSONL(nil, encode.Layout{Body: encode.BodyAuto}).Encode(first)
	if err := o.Put(first); err != nil {
		t.Fatal(err)
	}
	if got := inner.all(); got != strings.Join(want, "") {
		t.Error("the lines are not what they were")
	}
	if _, size := spilledLines(o); spooltest.OpenFiles(t) > before+1 || size != 0 {
		t.Errorf("%d files are open, %d were before; %d bytes wait", spooltest.OpenFiles(t), before, size)
	}
}
