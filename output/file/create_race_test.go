package file

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
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
