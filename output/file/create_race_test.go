package file

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// A Create that races with a Commit gets a part of its own, and never truncates the committed file.
func TestCreateNeverTakesACommittedFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out.jsonl")
	var runs sync.WaitGroup
	for range 4 {
		runs.Go(func() {
			for done := 0; done < 100; {
				f, err := Create(name, nil)
				if errors.Is(err, ErrBusy) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				done++
				mine, err := f.Stat()
				if err != nil {
					t.Error(err)
				}
				if part, err := os.Stat(f.Part()); err != nil || !os.SameFile(mine, part) {
					t.Errorf("what was locked is not the part, %v", err)
				}
				if err := f.Commit(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	runs.Wait()
}

// TestOneRunWhicheverWay: of two runs that open one file at once, one to replace it and one to write it in place, only
// one has it.
func TestOneRunWhicheverWay(t *testing.T) {
	if !CanLock {
		t.Skip("no locks here")
	}
	name := filepath.Join(t.TempDir(), "out.jsonl")
	var holders atomic.Int32
	open := func(open func() (discard func(), err error)) {
		for range 2000 {
			discard, err := open()
			if errors.Is(err, ErrBusy) {
				continue
			}
			if err != nil {
				t.Error(err)
				return
			}
			if holders.Add(1) > 1 {
				t.Error("both have it")
			}
			runtime.Gosched()
			holders.Add(-1)
			discard()
		}
	}
	var runs sync.WaitGroup
	runs.Go(func() {
		open(func() (func(), error) {
			f, err := Create(name, nil)
			if err != nil {
				return nil, err
			}
			return f.Discard, nil
		})
	})
	runs.Go(func() {
		open(func() (func(), error) {
			f, err := OpenLive(name)
			if err != nil {
				return nil, err
			}
			return f.Discard, nil
		})
	})
	runs.Wait()
}

// TestPartOfTheNextRun: what has the part's name once a file has its own is no unfinished file of that run.
func TestPartOfTheNextRun(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out.jsonl")
	first, err := Create(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := first.Part(); got != name+partSuffix {
		t.Errorf("before Commit it is %q", got)
	}
	if err := first.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := first.Part(); got != "" {
		t.Errorf("after Commit it is %q", got)
	}
}
