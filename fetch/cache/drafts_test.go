package cache

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// startDraft returns a Writer that has made a draft under a key, which has a further name as one that is linked in
// place of another file.
func startDraft(t *testing.T, d *Disk, n int) *diskWriter {
	t.Helper()
	w, err := d.Put(t.Context(), numbered(n))
	if err == nil {
		_, err = io.WriteString(w, strings.Repeat("x", inMemory+1))
	}
	if err != nil {
		t.Fatal(err)
	}
	draft := w.(*diskWriter).file.Name()
	if err := os.Link(draft, further(draft, 0)); err != nil {
		t.Fatal(err)
	}
	return w.(*diskWriter)
}

// draftsIn returns the names of all drafts and markers in the directory of a Disk.
func draftsIn(t *testing.T, d *Disk) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(d.files.dir, "*", draftPrefix+"*"))
	running, err2 := filepath.Glob(filepath.Join(d.files.dir, markers, "*"))
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return append(names, running...)
}

// killedVar names the directory to the process that TestDraftsOfKilledRuns kills.
const killedVar = "CACHE_TEST_KILLED"

// TestDraftsOfKilledRuns: the next run removes what a killed one has left, and nothing of one that still runs.
func TestDraftsOfKilledRuns(t *testing.T) {
	if dir := os.Getenv(killedVar); dir != "" {
		d, err := OpenDisk(dir, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		startDraft(t, d, 1)
		_, _ = os.Stdout.WriteString("ready\n")
		select {} // until it is killed
	}
	if !canLock {
		t.Skip("files can't be locked here")
	}
	dir := t.TempDir()
	running, err := OpenDisk(dir, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	w := startDraft(t, running, 0)
	own := len(draftsIn(t, running))

	child := exec.Command(os.Args[0], "-test.run=^TestDraftsOfKilledRuns$")
	child.Env = append(os.Environ(), killedVar+"="+dir)
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Process.Kill() }) // of one that has ended it does nothing
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	if n := len(draftsIn(t, running)); n != 2*own {
		t.Fatalf("%d drafts and markers after the kill, want %d", n, 2*own)
	}

	next, err := OpenDisk(dir, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if err := next.Close(); err != nil {
		t.Fatal(err)
	}
	if left := draftsIn(t, next); len(left) != own {
		t.Errorf("%q are left, want %d of the one that runs", left, own)
	}
	if err := os.Remove(further(w.file.Name(), 0)); err != nil {
		t.Error(err)
	}
	if err := w.Commit(t.Context(), &Entry{Status: 204}); err != nil {
		t.Error(err)
	}
	if err := running.Close(); err != nil {
		t.Error(err)
	}
	if left := draftsIn(t, next); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
}

// TestMarkersAreNotTaken: while others look for killed runs each run gets a marker that stays its own.
func TestMarkersAreNotTaken(t *testing.T) {
	if !canLock {
		t.Skip("files can't be locked here")
	}
	dir := t.TempDir()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				var d drafts
				d.dir = dir
				d.findKilled().close(true)
				d.next()
				d.findKilled().close(true)
				if d.marker != nil && !isNamed(d.marker) {
					t.Error("another run has removed the marker")
				}
				d.close()
			}
		})
	}
	all.Wait()
	if left, err := os.ReadDir(filepath.Join(dir, markers)); err != nil || len(left) > 0 {
		t.Errorf("%d markers are left, %v", len(left), err)
	}
}
