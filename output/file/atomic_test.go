package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"batchfetch/output/file/filetest"
)

// createWith creates the output name and writes text to it.
func createWith(t *testing.T, name, text string) *Atomic {
	t.Helper()
	f, err := Create(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Abandon() }) // the test has checked its own
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	return f
}

// An output gets its name only at Commit; until then the old file stays as it is.
func TestFileCommits(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out.jsonl")
	for _, before := range []string{"", "yesterday\n"} {
		if before != "" {
			filetest.Write(t, name, before, 0o644)
		}
		f := createWith(t, name, "today\n")
		if before != "" && filetest.Read(t, name) != before {
			t.Errorf("the old file is already %q", filetest.Read(t, name))
		}
		if f.Part() != name+".part" || filetest.Read(t, f.Part()) != "today\n" {
			t.Errorf("the unfinished output is %q at %s", filetest.Read(t, f.Part()), f.Part())
		}
		if err := f.Commit(); err != nil {
			t.Fatal(err)
		}
		if got := filetest.Read(t, name); got != "today\n" {
			t.Errorf("the file is %q", got)
		}
		if got := filetest.Names(t, filepath.Dir(name)); !slices.Equal(got, []string{"out.jsonl"}) {
			t.Errorf("the directory holds %q", got)
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

// Abandon leaves the old file alone and the part beside it; the next Create starts from empty.
func TestFileAbandoned(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out.jsonl")
	filetest.Write(t, name, "yesterday\n", 0o644)
	f := createWith(t, name, "half of today\n")
	if err := f.Abandon(); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	if filetest.Read(t, name) != "yesterday\n" || filetest.Read(t, name+".part") != "half of today\n" {
		t.Errorf("the file is %q, the part %q", filetest.Read(t, name), filetest.Read(t, name+".part"))
	}
	if err := createWith(t, name, "all\n").Commit(); err != nil {
		t.Fatal(err)
	}
	if filetest.Read(t, name) != "all\n" {
		t.Errorf("the file is %q", filetest.Read(t, name))
	}
}

// Commit and Abandon do nothing after the first of them.
func TestFileEndsOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out.jsonl")
	f := createWith(t, name, "today\n")
	for _, end := range []func() error{f.Commit, f.Commit, f.Abandon} {
		if err := end(); err != nil {
			t.Fatal(err)
		}
	}
	if filetest.Read(t, name) != "today\n" {
		t.Errorf("the file is %q", filetest.Read(t, name))
	}
}

// The second of two runs on one file fails, and changes nothing.
func TestSecondCreateFails(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out.jsonl")
	first := createWith(t, name, "first\n")
	if second, err := Create(name, nil); !errors.Is(err, ErrBusy) {
		t.Fatalf("got %v, %v", second, err)
	}
	if err := first.Commit(); err != nil {
		t.Fatal(err)
	}
	if filetest.Read(t, name) != "first\n" {
		t.Errorf("the file is %q", filetest.Read(t, name))
	}
	if err := createWith(t, name, "second\n").Commit(); err != nil || filetest.Read(t, name) != "second\n" {
		t.Errorf("afterwards: %v, %q", err, filetest.Read(t, name))
	}
}

// A symbolic link stays a link: its target is replaced.
func TestFileBehindALink(t *testing.T) {
	for _, state := range []string{"there already", "not there yet"} {
		t.Run(state, func(t *testing.T) {
			dir, elsewhere := t.TempDir(), t.TempDir()
			link, target := filepath.Join(dir, "out.jsonl"), filepath.Join(elsewhere, "real.jsonl")
			if state == "there already" {
				filetest.Write(t, target, "yesterday\n", 0o644)
			}
			if err := os.Symlink(target, link); err != nil {
				t.Skip("no symbolic links here: ", err)
			}
			if err := createWith(t, link, "today\n").Commit(); err != nil {
				t.Fatal(err)
			}
			info, err := os.Lstat(link)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode()&fs.ModeSymlink == 0 || filetest.Read(t, target) != "today\n" {
				t.Errorf("the link is %s", info.Mode())
			}
			if got := filetest.Names(t, dir); !slices.Equal(got, []string{"out.jsonl"}) {
				t.Errorf("the link's directory holds %q", got)
			}
		})
	}
}

// Create fails for a directory, and in one that is missing.
func TestCreateRefuses(t *testing.T) {
	dir := t.TempDir()
	if f, err := Create(dir, nil); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("a directory: %v, %v", f, err)
	}
	if f, err := Create(filepath.Join(dir, "missing", "out"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing directory: %v, %v", f, err)
	}
	if got := filetest.Names(t, dir); len(got) != 0 {
		t.Errorf("%q stay behind", got)
	}
}

// A device is written in place.
func TestFileInPlace(t *testing.T) {
	f := createWith(t, os.DevNull, "gone\n")
	if f.Part() != "" {
		t.Errorf("the part is %q", f.Part())
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(os.DevNull)
	if err != nil || info.Mode().IsRegular() {
		t.Errorf("%s is now %v, %v", os.DevNull, info, err)
	}
}

// Where the rename fails, Commit returns the error and the part stays.
func TestCommitThatFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sub")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "out.jsonl")
	f := createWith(t, name, "today\n")
	if err := os.MkdirAll(filepath.Join(name, "in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err == nil {
		t.Error("no error")
	}
	if filetest.Read(t, f.Part()) != "today\n" {
		t.Error("the part is gone")
	}
}

// Once the file has its name, the error of Commit says so: it is not the part that is wrong.
func TestCommitThatCannotBeFlushed(t *testing.T) {
	for _, spoil := range []struct {
		name  string
		spoil func(f *Atomic)
	}{
		{"the folder can't be flushed", func(f *Atomic) { f.syncDir = func(string) error { return fs.ErrInvalid } }},
		{"the journal of the old file can't be removed", func(f *Atomic) {
			missing, err := os.Create(f.name + ".journal")
			if err == nil {
				err = os.Remove(missing.Name())
			}
			if err != nil {
				t.Fatal(err)
			}
			f.companion = missing
		}},
	} {
		t.Run(spoil.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "out.jsonl")
			f := createWith(t, name, "today\n")
			spoil.spoil(f)
			if err := f.Commit(); err == nil || !strings.HasPrefix(err.Error(), name+" is there already, whole, but ") {
				t.Errorf("got %v", err)
			}
			if filetest.Read(t, name) != "today\n" {
				t.Errorf("the file is %q", filetest.Read(t, name))
			}
		})
	}
}

// An output has the mode of the file that it replaces.
func TestFileKeepsItsMode(t *testing.T) {
	for _, part := range []string{"no part", "a part left behind"} {
		t.Run(part, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "out.jsonl")
			filetest.Write(t, name, "yesterday\n", 0o600)
			if part != "no part" {
				filetest.Write(t, name+".part", "half\n", 0o644)
			}
			if err := createWith(t, name, "today\n").Commit(); err != nil {
				t.Fatal(err)
			}
			if got := filetest.Mode(t, name); got != 0o600 {
				t.Errorf("the mode is %o, want 600", got)
			}
		})
	}
}
