package cache

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// TestDiskFollowsNoLinks checks that a symbolic link in the place of one of our files is not followed, neither for
// reading nor for writing.
func TestDiskFollowsNoLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there it takes a privilege to make a link")
	}
	dir, now := t.TempDir(), time.Now()
	victim := filepath.Join(t.TempDir(), "victim")
	d := diskIn(t, dir, 1<<20, &now)
	keep(t, d, 0, 1)
	image, err := os.ReadFile(d.files.name(numbered(0)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, filepath.Join(d.files.dir, usageName)); err != nil {
		t.Fatal(err)
	}
	_ = d.Close() // whether that is an error does not matter
	if _, err := os.Lstat(victim); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was made where a link leads: %v", err)
	}
	write(t, victim, string(image))
	_ = d.Close() // as above
	if err := os.Remove(d.files.name(numbered(0))); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, d.files.name(numbered(0))); err != nil {
		t.Fatal(err)
	}
	if err := d.Refresh(t.Context(), numbered(0), &Entry{Status: 205}); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != string(image) {
		t.Errorf("%q was written where a link leads, %v", text, err)
	}
	if info, err := os.Lstat(d.files.name(numbered(0))); err != nil || info.Mode().IsRegular() {
		t.Errorf("what a link leads to was refreshed: %v", err)
	}
}

// TestDirectoryInPlaceOfEntry checks that a folder in the place of an entry is treated as missing, and that other
// entries are stored nevertheless.
func TestDirectoryInPlaceOfEntry(t *testing.T) {
	now := time.Now()
	d := diskIn(t, t.TempDir(), 1<<20, &now)
	g := NewGuard(d, func(err error, _ bool) { t.Error(err) })
	for i, full := range []bool{false, true} {
		folder := d.files.name(numbered(i))
		if full {
			folder = filepath.Join(folder, "something")
		}
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := g.Refresh(t.Context(), numbered(i), &Entry{Status: 204}); err != nil {
			t.Error(err)
		}
		if err := Write(t.Context(), g, numbered(i), &Entry{Status: 204}); (err != nil) != full {
			t.Errorf("full %v: %v", full, err)
		}
		if err := g.Delete(t.Context(), numbered(i)); err != nil {
			t.Error(err)
		}
	}
	if err := Write(t.Context(), g, numbered(2), &Entry{Status: 204}); err != nil || there(t, d, 0, 3) != 1 {
		t.Errorf("%v, %d are there", err, there(t, d, 0, 3))
	}
	if drafts, err := filepath.Glob(filepath.Join(d.files.dir, "*", draftPrefix+"*")); err != nil || len(drafts) > 0 {
		t.Errorf("left: %v, %v", drafts, err)
	}
}

// TestCloseAfterReadsOnly checks that a usage file that can't be written is an error only where something was written.
func TestCloseAfterReadsOnly(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	d := diskIn(t, dir, 1<<20, &now)
	if err := os.Mkdir(filepath.Join(d.files.dir, usageName), 0o700); err != nil {
		t.Fatal(err)
	}
	if there(t, d, 0, 1) != 0 || d.Close() != nil {
		t.Error("nothing was written, and Close complains")
	}
	keep(t, d, 0, 1)
	if err := d.Close(); err == nil {
		t.Error("something was written, and Close says nothing")
	}
}
