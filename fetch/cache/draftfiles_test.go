package cache

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
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
	if err := os.Link(draft, furtherName(draft)); err != nil {
		t.Fatal(err)
	}
	return w.(*diskWriter)
}

// furtherName returns another name that the process could give to a draft.
func furtherName(draft string) string { return draft + "000" }

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
	if err := os.Remove(furtherName(w.file.Name())); err != nil {
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
				var d draftFiles
				d.dir = dir
				d.findKilled(time.Now()).close(true)
				d.next()
				d.findKilled(time.Now()).close(true)
				if marker := d.marker.Load(); marker != nil && !isNamed(marker) {
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

// TestMarkersOfOtherBoots: whether a process of another host runs is not known here, so what it writes stays until it
// is as old as a draft without a marker.
func TestMarkersOfOtherBoots(t *testing.T) {
	if !canLock {
		t.Skip("files can't be locked here")
	}
	for _, tt := range []struct {
		name, text string
		hours      time.Duration
		draft      bool // stays
		marker     bool
	}{
		{"this boot", bootID(), 0, false, false},
		{"another", "x" + bootID(), 0, true, true},
		{"a longer one", bootID() + "x", 0, true, true},
		{"another, long ago", "x" + bootID(), 7, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := time.Now()
			d := diskIn(t, t.TempDir(), 1<<30, &now)
			draft := filepath.Join(d.files.dir, "00", draftPrefix+"ID-1")
			marker := filepath.Join(d.files.dir, markers, "ID")
			keep(t, d, 0, 1) // makes the folders
			write(t, draft, "")
			write(t, marker, tt.text)
			now = now.Add(tt.hours * time.Hour)
			d.usage.isNew = false // so that it is swept
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			left := draftsIn(t, d)
			if slices.Contains(left, draft) != tt.draft || slices.Contains(left, marker) != tt.marker {
				t.Errorf("%q are left", left)
			}
		})
	}
}

// TestManyKilledRuns: few markers are open at once, and the next run removes the others.
func TestManyKilledRuns(t *testing.T) {
	if !canLock {
		t.Skip("files can't be locked here")
	}
	var d draftFiles
	d.dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(d.dir, markers), 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range maxKilled + 5 {
		write(t, filepath.Join(d.dir, markers, strconv.Itoa(i)), bootID())
	}
	for _, want := range []int{maxKilled, 5, 0} {
		killed := d.findKilled(time.Now())
		if len(killed) != want {
			t.Errorf("%d are found, want %d", len(killed), want)
		}
		killed.close(true)
	}
}

// TestMarkerDuringSweep: one goroutine makes the marker while another looks for killed runs.
func TestMarkerDuringSweep(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, markers), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		var d draftFiles
		d.dir = dir
		var both sync.WaitGroup
		both.Go(func() { d.next() })
		both.Go(func() { d.findKilled(time.Now()).close(true) })
		both.Wait()
		d.close()
	}
}
