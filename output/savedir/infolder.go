package savedir

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// inFolder calls do with a folder that has that name now, and drops an open one that has failed.
func (t *tree) inFolder(folder string, do func(dir *os.File) error) error {
	if in := t.folders.use(folder, 0); in != nil {
		err := do(in.dir)
		t.folders.release(in, err != nil && err != syscall.EEXIST && !hasNoNoReplace(err))
		return err
	}
	dir, err := openFolderOf(t.root, folder)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }() // only read
	return do(dir)
}

// linkError puts names to an error of linkat(2) or renameat2(2).
func linkError(err error, from, to string) error {
	var known *fs.PathError
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &os.LinkError{Op: "link", Old: from, New: to, Err: err}
}

// hasNoNoReplace reports whether an error of renameat2(2) says that the file system has no RENAME_NOREPLACE, as NFS.
func hasNoNoReplace(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSYS)
}
