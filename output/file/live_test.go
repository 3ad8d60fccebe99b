package file

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"batchfetch/output/file/filetest"
)

// A Live is written from empty, readable only by its owner.
func TestLive(t *testing.T) {
	for _, before := range []string{"new", "there already", "there for all"} {
		t.Run(before, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "failures.jsonl")
			switch before {
			case "there already":
				filetest.Write(t, name, "yesterday\n", 0o600)
			case "there for all":
				filetest.Write(t, name, "yesterday\n", 0o644)
			}
			f, err := OpenLive(name)
			if err != nil {
				t.Fatal(err)
			}
			if got := filetest.Read(t, name); before != "new" && got != "yesterday\n" {
				t.Errorf("it holds %q before it begins", got)
			}
			if err := f.Begin(); err != nil {
				t.Fatal(err)
			}
			if got := filetest.Read(t, name); got != "" {
				t.Errorf("it starts from %q", got)
			}
			if _, err := f.Write([]byte("one\n")); err != nil || filetest.Read(t, name) != "one\n" {
				t.Errorf("after a line it is %q, %v", filetest.Read(t, name), err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if got := filetest.Mode(t, name); got != 0o600 {
				t.Errorf("the mode is %o, want 600", got)
			}
		})
	}
	if _, err := OpenLive(t.TempDir()); err == nil {
		t.Error("a directory is taken")
	}
}

// The second of two runs that write one file fails, whichever way they write it, and changes nothing.
func TestLiveHasOneRun(t *testing.T) {
	if !CanLock {
		t.Skip("no locks here")
	}
	dir := t.TempDir()
	name, link := filepath.Join(dir, "failures.jsonl"), filepath.Join(dir, "link")
	filetest.Symlink(t, name, link)
	for _, there := range []bool{false, true} {
		first, err := OpenLive(name)
		if err == nil {
			err = first.Begin()
		}
		if err == nil {
			_, err = first.WriteString("first\n")
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range []string{name, link} {
			if second, err := OpenLive(other); !errors.Is(err, ErrBusy) {
				t.Errorf("%s, there: %v: got %v, %v", other, there, second, err)
			}
			if second, err := Create(other, nil); !errors.Is(err, ErrBusy) {
				t.Errorf("%s, there: %v: got %v, %v", other, there, second, err)
			}
		}
		if filetest.Read(t, name) != "first\n" {
			t.Errorf("it is %q", filetest.Read(t, name))
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
	}
	atomic := createWith(t, name, "whole\n")
	if second, err := OpenLive(name); !errors.Is(err, ErrBusy) {
		t.Errorf("beside an output: got %v, %v", second, err)
	}
	if err := atomic.Commit(); err != nil {
		t.Error(err)
	}
	if got := filetest.Names(t, dir); !slices.Equal(got, []string{"failures.jsonl", "link"}) {
		t.Errorf("there are %q", got)
	}
}

// Discard leaves what was there before, and what another run has written since the file was found to be missing.
func TestLiveDiscarded(t *testing.T) {
	dir := t.TempDir()
	old, made := filepath.Join(dir, "old"), filepath.Join(dir, "new")
	filetest.Write(t, old, "yesterday\n", 0o644)
	for _, name := range []string{old, made, os.DevNull} {
		f, err := OpenLive(name)
		if err != nil {
			t.Fatal(err)
		}
		f.Discard()
	}
	f, err := OpenLive(made)
	if err != nil {
		t.Fatal(err)
	}
	filetest.Write(t, made, "of a run that has ended since it was found to be missing\n", 0o600)
	f.Discard()
	got := filetest.Names(t, dir)
	if !slices.Equal(got, []string{"new", "old"}) || filetest.Read(t, old) != "yesterday\n" {
		t.Errorf("there are %q", got)
	}
}

// TestLiveContinue: lines are appended to those that are there, the last of which is ended.
func TestLiveContinue(t *testing.T) {
	name := filepath.Join(t.TempDir(), "failed.jsonl")
	for _, want := range []string{"one\n", "one\none\n", "one\none\ntorn\none\n"} {
		f, err := OpenLive(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Continue(); err != nil {
			t.Fatal(err)
		}
		_, _ = f.WriteString("one\n")
		_ = f.Close()
		content, _ := os.ReadFile(name)
		if string(content) != want {
			t.Errorf("%q, want %q", content, want)
		}
		if want == "one\none\n" {
			_ = os.WriteFile(name, append(content, "torn"...), 0o600)
		}
	}
}
