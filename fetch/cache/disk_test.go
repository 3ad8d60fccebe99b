package cache_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/cache/storetest"
)

func TestDisk(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		dir := t.TempDir()
		return storetest.Subject{
			Open:  func(t *testing.T) cache.Store { return openDisk(t, dir, 1<<30) },
			Spoil: func(t *testing.T) { spoilBodies(t, dir) },
		}
	})
}

// TestBatcher is TestDisk with a Batcher, of which another process finds what is written.
func TestBatcher(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		dir := t.TempDir()
		var opened []*cache.Batcher
		writeAll := func(t *testing.T) {
			for _, b := range opened {
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			}
		}
		t.Cleanup(func() { writeAll(t) }) // before the directory is removed
		return storetest.Subject{
			Open: func(t *testing.T) cache.Store {
				writeAll(t)
				b := cache.NewBatcher(openDisk(t, dir, 1<<30), 3)
				opened = append(opened, b)
				return b
			},
			Settle: writeAll,
			Spoil: func(t *testing.T) {
				writeAll(t)
				spoilBodies(t, dir)
			},
		}
	})
}

// spoilBodies changes the last byte of each body that has the word for it.
func spoilBodies(t *testing.T, dir string) {
	t.Helper()
	for _, name := range filesIn(t, dir) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if at := bytes.LastIndex(text, []byte("batchfetch")); at >= 0 {
			text[at] ^= 1
		}
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// openDisk opens a Disk in dir.
func openDisk(t *testing.T, dir string, limit int64) *cache.Disk {
	t.Helper()
	d, err := cache.OpenDisk(dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// filesIn lists the files of entries in dir.
func filesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && entry.Name() != "usage" {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestDiskTakesFilesOnly checks that something other than a regular file in the place of an entry, such as a pipe, is
// no entry and is not waited for.
func TestDiskTakesFilesOnly(t *testing.T) {
	dir := t.TempDir()
	d := openDisk(t, dir, 1<<30)
	if err := cache.Write(t.Context(), d, cache.Key{1}, &cache.Entry{Status: 301}); err != nil {
		t.Fatal(err)
	}
	name := filesIn(t, dir)[0]
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Rename(name, elsewhere); err != nil {
		t.Fatal(err)
	}
	for what, put := range map[string]func() error{
		"a folder": func() error { return os.Mkdir(name, 0o700) },
		"a link":   func() error { return os.Symlink(elsewhere, name) },
		"a pipe":   func() error { return makePipe(name) },
	} {
		if err := put(); err != nil {
			t.Logf("%s can't be made: %v", what, err)
			continue
		}
		if found, err := d.Get(t.Context(), cache.Key{1}); found != nil {
			t.Errorf("%s was found: %v", what, err)
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPipeInPlaceOfUsageFile: a directory with a pipe in the place of the usage file is opened without waiting for a
// reader, and used.
func TestPipeInPlaceOfUsageFile(t *testing.T) {
	dir := t.TempDir()
	d := openDisk(t, dir, 1<<30)
	if err := cache.Write(t.Context(), d, cache.Key{1}, &cache.Entry{Status: 301}); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(filepath.Dir(filesIn(t, dir)[0]))
	if err := makePipe(filepath.Join(folder, "usage")); err != nil {
		t.Skip(err)
	}
	if found, err := openDisk(t, dir, 1<<30).Get(t.Context(), cache.Key{1}); found == nil {
		t.Error(err)
	}
}

// TestDiskNotesStayBounded checks that the file of an entry that is refreshed again and again does not grow without
// bound.
func TestDiskNotesStayBounded(t *testing.T) {
	dir := t.TempDir()
	d := openDisk(t, dir, 1<<30)
	body := bytes.Repeat([]byte("x"), 100<<10)
	e := &cache.Entry{Status: 200, HasBody: true, Size: int64(len(body)), SHA256: sha256.Sum256(body),
		Header: http.Header{"X-Long": {strings.Repeat("x", 8000)}}}
	w, err := d.Put(t.Context(), cache.Key{1})
	if err == nil {
		_, _ = w.Write(body) // Commit returns its error
		err = w.Commit(t.Context(), e)
	}
	for range 100 {
		err = errors.Join(err, d.Refresh(t.Context(), cache.Key{1}, e))
	}
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filesIn(t, dir)[0])
	if err != nil || info.Size() > 200<<10 {
		t.Errorf("%d bytes, %v", info.Size(), err)
	}
}
