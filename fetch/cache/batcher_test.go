package cache

import (
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// batcherIn opens a Batcher in a new directory.
func batcherIn(t *testing.T, limit int64) *Batcher {
	t.Helper()
	d, err := OpenDisk(filepath.Join(t.TempDir(), "cache"), limit)
	if err != nil {
		t.Fatal(err)
	}
	return NewBatcher(d, maxBatches)
}

// withBothFiles runs a test where the files of batches have no names at first, and where they are drafts, as where the
// file system has no files without names.
func withBothFiles(t *testing.T, test func(t *testing.T, b *Batcher)) {
	t.Run("unnamed", func(t *testing.T) {
		b := batcherIn(t, 1<<30)
		if b.disk.files.top == nil {
			t.Skip("no files without names here")
		}
		test(t, b)
	})
	t.Run("drafts", func(t *testing.T) {
		b := batcherIn(t, 1<<30)
		b.disk.files.closeTop()
		b.disk.files.top = nil
		test(t, b)
	})
}

// filesOf returns the files of n entries, each once.
func filesOf(t *testing.T, d *Disk, from, n int) (files []os.FileInfo) {
	t.Helper()
next:
	for i := range n {
		info, err := os.Stat(d.files.name(numbered(from + i)))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range files {
			if os.SameFile(info, other) {
				continue next
			}
		}
		files = append(files, info)
	}
	return files
}

// TestBatches: small entries share files, are found before and after they are written, and by the Disk.
func TestBatches(t *testing.T) { withBothFiles(t, testBatches) }

func testBatches(t *testing.T, b *Batcher) {
	keep(t, b, 0, 300)
	if n := there(t, b, 0, 301); n != 300 {
		t.Errorf("%d are found before the end", n)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if n := there(t, b.disk, 0, 301); n != 300 {
		t.Errorf("%d are found by the Disk", n)
	}
	if files := filesOf(t, b.disk, 0, 300); canShare && len(files) > 20 {
		t.Errorf("they are in %d files", len(files))
	}
	for i := range 100 {
		if err := Write(t.Context(), b, numbered(100+i), &Entry{Status: 205}); err != nil { // in place of others
			t.Fatal(err)
		}
	}
	if err := b.Delete(t.Context(), numbered(99)); err != nil {
		t.Error(err)
	}
	if err := b.Delete(t.Context(), numbered(150)); err != nil { // that waits
		t.Error(err)
	}
	if err := b.Refresh(t.Context(), numbered(7), &Entry{Status: 205}); err != nil {
		t.Error(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if n := there(t, b.disk, 0, 300); n != 298 {
		t.Errorf("%d are there", n)
	}
	for _, n := range []int{7, 100, 130, 199} {
		if found, err := b.Get(t.Context(), numbered(n)); err != nil || found == nil || found.Status != 205 {
			t.Errorf("%d was refreshed or replaced: %+v, %v", n, found, err)
		}
	}
	if drafts, err := filepath.Glob(filepath.Join(b.disk.files.dir, "*", draftPrefix+"*")); err != nil || len(drafts) > 0 {
		t.Errorf("left: %v, %v", drafts, err)
	}
}

// TestBatchesNeedNoDrafts: where there are files without names a new batch is in one.
func TestBatchesNeedNoDrafts(t *testing.T) {
	b := batcherIn(t, 1<<30)
	if b.disk.files.top == nil {
		t.Skip("no files without names here")
	}
	keep(t, b, 0, 300)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if drafts := b.disk.files.drafts.made.Load(); drafts > 1 { // of a last batch of one entry
		t.Errorf("there were %d drafts", drafts)
	}
}

// TestRefreshesAreBatched: entries that are refreshed share files again, and replace those before by their names alone.
func TestRefreshesAreBatched(t *testing.T) { withBothFiles(t, testRefreshesAreBatched) }

func testRefreshesAreBatched(t *testing.T, b *Batcher) {
	keep(t, b, 0, 300)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		e := &Entry{Status: 205}
		if i == 150 {
			e.SHA256 = Sum{1} // of another body
		}
		if err := b.Refresh(t.Context(), numbered(i), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Refresh(t.Context(), numbered(300), &Entry{Status: 205}); err != nil || there(t, b, 300, 1) > 0 {
		t.Errorf("one that is not there: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		found, err := b.disk.Get(t.Context(), numbered(i))
		if err != nil || found == nil || (found.Status == 204) != (i == 150) {
			t.Errorf("%d: %+v, %v", i, found, err)
		}
	}
	if files := filesOf(t, b.disk, 0, 300); canShare && len(files) > 20+1 {
		t.Errorf("they are in %d files", len(files))
	}
	if drafts, err := filepath.Glob(filepath.Join(b.disk.files.dir, "*", draftPrefix+"*")); err != nil || len(drafts) > 0 {
		t.Errorf("left: %v, %v", drafts, err)
	}
}

// TestWritersAtOnce: bodies that are written at once do not mix, whichever are given up, small or grown large.
func TestWritersAtOnce(t *testing.T) {
	b := batcherIn(t, 1<<30)
	const n = 90
	bodyOf := func(i int) string { return strings.Repeat(strconv.Itoa(i)+",", 10+100*(i%30)) }
	for range 2 {
		writers := make([]Writer, n)
		for i := range writers {
			w, err := b.Put(t.Context(), numbered(i))
			if err != nil {
				t.Fatal(err)
			}
			writers[i] = w
		}
		for half := range 2 {
			for i, w := range writers {
				body := bodyOf(i)
				if _, err := io.WriteString(w, body[half*len(body)/2:(half+1)*len(body)/2]); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i, w := range writers {
			if i%3 == 0 {
				w.Abort()
				continue
			}
			body := bodyOf(i)
			e := &Entry{Status: 200, HasBody: true, Size: int64(len(body)), SHA256: sha256.Sum256([]byte(body))}
			if err := w.Commit(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			w.Abort()
		}
	}
	for i := range n {
		found, err := b.Get(t.Context(), numbered(i))
		if err != nil || (found == nil) != (i%3 == 0) {
			t.Fatalf("%d: %v, %v", i, found, err)
		}
		if found == nil {
			continue
		}
		if body, err := found.AppendTo(nil); err != nil || string(body) != bodyOf(i) {
			t.Errorf("%d: %.20q, %v", i, body, err)
		}
		found.Close()
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// TestBatchIsWrittenInTime: an entry that no other follows is written all the same, and its last state alone.
func TestBatchIsWrittenInTime(t *testing.T) {
	b := batcherIn(t, 1<<30)
	synctest.Test(t, func(t *testing.T) {
		keep(t, b, 0, 1)
		if err := Write(t.Context(), b, numbered(0), &Entry{Status: 205}); err != nil { // the first is written before
			t.Fatal(err)
		}
		time.Sleep(lingerTime - time.Millisecond)
		synctest.Wait()
		if found, err := b.disk.Get(t.Context(), numbered(0)); err != nil || found == nil || found.Status != 204 {
			t.Errorf("before its time: %+v, %v", found, err)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		found, err := b.disk.Get(t.Context(), numbered(0))
		if err != nil || found == nil || found.Status != 205 {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

// TestBatchErrors: what could not be written is an error of a later Commit, or of Close, once. Something else in the
// place of one entry is none.
func TestBatchErrors(t *testing.T) {
	b := batcherIn(t, 1<<30)
	write(t, filepath.Join(b.disk.files.dir, "00"), "no folder")
	keep(t, b, 0, 1)
	if err := b.Close(); err == nil {
		t.Error("Close says nothing")
	}
	if err := b.Close(); err != nil {
		t.Errorf("it says so again: %v", err)
	}
	keep(t, b, 0, 1)
	if err := b.Delete(t.Context(), numbered(0)); err == nil { // once it was written
		t.Error("Delete says nothing")
	}
	if err := Write(t.Context(), b, numbered(1), &Entry{Status: 204}); err == nil {
		t.Error("the next Commit says nothing")
	}
	keep(t, b, 2, 1)
	if err := os.MkdirAll(filepath.Join(b.disk.files.name(numbered(3)), "something"), 0o700); err != nil {
		t.Fatal(err)
	}
	keep(t, b, 3, 2)
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if n := there(t, b, 1, 4); n != 3 {
		t.Errorf("%d of the others are there", n)
	}
}

// TestBatchesAtOnce: of many entries stored at once none is lost, whoever stores them again or asks for them.
func TestBatchesAtOnce(t *testing.T) {
	b := batcherIn(t, 1<<30)
	b.maxWriting = 2 // so that some wait for a batch
	large := http.Header{"X": {strings.Repeat("x", 1000)}}
	var all sync.WaitGroup
	for from := range 64 {
		all.Go(func() {
			for i := range 100 {
				key := numbered(from*90 + i) // some of the next
				if err := Write(t.Context(), b, key, &Entry{Status: 204, Header: large}); err != nil {
					t.Error(err)
				}
				if found, err := b.Get(t.Context(), key); found == nil || err != nil {
					t.Errorf("%v: %v, %v", key[:2], found, err)
				} else {
					found.Close()
				}
			}
		})
	}
	all.Wait()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if n := there(t, b.disk, 0, 5770); n != 5770 {
		t.Errorf("%d are there", n)
	}
	for _, info := range filesOf(t, b.disk, 0, 5770) {
		if info.Size() > batchBytes {
			t.Errorf("a file of %d bytes", info.Size())
		}
	}
}

// TestSweepOfBatches: a sweep removes whole files, with all their names, and as few as it has to.
func TestSweepOfBatches(t *testing.T) {
	if !canShare {
		t.Skip("files have one name here")
	}
	b := batcherIn(t, 1<<30)
	keep(t, b, 0, 4000)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	sizeOf := func() (size int64) {
		for _, info := range filesOf(t, b.disk, 0, 4000) {
			size += diskSize(info.Size())
		}
		return size
	}
	whole := sizeOf()
	b.disk.usage.limit = whole / 2
	b.disk.files.now = func() time.Time { return time.Now().Add(recountAfter + time.Hour) }
	keep(t, b, 4000, 1)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if left := sizeOf(); left > whole/2 || left < whole/3 {
		t.Errorf("%d bytes of %d are left", left, whole)
	}
	if n := there(t, b, 0, 4000); n > 2000 || n < 1300 {
		t.Errorf("%d of 4000 entries are left", n)
	}
}

// TestNewDirectoryIsNotCounted: what the first run has stored in a new directory is known without a count.
func TestNewDirectoryIsNotCounted(t *testing.T) {
	b := batcherIn(t, 100*4096)
	counted := 0 // a sweep reads the clock for each folder
	b.disk.files.now = func() time.Time { counted++; return time.Now() }
	keep(t, b, 0, 1)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if counted > 2 {
		t.Errorf("the clock was read %d times", counted)
	}
	again, err := OpenDisk(filepath.Dir(b.disk.files.dir), 100*4096)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, again, 0, 150)
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if n := there(t, again, 0, 150); n > 100 {
		t.Errorf("%d are left", n)
	}
}
