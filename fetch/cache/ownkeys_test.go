package cache

import (
	"path/filepath"
	"testing"
	"time"
)

// TestOwnKeys: what a new directory lacks is known, and what it has is found, until another process opens it: then what
// that stores is found a little later.
func TestOwnKeys(t *testing.T) {
	b, now := batcherIn(t, 1<<30), time.Now()
	b.disk.files.now = func() time.Time { return now }
	keep(t, b, 0, 300)
	b.mu.Lock()
	b.sendOff()
	for b.writing > 0 {
		b.done.Wait()
	}
	b.mu.Unlock()
	if n := there(t, b, 0, 300); n != 300 {
		t.Errorf("%d of 300 are found", n)
	}
	lacking := 0
	for i := range 300 {
		if b.disk.lacks(numbered(300 + i)) {
			lacking++
		}
	}
	if lacking < 290 {
		t.Errorf("%d of 300 are known to be missing", lacking)
	}

	other, err := OpenDisk(filepath.Dir(b.disk.files.dir), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if other.lacks(numbered(300)) {
		t.Error("a directory that was there is known")
	}
	keep(t, other, 300, 300)
	now = now.Add(lingerTime + 1)
	if n := there(t, b, 0, 600); n != 600 {
		t.Errorf("%d are found with those of the other", n)
	}
	if b.disk.lacks(numbered(600)) {
		t.Error("the directory is still known")
	}
}

// TestOwnKeysEnd: once the usage file is written, or the clock is set back, it is looked at what there is.
func TestOwnKeysEnd(t *testing.T) {
	b, now := batcherIn(t, 1<<30), time.Now()
	b.disk.files.now = func() time.Time { return now }
	if !b.disk.lacks(numbered(0)) {
		t.Error("nothing is known of a new directory")
	}
	if _, err := OpenDisk(filepath.Dir(b.disk.files.dir), 1<<30); err != nil {
		t.Fatal(err)
	}
	now = now.Add(-time.Hour)
	if b.disk.lacks(numbered(0)) {
		t.Error("known with another that has opened it, by a clock that was set back")
	}
	b = batcherIn(t, 1<<30)
	keep(t, b, 0, 1)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if b.disk.lacks(numbered(1)) {
		t.Error("known though the usage file is there")
	}
}
