package unnamed

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// openFolder returns a new folder, open, and the Way of its file system; the test is skipped where that is None.
func openFolder(t *testing.T) (folder *os.File, way Way) {
	t.Helper()
	folder, err := os.Open(t.TempDir())
	must(t, err)
	t.Cleanup(func() { _ = folder.Close() })
	if way = FindWay(folder); way == None {
		t.Skip("no files without names here")
	}
	return folder, way
}

// TestLink: a file without a name gets several by its descriptor, where this user may do that, or by its name in /proc;
// never one that another file has, be that a link to nowhere.
func TestLink(t *testing.T) {
	for _, way := range []Way{ByFD, ByProc} {
		folder, best := openFolder(t)
		if way == ByFD && best != ByFD {
			continue // this kernel wants CAP_DAC_READ_SEARCH for it
		}
		f, err := Open(folder, folder.Name(), 0o600)
		must(t, err)
		_, err = f.Write([]byte("text"))
		must(t, err)
		if names, err := os.ReadDir(folder.Name()); len(names) > 0 || err != nil {
			t.Errorf("way %d: before it has a name there are %v, %v", way, names, err)
		}
		must(t, os.Symlink("nowhere", filepath.Join(folder.Name(), "link")))
		for name, want := range map[string]error{"first": nil, "second": nil, "link": unix.EEXIST, "no/such": unix.ENOENT} {
			if err := way.Link(f, folder, name); err != want && (want != nil || err != nil) {
				t.Errorf("way %d: %s: %v, want %v", way, name, err, want)
			}
		}
		must(t, f.Close())
		for _, name := range []string{"first", "second"} {
			if text, err := os.ReadFile(filepath.Join(folder.Name(), name)); string(text) != "text" || err != nil {
				t.Errorf("way %d: %s is %q, %v", way, name, text, err)
			}
		}
	}
}

// TestClosed: a file that was closed is never given a name, nor written, though another file has its descriptor by now.
func TestClosed(t *testing.T) {
	folder, way := openFolder(t)
	f, err := Open(folder, folder.Name(), 0o600)
	must(t, err)
	fd := f.fd
	must(t, f.OS().Close())
	other, err := Open(folder, folder.Name(), 0o600)
	must(t, err)
	defer func() { _ = other.Close() }()
	if other.fd != fd {
		t.Skip("another goroutine has the descriptor")
	}
	if err := way.Link(f, folder, "body"); err == nil {
		t.Error("another file is linked")
	}
	if _, err := f.Write([]byte("x")); err == nil {
		t.Error("another file is written")
	}
}
