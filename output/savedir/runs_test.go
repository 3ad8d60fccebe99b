package savedir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"batchfetch/fetch"
	"batchfetch/output/file/filetest"
)

// TestBodiesOfARunThatGoesOn: what a run has saved is no earlier run's for another until it has ended: also what it had
// saved before the other began, or whose bytes had come by then.
func TestBodiesOfARunThatGoesOn(t *testing.T) {
	needsLocks(t)
	r := &fetch.Request{URL: "https://a.test/", Path: "in/body"}
	for begins, savesFirst := range map[string]bool{"when it is saved": true, "when its bytes have come": false} {
		t.Run(begins, func(t *testing.T) {
			eachWay(t, func(t *testing.T, open func(dir, template string) *Dir) {
				dir := t.TempDir()
				filetest.Write(t, filepath.Join(dir, "something"), "", 0o600) // it is not empty
				first, second := open(dir, ""), (*Dir)(nil)
				if !savesFirst {
					second = open(dir, "")
				}
				path, err := saveBody(first, r, "the first")
				must(t, err)
				age(t, path)
				if savesFirst {
					second = open(dir, "")
				}
				other, err := saveBody(second, r, "the second")
				must(t, err)
				if other == path || filetest.Read(t, path) != "the first" || filetest.Read(t, other) != "the second" {
					t.Errorf("the first has %q in %s, the second %q in %s", filetest.Read(t, path), path,
						filetest.Read(t, other), other)
				}
				must(t, errors.Join(first.Close(), second.Close()))
				third := open(dir, "")
				if again, err := saveBody(third, r, "the third"); err != nil || again != path {
					t.Errorf("after both have ended it is saved as %q, %v", again, err)
				}
				must(t, third.Close())
				if _, err := os.Lstat(filepath.Join(dir, runsFolder)); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("the folder of markers is left, %v", err)
				}
			})
		})
	}
}

// TestBodiesOfAKilledRun: they are an earlier run's, and its marker is removed.
func TestBodiesOfAKilledRun(t *testing.T) {
	needsLocks(t)
	dir := t.TempDir()
	r := &fetch.Request{URL: "https://a.test/", Path: "body"}
	killed := openDir(t, dir, "")
	path, err := saveBody(killed, r, "yesterday")
	must(t, err)
	age(t, path)
	must(t, killed.names.runs.marker.Close())
	bodies := openDir(t, dir, "")
	if again, err := saveBody(bodies, r, "today"); err != nil || again != path {
		t.Errorf("saved as %q, %v", again, err)
	}
	if names := filetest.Names(t, filepath.Join(dir, runsFolder)); len(names) != 1 {
		t.Errorf("there are %q", names)
	}
}

// TestFilesBeforeARunThatGoesOn: what was there before any of the runs that go on is an earlier run's.
func TestFilesBeforeARunThatGoesOn(t *testing.T) {
	needsLocks(t)
	dir := t.TempDir()
	filetest.Write(t, filepath.Join(dir, "body"), "yesterday", 0o600)
	age(t, filepath.Join(dir, "body"))
	before, err := os.Lstat(filepath.Join(dir, "body"))
	must(t, err)
	for !fileClock().After(changedAt(before)) {
		time.Sleep(time.Millisecond)
	}
	openDir(t, dir, "")
	r := &fetch.Request{URL: "https://a.test/", Path: "body"}
	if path, err := saveBody(openDir(t, dir, ""), r, "today"); err != nil || path != filepath.Join(dir, "body") {
		t.Errorf("saved as %q, %v", path, err)
	}
}

// TestRunsBeginAtOnce: each of many runs has a marker, whatever others remove when they end, and none is left.
func TestRunsBeginAtOnce(t *testing.T) {
	needsLocks(t)
	dir := t.TempDir()
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for range 20 {
				bodies, err := Open(dir, NameTemplate{})
				if err != nil || bodies.names.runs.marker == nil || bodies.Close() != nil {
					t.Errorf("there is no marker, %v", err)
				}
			}
		})
	}
	running.Wait()
	if names := filetest.Names(t, dir); len(names) > 0 {
		t.Errorf("there are %q", names)
	}
}
