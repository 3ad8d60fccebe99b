package journal

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"batchfetch/fetch"
	"batchfetch/output/file/filetest"
)

// TestKeepSynced: KeepSynced appends a mark of what is committed.
func TestKeepSynced(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	j := openJournal(t, out)
	runRequest(t, j, "a")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		j.KeepSynced(ctx)
	}()
	mark := appendMark(nil, 2, int64(len(filetest.Read(t, out+".journal"))))
	for !bytes.HasSuffix([]byte(filetest.Read(t, out+".journal")), mark) {
		if t.Context().Err() != nil {
			t.Fatal("no mark")
		}
	}
	cancel()
	<-ended
	crash(j)
}

// TestFlushes: the output is synced before the journal, and both before the mark is written.
// After a sync that failed nothing more is committed or marked.
func TestFlushes(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	j := openJournal(t, out)
	runRequest(t, j, "a")
	journal := filetest.Read(t, out+".journal")
	var flushed []string
	j.syncFile = func(f *os.File) error {
		flushed = append(flushed, filepath.Base(f.Name()))
		if filetest.Read(t, out+".journal") != journal {
			t.Error("a mark stands before all is flushed")
		}
		return f.Sync()
	}
	if err := j.syncCommitted(); err != nil || !slices.Equal(flushed, []string{"out", "out.journal"}) {
		t.Errorf("flushed %v: %v", flushed, err)
	}
	journal += string(appendMark(nil, 2, int64(len(journal))))
	if got := filetest.Read(t, out+".journal"); got != journal {
		t.Errorf("the journal ends in %q", got[max(0, len(got)-40):])
	}

	runRequest(t, j, "b")
	broken := errors.New("the disk is broken")
	j.syncFile = func(*os.File) error { return broken }
	if err := j.syncCommitted(); !errors.Is(err, broken) {
		t.Errorf("flushing says %v", err)
	}
	j.syncFile = (*os.File).Sync
	r := fetch.Request{URL: "c"}
	j.Done(&r)
	if err := j.commit([]entry{{tag: r.Tag}}); !errors.Is(err, broken) {
		t.Errorf("committing after that says %v", err)
	}
	if err := j.Close(); !errors.Is(err, broken) || filetest.Read(t, out) != "a\n" {
		t.Errorf("closing says %v, and leaves %q: what was not flushed may be lost", err, filetest.Read(t, out))
	}
	j = openJournal(t, out)
	if j.DoneBefore() != 1 {
		t.Errorf("%d are done", j.DoneBefore())
	}
	closeJournal(t, j)
}

// TestFailedFrame: the next run ignores what a failed write has left of a frame.
func TestFailedFrame(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	j := openJournal(t, out)
	runRequest(t, j, "a")
	if err := j.journal.Close(); err != nil { // so that the next write fails
		t.Fatal(err)
	}
	if err := j.commit([]entry{{}}); err == nil || j.syncCommitted() == nil {
		t.Error("a journal that can't be written is good")
	}
	crash(j)
	j = openJournal(t, out)
	if j.DoneBefore() != 1 {
		t.Errorf("%d done", j.DoneBefore())
	}
	closeJournal(t, j)
}
