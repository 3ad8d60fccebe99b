package savedir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/unnamed"
	"batchfetch/output/file"
)

// A tree is the directory that bodies are saved below, with all access to its files: by names with slashes, none of
// which leads out of it. Any goroutine may use it.
type tree struct {
	name         string // as given to Open
	prefix       string // of the names of its files, for programs: name, cleaned, with a separator
	root         *os.Root
	folders      folders
	linkWay      unnamed.Way // of files without a name
	mayHoldParts atomic.Bool // false: the directory was empty when it was opened, and nothing was suspended since

	tryPart    sync.Once // see keepsParts
	losesParts bool
}

// createFlags open a file that must not exist yet.
const createFlags = os.O_RDWR | os.O_CREATE | os.O_EXCL

var (
	errNotOurs = errors.New("not a file of ours")
	errRenamed = errors.New("it has got another name")
)

// pathOf returns the name of a file for programs, of its safe name with slashes.
func (t *tree) pathOf(name string) string { return t.prefix + filepath.FromSlash(name) }

// create creates a file that must not exist yet; one in an open folder by its last name.
func (t *tree) create(name string) (*os.File, error) {
	if in := t.folders.use(path.Dir(name), checkFolderAfter); in != nil {
		f, err := in.root.OpenFile(path.Base(name), createFlags|file.NoWait, 0o666)
		known := err == nil || errors.Is(err, fs.ErrExist)
		t.folders.release(in, !known)
		if known {
			return f, err
		}
	}
	return t.root.OpenFile(name, createFlags|file.NoWait, 0o666)
}

// rename gives a file another name, in place of a file that has it; in an open folder by their last names.
func (t *tree) rename(from, to string) error {
	if folder := path.Dir(from); folder == path.Dir(to) {
		if in := t.folders.use(folder, 0); in != nil {
			err := in.root.Rename(path.Base(from), path.Base(to))
			t.folders.release(in, err != nil)
			if err == nil {
				return nil
			}
		}
	}
	return t.root.Rename(from, to)
}

// lstat is Lstat of a name, in an open folder by its last name.
func (t *tree) lstat(name string) (fs.FileInfo, error) {
	in := t.folders.use(path.Dir(name), checkFolderAfter)
	if in == nil {
		return t.root.Lstat(name)
	}
	defer t.folders.release(in, false)
	return in.root.Lstat(path.Base(name))
}

// renameLinked is rename of a file to a name that no other file has, by a second name and the removal of the first; a
// kill between the two leaves both. Where the file system has no second names it is renameLooking. The error is
// fs.ErrExist.
func (t *tree) renameLinked(from, to string) error {
	err := t.root.Link(from, to)
	switch {
	case err == nil:
		_ = t.root.Remove(from) // one that stays does no harm
		return nil
	case errors.Is(err, fs.ErrExist):
		return err
	}
	return t.renameLooking(from, to)
}

// renameLooking is rename of a file to a name that is looked up before, while its folder is locked where that can be.
// The error is fs.ErrExist.
func (t *tree) renameLooking(from, to string) error {
	if folder, err := t.root.Open(path.Dir(to)); err == nil {
		defer func() { _ = folder.Close() }() // only read
		_ = lockFolder(folder)                // one that can't be locked is not
	}
	if _, err := t.lstat(to); err == nil {
		return &os.LinkError{Op: "rename", Old: from, New: path.Base(to), Err: fs.ErrExist}
	}
	return t.rename(from, to)
}

// removeIfThere removes a file, and returns nil where there is none.
func (t *tree) removeIfThere(name string) error {
	if err := t.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// lockPart opens a part and locks it until it is closed. The error is file.ErrBusy where another has it, errNotOurs
// where it is no file that this user's runs would make, and errRenamed where its owner has just renamed or removed it.
func (t *tree) lockPart(part string) (*os.File, error) {
	f, err := t.lockRegular(part)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !file.IsOwned(info) {
		_ = f.Close() // nothing was written
		return nil, errNotOurs
	}
	return f, nil
}

// lockRegular is lockPart of any regular file that can be opened: who has it may be about to give it a second name.
// Only once it is locked can be told whose it is.
func (t *tree) lockRegular(name string) (*os.File, error) {
	named, err := t.lstat(name)
	if err != nil {
		return nil, err
	}
	if !named.Mode().IsRegular() {
		return nil, errNotOurs
	}
	f, err := t.root.OpenFile(name, os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, errNotOurs
	case err != nil:
		return nil, err
	}
	if err = file.Lock(f); err == nil {
		err = t.checkSameFile(f, name)
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return f, nil
}

// removeNotOurs removes what has the name of a part and is none: a regular file while it is locked, since others may do
// the same, and give the name to a part.
func (t *tree) removeNotOurs(part string) {
	f, err := t.lockRegular(part)
	switch {
	case err == nil:
		if info, err := f.Stat(); err == nil && !file.IsOwned(info) {
			_ = t.root.Remove(part) // takePart finds one that stays
		}
		_ = f.Close() // nothing was written
	case errors.Is(err, errNotOurs):
		_ = t.root.Remove(part)
	}
}

// checkSameFile returns errRenamed where an open file does not have that name: it was renamed, or opened through a
// link.
func (t *tree) checkSameFile(f *os.File, name string) error {
	held, err1 := f.Stat()
	named, err2 := t.root.Lstat(name)
	if err1 != nil || err2 != nil || !os.SameFile(held, named) {
		return errRenamed
	}
	return nil
}

// makeFolders makes a folder and those above it. The error is a *failure.Failure where something else has the name of
// one.
func (t *tree) makeFolders(folder string) error {
	if folder == "." {
		return nil
	}
	err := t.root.MkdirAll(folder, 0o777)
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrExist) || leavesRoot(t.root, folder) {
		return &failure.Failure{Kind: failure.IO, Err: fmt.Errorf("%q can't be a folder: something else has that name",
			folder)}
	}
	return err
}

// leavesRoot reports whether a folder exists and can be reached only by leaving the root, or is no folder.
func leavesRoot(root *os.Root, folder string) bool {
	info, err := root.Stat(folder)
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return false // not known without another descriptor
	}
	return err != nil && !errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir()
}

// syncName syncs the folder of a name where Sync syncs nothing.
func (t *tree) syncName(name string) error {
	if syncsAllAtOnce {
		return nil
	}
	folder, err := t.root.Open(path.Dir(name))
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }() // only read
	return file.SyncOpenDir(folder)
}

// lockReplaced locks a file that is to be replaced, or its folder where the file can't be locked: a link, one that
// can't be read. It is nil where neither can be. The error is file.ErrBusy where another has the lock, or has replaced
// it.
func (t *tree) lockReplaced(name string, there fs.FileInfo) (*os.File, error) {
	if !file.CanLock {
		return nil, nil
	}
	f, isFolder, err := t.openToLock(name, there)
	if err != nil {
		return nil, nil
	}
	if isFolder {
		err = lockFolder(f)
	} else {
		err = file.Lock(f)
	}
	held, err1 := f.Stat()
	named, err2 := t.root.Lstat(name)
	isThere := err2 == nil && os.SameFile(named, there)
	isHeld := isFolder || err1 == nil && os.SameFile(held, there)
	if errors.Is(err, file.ErrBusy) || !isThere || !isHeld {
		_ = f.Close() // only read
		return nil, file.ErrBusy
	}
	return f, nil
}

// How often a folder is locked that another has, and the pause before: a second in all.
const (
	maxLockTries = 1000
	lockPause    = time.Millisecond
)

// lockFolder is file.Lock of a folder, which others have locked for a moment to name a file in it.
func lockFolder(folder *os.File) error {
	err := file.Lock(folder)
	for try := 0; errors.Is(err, file.ErrBusy) && try < maxLockTries; try++ {
		time.Sleep(lockPause)
		err = file.Lock(folder)
	}
	return err
}

// openToLock opens what lockReplaced locks.
func (t *tree) openToLock(name string, there fs.FileInfo) (f *os.File, isFolder bool, err error) {
	if there.Mode().IsRegular() {
		if f, err = t.root.OpenFile(name, os.O_RDONLY|file.NoWait, 0); err == nil {
			return f, false, nil
		}
	}
	f, err = t.root.Open(path.Dir(name))
	return f, true, err
}
