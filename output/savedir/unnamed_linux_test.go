package savedir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"batchfetch/fetch"
	"batchfetch/output/file/filetest"
)

// TestLinkWays: a file without a name gets one by its descriptor, where this user may do that, or by its name in /proc;
// never one that another file has, be that a link to nowhere.
func TestLinkWays(t *testing.T) {
	for _, way := range []linkWay{linkByFD, linkByProc} {
		dir := t.TempDir()
		bodies := openDir(t, dir, "")
		needsUnnamed(t, bodies)
		if way == linkByFD && bodies.linkWay != linkByFD {
			continue // this kernel wants CAP_DAC_READ_SEARCH for it
		}
		bodies.linkWay = way
		path, err := saveBody(bodies, &fetch.Request{URL: "https://a.test/", Path: "in/body"}, "text")
		if err != nil || filetest.Read(t, path) != "text" {
			t.Errorf("way %d: saved as %q, %v", way, path, err)
		}
		filetest.Symlink(t, "nowhere", filepath.Join(dir, "in", "link"))
		f := bodies.createUnnamed("in")
		if f == nil {
			t.Fatalf("way %d: no file", way)
		}
		for _, name := range []string{"in/body", "in/link"} {
			if err := bodies.link(f, name); !errors.Is(err, fs.ErrExist) {
				t.Errorf("way %d: %s: %v", way, name, err)
			}
		}
		must(t, f.Close())
	}
}

// TestModeOfUnnamed: a body has the permissions of any new file.
func TestModeOfUnnamed(t *testing.T) {
	dir := t.TempDir()
	path, err := saveBody(openDir(t, dir, ""), &fetch.Request{URL: "https://a.test/", Path: "body"}, "text")
	must(t, err)
	plain, err := os.OpenFile(filepath.Join(dir, "plain"), os.O_CREATE|os.O_WRONLY, 0o666)
	must(t, err)
	must(t, plain.Close())
	var saved, other unix.Stat_t
	must(t, errors.Join(unix.Stat(path, &saved), unix.Stat(plain.Name(), &other)))
	if saved.Mode != other.Mode || saved.Nlink != 1 {
		t.Errorf("mode is %o with %d names, a new file's is %o", saved.Mode, saved.Nlink, other.Mode)
	}
}

// TestLinkOfClosed: a file that was closed is never given a name, though another file has its descriptor by now.
func TestLinkOfClosed(t *testing.T) {
	dir := t.TempDir()
	bodies := openDir(t, dir, "")
	needsUnnamed(t, bodies)
	must(t, os.Mkdir(filepath.Join(dir, "in"), 0o777))
	bodies.folders.add("in")
	f := bodies.createUnnamed("in").(*unnamedFile)
	must(t, f.file().Close()) // as createLocked does where another has removed its name
	other, err := openUnnamed(int(bodies.folders.open[0].dir.Fd()))
	must(t, err)
	defer func() { _ = unix.Close(other) }()
	if other != f.fd {
		t.Skip("another goroutine has the descriptor")
	}
	if err := bodies.link(f, "in/body"); err == nil {
		t.Errorf("another file is linked: %q", filetest.Read(t, filepath.Join(dir, "in", "body")))
	}
	if _, err := f.Write([]byte("x")); err == nil {
		t.Error("another file is written")
	}
}

// TestFolderWithoutNoReplace: a folder whose file system has no RENAME_NOREPLACE stays open for the next bodies.
func TestFolderWithoutNoReplace(t *testing.T) {
	dir := t.TempDir()
	bodies := openDir(t, dir, "")
	must(t, os.Mkdir(filepath.Join(dir, "in"), 0o777))
	for err, stays := range map[error]bool{unix.EINVAL: true, unix.ENOSYS: true, unix.EEXIST: true, unix.ENOENT: false} {
		bodies.folders.add("in")
		got := bodies.tree.inFolder("in", func(*os.File) error { return err })
		if got != err || bodies.folders.has("in") != stays {
			t.Errorf("after %v: %v, open %t, want %t", err, got, !stays, stays)
		}
	}
}
