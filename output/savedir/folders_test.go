package savedir

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"batchfetch/fetch"
	"batchfetch/output/file"
)

// TestFoldersThatOthersChange: an open folder is used no more once it has been moved, replaced or removed; bodies are
// where their Records say.
func TestFoldersThatOthersChange(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, folder string)
	}{
		{"moved", func(t *testing.T, folder string) { must(t, os.Rename(folder, folder+"-moved")) }},
		{"replaced", func(t *testing.T, folder string) {
			must(t, errors.Join(os.Rename(folder, folder+"-moved"), os.Mkdir(folder, 0o700)))
		}},
		{"removed", func(t *testing.T, folder string) { must(t, os.RemoveAll(folder)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			bodies := openDir(t, dir, "")
			save := func(name string) {
				t.Helper()
				where, err := saveBody(bodies, &fetch.Request{URL: "https://a.test/", Path: "in/deep/" + name}, name)
				if err != nil {
					t.Fatal(err)
				}
				if text, err := os.ReadFile(where); err != nil || string(text) != name {
					t.Fatalf("%s has %q, %v", where, text, err)
				}
			}
			save("one")
			tt.change(t, filepath.Join(dir, "in"))
			if tt.name != "removed" { // that is seen at once
				time.Sleep(2 * checkFolderAfter)
			}
			save("two")
			save("three")
		})
	}
}

// TestFoldersAreFew: so many folders are open, whether requests use them one by one or at once; all are closed at the
// end.
func TestFoldersAreFew(t *testing.T) {
	bodies := openDir(t, t.TempDir(), "")
	save := func(i int) {
		r := &fetch.Request{URL: "https://a.test/", Path: fmt.Sprintf("in%d/body%d", i%(3*maxOpenFolders), i)}
		if _, err := saveBody(bodies, r, "x"); err != nil {
			t.Error(err)
		}
	}
	for i := range 100 {
		save(i)
	}
	var all sync.WaitGroup
	for i := 100; i < 200; i++ {
		all.Go(func() { save(i) })
	}
	all.Wait()
	if n := len(bodies.folders.open); n > maxOpenFolders || file.CanLock && n == 0 {
		t.Errorf("%d folders are open", n)
	}
	open := slices.Clone(bodies.folders.open)
	must(t, bodies.Close())
	for _, f := range open {
		if _, err := f.root.Stat("."); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: %v", f.name, err)
		}
	}
}

// TestBodiesOfManyFolders: small bodies under way in more folders than are open need no temporary names either.
func TestBodiesOfManyFolders(t *testing.T) {
	bodies := openDir(t, t.TempDir(), "")
	needsUnnamed(t, bodies)
	var written []*bodyWriter
	for i := range 2 * maxOpenFolders {
		body, err := bodies.Create(&fetch.Request{URL: "https://a.test/", Path: fmt.Sprintf("in%d/body", i)})
		must(t, err)
		defer body.Abandon()
		writeText(t, body, "text")
		written = append(written, body.(*bodyWriter))
	}
	for i, body := range written {
		_, err := body.Commit(sha256.Sum256([]byte("text")))
		must(t, err)
		if body.name != "" {
			t.Errorf("body %d had the name %s", i, body.name)
		}
	}
}
