package output

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"batchfetch/fetch"
)

// Where bodies do not stand in Records no second file is made, and the first is closed.
func TestSpooledBodyThatIsNotWanted(t *testing.T) {
	r := spooled(t, success("application/json", `[1]`))
	sink := NewJSONL(io.Discard, BodyNone)
	sink.Encode(r)
	if r.LongLine != nil || r.LineErr != nil || r.Spool != nil || !bytes.Contains(r.Line, []byte(`"bytes":3`)) || bytes.Contains(r.Line, []byte(`"body"`)) {
		t.Errorf("the line is %s", r.Line)
	}
}

// A writer that can take a whole line at once is asked once for each long one; what was kept goes first.
func TestLongLinesInOneCall(t *testing.T) {
	out := &oneCall{}
	sink := NewJSONL(out, BodyAuto)
	want := ""
	for i := range 5 {
		r := success("text/plain", strings.Repeat("x", 100_000*(i%2)+1))
		r.Request.Index = int64(i)
		want += string(render(r, BodyAuto))
		if i%2 == 1 {
			r = spooled(t, r)
		}
		encode(t, sink, r)
		if r.LongLine != nil {
			t.Error("the file is kept")
		}
	}
	if err := sink.Flush(true); err != nil || out.String() != want || out.writes != 3 || out.copies != 2 {
		t.Errorf("%d writes and %d copies of %d bytes, %v", out.writes, out.copies, out.Len(), err)
	}
}

// A oneCall counts how it is written to.
type oneCall struct {
	bytes.Buffer
	writes, copies int
}

func (o *oneCall) Write(p []byte) (int, error) {
	o.writes++
	return o.Buffer.Write(p)
}

func (o *oneCall) ReadFrom(r io.Reader) (int64, error) {
	o.copies++
	return o.Buffer.ReadFrom(r)
}

// Standard output and error may be one terminal: the Screen is taken for all the pieces of a long line.
func TestLongLineBesideTheScreen(t *testing.T) {
	out := &heldScreen{t: t, screen: NewScreen(io.Discard)}
	sink := NewJSONL(out.screen.Beside(out), BodyAuto)
	r := success("text/plain", strings.Repeat("x", 1<<20))
	encode(t, sink, spooled(t, r))
	if out.String() != string(render(r, BodyAuto)) || out.pieces < 2 {
		t.Errorf("%d bytes in %d pieces", out.Len(), out.pieces)
	}
	if !out.screen.mu.TryLock() {
		t.Error("the Screen is never given back")
	}
}

// A heldScreen fails the test where it is written to while the Screen is free.
type heldScreen struct {
	strings.Builder
	t      *testing.T
	screen *Screen
	pieces int
	free   bool
}

func (h *heldScreen) Write(p []byte) (int, error) {
	if !h.free && h.screen.mu.TryLock() {
		h.free = true
		h.t.Error("another line could be written between the pieces")
	}
	h.pieces++
	return h.Builder.Write(p)
}

// The run hears of it when a temporary file can't be made for a line, or the output takes none; no file stays open.
func TestLongLineThatBreaks(t *testing.T) {
	before := openFiles(t)
	r := spooled(t, success("text/plain", "x"))
	full := spooled(t, success("text/plain", "x"))
	sink := NewJSONL(brokenWriter{}, BodyAuto)
	sink.Encode(full)
	if err := sink.Put(full); !errors.Is(err, errBroken) {
		t.Errorf("a full disk: %v", err)
	}
	missing := filepath.Join(t.TempDir(), "missing")
	t.Setenv("TMPDIR", missing)
	sink.Encode(r)
	var temporary *fetch.SpoolError
	err := NewInOrder(sink).Put(&fetch.Record{Seq: 5, LineErr: r.LineErr})
	if !errors.As(err, &temporary) {
		t.Errorf("in order: %v", err)
	}
	if err = sink.Put(r); !errors.As(err, &temporary) || temporary.Dir != missing || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d files are open, %d were before", after, before)
	}
}

// openFiles returns how many temporary files of ours the process has open, or 0 where that is not known.
func openFiles(t testing.TB) (n int) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range all {
		if to, err := os.Readlink("/proc/self/fd/" + entry.Name()); err == nil && strings.Contains(to, "batchfetch-") {
			n++
		}
	}
	return n
}

// Long lines that wait for their turn hold no file open but one, and come back whole, in order.
func TestInOrderOfLongLines(t *testing.T) {
	o, inner := ordered(t)
	before := openFiles(t)
	const n = 50
	want := make([]string, n)
	for _, i := range rand.New(rand.NewPCG(9, 9)).Perm(n - 1) {
		r := success("text/plain", strings.Repeat(string(rune('a'+i%26)), 1+i*10_000))
		r.Seq = int64(i + 1)
		want[i+1] = string(render(r, BodyAuto))
		if i%3 > 0 {
			r = spooled(t, r)
		}
		sink := NewJSONL(nil, BodyAuto)
		sink.Encode(r)
		if err := o.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	if now := openFiles(t); now > before+1 || o.Held() != n-1 {
		t.Errorf("%d files are open, %d were before; %d Records are held", now, before, o.Held())
	}
	first := spooled(t, success("text/plain", "first"))
	want[0] = string(render(success("text/plain", "first"), BodyAuto))
	NewJSONL(nil, BodyAuto).Encode(first)
	if err := o.Put(first); err != nil {
		t.Fatal(err)
	}
	if got := inner.all(); got != strings.Join(want, "") {
		t.Error("the lines are not what they were")
	}
	if _, size := onDisk(o); openFiles(t) > before+1 || size != 0 {
		t.Errorf("%d files are open, %d were before; %d bytes wait", openFiles(t), before, size)
	}
}
