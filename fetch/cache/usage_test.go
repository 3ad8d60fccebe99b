package cache

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// diskIn opens a Disk whose clock is now.
func diskIn(t *testing.T, dir string, limit int64, now *time.Time) *Disk {
	t.Helper()
	d, err := OpenDisk(dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	d.files.now = func() time.Time { return *now }
	return d
}

// numbered returns the n-th key.
func numbered(n int) (key Key) {
	key[0], key[1] = byte(n), byte(n>>8)
	return key
}

// keep stores n entries without a body: on a Disk each takes a block.
func keep(t *testing.T, s Store, from, n int) {
	t.Helper()
	for i := range n {
		if err := Write(t.Context(), s, numbered(from+i), &Entry{Status: 204}); err != nil {
			t.Fatal(err)
		}
	}
}

// age sets the time of last use of n entries to span ago.
func age(t *testing.T, d *Disk, from, n int, span time.Duration) {
	t.Helper()
	then := time.Now().Add(-span)
	for i := range n {
		if err := os.Chtimes(d.files.name(numbered(from+i)), then, then); err != nil {
			t.Fatal(err)
		}
	}
}

// there returns how many of n entries are found, which renews their time of use.
func there(t *testing.T, s Store, from, n int) (count int) {
	t.Helper()
	for i := range n {
		found, err := s.Get(t.Context(), numbered(from+i))
		if err != nil {
			t.Fatal(err)
		}
		if found != nil {
			found.Close()
			count++
		}
	}
	return count
}

// TestSweep checks that the least recently used entries are removed where files are over the limit, and not more than
// necessary.
func TestSweep(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	d := diskIn(t, dir, 100*4096, &now)
	keep(t, d, 0, 60)
	age(t, d, 0, 60, 48*time.Hour)
	if there(t, d, 0, 20) != 20 { // these are used again
		t.Fatal("not there")
	}
	keep(t, d, 100, 50)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	old, used, fresh := there(t, d, 20, 40), there(t, d, 0, 20), there(t, d, 100, 50)
	if used != 20 || fresh != 50 || old > 30 || old < 20 {
		t.Errorf("left: %d of 40 old ones, %d of 20 used again, %d of 50 new ones", old, used, fresh)
	}
}

// TestSweepWithinOneRun checks that a run that writes more than the limit sweeps while it runs.
func TestSweepWithinOneRun(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	d := diskIn(t, dir, 64*4096, &now)
	keep(t, d, 0, 1000)
	if n := there(t, d, 0, 1000); n > 64+64/noteFraction+1 || n < 40 {
		t.Errorf("%d are there", n)
	}
}

// TestUsageIsCorrected checks that a usage file that is missing, damaged, wrong or old is corrected by a count.
func TestUsageIsCorrected(t *testing.T) {
	now := time.Now()
	for name, spoil := range map[string]func(t *testing.T, name string){
		"missing": func(t *testing.T, name string) {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		},
		"torn": func(t *testing.T, name string) { write(t, name, "abc") },
		"absurd": func(t *testing.T, name string) {
			write(t, name, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f")
		},
		"old": func(*testing.T, string) { now = now.Add(recountAfter + time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			d := diskIn(t, dir, 1000*4096, &now)
			keep(t, d, 0, 200)
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			spoil(t, filepath.Join(d.files.dir, usageName))
			small := diskIn(t, dir, 100*4096, &now)
			keep(t, small, 500, 1)
			if err := small.Close(); err != nil {
				t.Fatal(err)
			}
			if n := there(t, small, 0, 200); n > 100 {
				t.Errorf("%d are there", n)
			}
		})
	}
}

// write writes a file.
func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestOneSweepAtATime checks that while another process has the usage file locked this one does not sweep, and that
// what it wrote is added the next time.
func TestOneSweepAtATime(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	d := diskIn(t, dir, 100*4096, &now)
	keep(t, d, 0, 1)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(d.files.dir, usageName))
	if err != nil {
		t.Fatal(err)
	}
	if !lockFile(f) {
		t.Fatal("not locked")
	}
	keep(t, d, 0, 150)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if n := there(t, d, 0, 150); n != 150 {
		t.Errorf("%d are left", n)
	}
	_ = f.Close() // which releases the lock
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if n := there(t, d, 0, 150); n > 100 {
		t.Errorf("%d are left", n)
	}
}

// TestDrafts checks that a sweep removes drafts of killed processes and leaves those that may still be written.
func TestDrafts(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	d := diskIn(t, dir, 100*4096, &now)
	keep(t, d, 0, 1)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	now = now.Add(recountAfter + time.Minute) // so that the next Close counts
	keep(t, d, 0, 1)
	folder := filepath.Dir(d.files.name(numbered(0)))
	for name, age := range map[string]time.Duration{"killed": draftLifetime + time.Minute, "going": time.Minute} {
		file := filepath.Join(folder, draftPrefix+name)
		write(t, file, "half")
		if err := os.Chtimes(file, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(folder, draftPrefix+"*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != draftPrefix+"going" {
		t.Errorf("%v, %v", left, err)
	}
}

// TestFilesAreOwnerOnly checks that no other user can read what servers sent.
func TestFilesAreOwnerOnly(t *testing.T) {
	now := time.Now()
	d := diskIn(t, filepath.Join(t.TempDir(), "new"), 1<<20, &now)
	keep(t, d, 0, 1)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	err := filepath.Walk(filepath.Dir(d.files.dir), func(name string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %s", name, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
