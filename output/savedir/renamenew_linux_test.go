package savedir

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"batchfetch/fetch"
)

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
