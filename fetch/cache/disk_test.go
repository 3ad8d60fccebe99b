package cache_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/cache/storetest"
)

func TestDisk(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		dir := t.TempDir()
		return storetest.Subject{
			Open: func(t *testing.T) cache.Store { return openDisk(t, dir, 1<<30) },
			Spoil: func(t *testing.T) {
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
			},
		}
	})
}

func openDisk(t *testing.T, dir string, limit int64) *cache.Disk {
	t.Helper()
	d, err := cache.OpenDisk(dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// filesIn lists the files of entries.
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
