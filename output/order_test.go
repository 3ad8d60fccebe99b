package output

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"batchfetch/fetch"
	"batchfetch/output/encode/encodetest"
)

// newTestInOrder returns an InOrder around a lineSink. Its temporary files are in a directory of their own, which must
// be empty at the end.
func newTestInOrder(t testing.TB) (*InOrder, *lineSink) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	inner := &lineSink{}
	o := NewInOrder(inner, nil)
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%v stays behind, %v", left, err)
		}
	})
	return o, inner
}

// putLine puts a Record with that line to sink.
func putLine(t testing.TB, sink fetch.Sink, seq int64, line string) {
	t.Helper()
	if err := sink.Put(&fetch.Record{Seq: seq, Line: []byte(line)}); err != nil {
		t.Fatal(err)
	}
}

// Records leave in the order of the input, each as soon as those before it have left, whatever order they come in.
func TestInOrderOfAnyPermutation(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		n := rng.IntN(200)
		o, inner := newTestInOrder(t)
		arrived := make(map[int64]bool)
		for _, seq := range rng.Perm(n) {
			putLine(t, o, int64(seq), fmt.Sprintf("line %d\n", seq))
			arrived[int64(seq)] = true
			next := int64(0)
			for arrived[next] {
				next++
			}
			if int64(len(inner.lines)) != next {
				t.Fatalf("%d have left, want %d", len(inner.lines), next)
			}
			if held := int64(o.Held()); held != int64(len(arrived))-next {
				t.Fatalf("%d are held, want %d", held, int64(len(arrived))-next)
			}
		}
		for i, line := range inner.lines {
			if line != fmt.Sprintf("line %d\n", i) {
				t.Fatalf("line %d is %q", i, line)
			}
		}
		if len(inner.lines) != n || o.Held() != 0 {
			t.Fatalf("%d of %d lines left, %d are held", len(inner.lines), n, o.Held())
		}
	}
}

// Beyond maxMemoryBytes lines are held on disk. They come back byte for byte, and their space is freed.
func TestInOrderSpills(t *testing.T) {
	o, inner := newTestInOrder(t)
	rng := rand.New(rand.NewPCG(3, 4))
	const n = 40
	want := make([]string, n)
	for i := range want {
		line := bytes.Repeat([]byte{byte(i), 0xff, '\n'}, 200_000+rng.IntN(200_000)) // 0.6 to 1.2 MB
		want[i] = string(line)
	}
	for round := range int64(2) { // the second one finds the file empty
		order := rng.Perm(n - 1)
		for _, i := range order {
			putLine(t, o, round*n+int64(i)+1, want[i+1])
			if o.memoryBytes > maxMemoryBytes {
				t.Fatalf("%d bytes are kept in memory, want at most %d", o.memoryBytes, maxMemoryBytes)
			}
		}
		if spilled, _ := spilledLines(o); spilled == 0 {
			t.Fatal("nothing is on disk")
		}
		if left, err := os.ReadDir(os.TempDir()); runtime.GOOS != "windows" && (err != nil || len(left) > 0) {
			t.Fatalf("the file has a name, which a kill would leave behind: %v, %v", left, err)
		}
		if o.Held() != n-1 || len(inner.lines) != 0 {
			t.Fatalf("%d are held, %d have left", o.Held(), len(inner.lines))
		}
		putLine(t, o, round*n, want[0])
		if !slices.Equal(inner.lines, want) {
			t.Fatal("the lines are not what they were")
		}
		inner.lines = nil
		if lines, size := spilledLines(o); o.Held() != 0 || o.memoryBytes != 0 || lines != 0 || size != 0 {
			t.Fatalf("%d are held, %d bytes kept, %d Records on disk in %d bytes", o.Held(), o.memoryBytes, lines, size)
		}
	}
}

// spilledLines returns the number of lines on disk, and their size.
func spilledLines(o *InOrder) (lines int, size int64) {
	for _, f := range o.spill.files {
		lines += f.linesLeft
		size += f.spool.Size()
	}
	return lines, size
}

// The space on disk does not grow with the run, though some lines are always held there.
func TestInOrderGivesTheDiskBack(t *testing.T) {
	o, inner := newTestInOrder(t)
	o.spill.maxFileBytes = 1 << 20
	o.memoryBytes = maxMemoryBytes // memory is full: all that waits is on disk
	putLine(t, o, 1, "1\n")
	line := strings.Repeat("x", 100<<10) + "\n"
	const n = 500
	for seq := int64(3); seq < n; seq += 2 { // each comes before the one it waits for
		putLine(t, o, seq, line)
		putLine(t, o, seq-3, line)
		if lines, size := spilledLines(o); lines == 0 || size > 3<<20 || len(o.spill.files) > 2 {
			t.Fatalf("%d lines on disk take %d bytes in %d files", lines, size, len(o.spill.files))
		}
	}
	if len(inner.lines) < n-10 {
		t.Errorf("%d have left", len(inner.lines))
	}
}

// A line larger than maxMemoryBytes is held on disk, and small ones in memory.
func TestInOrderOfOneHugeLine(t *testing.T) {
	o, inner := newTestInOrder(t)
	huge := strings.Repeat("h", maxMemoryBytes+1) + "\n"
	putLine(t, o, 2, huge)
	putLine(t, o, 1, "small\n")
	if o.memoryBytes != int64(len("small\n")) {
		t.Errorf("%d bytes are kept, want those of the small line", o.memoryBytes)
	}
	putLine(t, o, 0, "first\n")
	if inner.all() != "first\nsmall\n"+huge {
		t.Error("the lines are not what they were")
	}
}

// At the end of a run that was stopped, held Records leave in order.
func TestInOrderLetsGoAtTheEnd(t *testing.T) {
	o, inner := newTestInOrder(t)
	huge := strings.Repeat("h", maxMemoryBytes) + "\n"
	for _, seq := range []int64{9, 3, 5, 4} {
		putLine(t, o, seq, fmt.Sprintf("%d\n", seq))
	}
	putLine(t, o, 7, huge)
	if err := o.Flush(false); err != nil || len(inner.lines) != 0 {
		t.Fatalf("a flush in between lets %d go, %v", len(inner.lines), err)
	}
	if err := o.Flush(true); err != nil {
		t.Fatal(err)
	}
	if inner.all() != "3\n4\n5\n"+huge+"9\n" {
		t.Errorf("seqs %v left", inner.seqs)
	}
	if o.Held() != 0 || !slices.Equal(inner.flushes, []bool{false, true}) {
		t.Errorf("%d are held, flushes %v", o.Held(), inner.flushes)
	}
}

// InOrder returns the inner Sink's error, wherever it happens.
func TestInOrderPassesErrorsOn(t *testing.T) {
	full := errors.New("no space left on device")
	t.Run("at its turn", func(t *testing.T) {
		o, inner := newTestInOrder(t)
		inner.err = full
		if err := o.Put(&fetch.Record{Seq: 0}); !errors.Is(err, full) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("as others follow", func(t *testing.T) {
		o, inner := newTestInOrder(t)
		putLine(t, o, 1, "1\n")
		o.Sink = &failsAfter{lineSink: inner, good: 1, err: full}
		if err := o.Put(&fetch.Record{Seq: 0}); !errors.Is(err, full) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("at the end", func(t *testing.T) {
		o, inner := newTestInOrder(t)
		putLine(t, o, 1, "1\n")
		inner.err = full
		if err := o.Flush(true); !errors.Is(err, full) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("of a flush", func(t *testing.T) {
		o, inner := newTestInOrder(t)
		inner.err = full
		if err := o.Flush(false); !errors.Is(err, full) {
			t.Errorf("got %v", err)
		}
	})
}

// A temporary file that can't be created is an error that names the flag.
func TestInOrderWithoutATemporaryDirectory(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()+"/missing")
	o := NewInOrder(&lineSink{}, nil)
	err := o.Put(&fetch.Record{Seq: 1, Line: make([]byte, maxMemoryBytes+1)})
	if err == nil || !strings.Contains(err.Error(), "--ordered") {
		t.Errorf("got %v", err)
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}

// InOrder encodes with the inner Sink.
func TestInOrderEncodes(t *testing.T) {
	o, _ := newTestInOrder(t)
	r := encodetest.Success("text/plain", "x")
	o.Encode(r)
	encodetest.CheckLine(t, r.Line)
}

// failsAfter is a lineSink that fails after good Records.
type failsAfter struct {
	*lineSink
	good int
	err  error
}

func (b *failsAfter) Put(r *fetch.Record) error {
	if b.good == 0 {
		return b.err
	}
	b.good--
	return b.lineSink.Put(r)
}
