//go:build unix

package cache

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestDirectoryOfAnother: a directory that another user can write to, or that is not ours, is no cache.
func TestDirectoryOfAnother(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(dir string) error // dir is there and has a layout in it
		taken bool
	}{
		{"our own", func(dir string) error { return os.Chmod(dir, 0o700) }, true},
		{"readable by all", func(dir string) error { return os.Chmod(dir, 0o755) }, true},
		{"writable by all", func(dir string) error { return os.Chmod(dir, 0o777) }, false},
		{"writable by all, sticky", func(dir string) error { return os.Chmod(dir, os.ModeSticky|0o777) }, false},
		{"writable by a group", func(dir string) error { return os.Chmod(dir, 0o770) }, false},
		{"its layout is writable", func(dir string) error { return os.Chmod(filepath.Join(dir, layout), 0o777) }, false},
		{"its layout is a link", func(dir string) error {
			return errors.Join(os.Rename(filepath.Join(dir, layout), dir+"-moved"),
				os.Symlink(dir+"-moved", filepath.Join(dir, layout)))
		}, false},
		{"its layout is a file", func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, layout)),
				os.WriteFile(filepath.Join(dir, layout), nil, 0o600))
		}, false},
		{"another's", func(dir string) error { return os.Chown(dir, 1, 1) }, false},
		{"its layout is another's", func(dir string) error { return os.Chown(filepath.Join(dir, layout), 1, 1) }, false},
		{"behind a link", func(dir string) error {
			return errors.Join(os.Rename(dir, dir+"-moved"), os.Symlink(dir+"-moved", dir))
		}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "cache")
			err := os.MkdirAll(filepath.Join(dir, layout), 0o700)
			if err == nil {
				err = tt.spoil(dir)
			}
			if errors.Is(err, os.ErrPermission) {
				t.Skip("only root can give a file away")
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := OpenDisk(dir, 1<<20); (err == nil) != tt.taken {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestEntryOfAnother: an entry that another user can have written is not used, warned of once, and replaced by the next
// response; the other entries are still used.
func TestEntryOfAnother(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(entry string) error
		taken bool
	}{
		{"readable by all", func(entry string) error { return os.Chmod(entry, 0o644) }, true},
		{"writable by all", func(entry string) error { return os.Chmod(entry, 0o666) }, false},
		{"writable by a group", func(entry string) error { return os.Chmod(entry, 0o660) }, false},
		{"another's", func(entry string) error { return os.Chown(entry, 1, 1) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := time.Now()
			d := diskIn(t, t.TempDir(), 1<<20, &now)
			var warned []error
			g := NewGuard(d, func(err error, _ bool) { warned = append(warned, err) })
			keep(t, d, 0, 1)
			keep(t, d, 1, 1)
			if err := tt.spoil(d.files.name(numbered(0))); errors.Is(err, os.ErrPermission) {
				t.Skip("only root can give a file away")
			} else if err != nil {
				t.Fatal(err)
			}
			isThere := func(n int) bool {
				found, err := g.Get(t.Context(), numbered(n))
				if err != nil {
					t.Error(err)
				}
				if found != nil {
					found.Close()
				}
				return found != nil
			}
			for range 2 {
				if it, other := isThere(0), isThere(1); it != tt.taken || !other {
					t.Errorf("it is used: %v; the other: %v", it, other)
				}
			}
			if !tt.taken && (len(warned) != 1 || !errors.Is(warned[0], errNotOurs)) || tt.taken && len(warned) > 0 {
				t.Errorf("warned of %v", warned)
			}
			before, err := os.ReadFile(d.files.name(numbered(0)))
			if err != nil {
				t.Fatal(err)
			}
			if err := g.Refresh(t.Context(), numbered(0), &Entry{Status: 205}); err != nil {
				t.Error(err)
			}
			if after, err := os.ReadFile(d.files.name(numbered(0))); err != nil || !tt.taken && string(after) != string(before) {
				t.Errorf("it was refreshed, %v", err)
			}
			keep(t, d, 0, 1)
			if !isThere(0) {
				t.Error("it is not replaced")
			}
		})
	}
}

// TestSweepFollowsNoLinks: what lies behind a link in the place of a folder is neither counted nor removed.
func TestSweepFollowsNoLinks(t *testing.T) {
	now, elsewhere := time.Now(), t.TempDir()
	victim := filepath.Join(elsewhere, "victim")
	write(t, victim, "precious")
	if err := os.Chtimes(victim, now.Add(-1000*time.Hour), now.Add(-1000*time.Hour)); err != nil {
		t.Fatal(err)
	}
	d := diskIn(t, t.TempDir(), 1<<20, &now)
	keep(t, d, 0, 3)
	d.usage.limit = 1 // all has to go
	if err := os.Symlink(elsewhere, filepath.Join(d.files.dir, "ff")); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(d.files.name(numbered(0))); err == nil {
		t.Error("nothing was swept")
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "precious" {
		t.Errorf("it holds %q, %v", text, err)
	}
}
