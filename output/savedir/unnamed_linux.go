package savedir

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// An unnamedFile is a bodyFile without a name at first, by its descriptor: to make an os.File of it and to close that
// takes a twentieth of the processor time of saving a small body.
type unnamedFile struct {
	fd   int    // -1 once closed
	path string // of the folder, for errors
	open *os.File
}

// Write writes all of p.
func (f *unnamedFile) Write(p []byte) (n int, err error) {
	for n < len(p) {
		more, err := unix.Write(f.descriptor(), p[n:])
		switch {
		case err == unix.EINTR:
			continue
		case err == nil && more == 0:
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return n, &fs.PathError{Op: "write", Path: f.path, Err: err}
		}
		n += more
	}
	return n, nil
}

// ReadAt reads what has been written.
func (f *unnamedFile) ReadAt(p []byte, from int64) (int, error) { return f.file().ReadAt(p, from) }

// descriptor returns the file's descriptor; -1 once it is closed, as an os.File too: another file may have the number.
func (f *unnamedFile) descriptor() int {
	if f.open != nil {
		return int(f.open.Fd())
	}
	return f.fd
}

func (f *unnamedFile) file() *os.File {
	if f.open == nil {
		f.open = os.NewFile(uintptr(f.fd), f.path)
	}
	return f.open
}

// Close closes the file.
func (f *unnamedFile) Close() error {
	fd := f.fd
	f.fd = -1
	if f.open != nil {
		return f.open.Close()
	}
	return os.NewSyscallError("close", unix.Close(fd))
}

// createUnnamed opens a file without a name in a folder that is open: a kill leaves nothing of it, and it needs no
// lock. It is nil where that can't be.
func (t *tree) createUnnamed(folder string) bodyFile {
	if t.linkWay == noLink {
		return nil
	}
	in := t.folders.use(folder, checkFolderAfter)
	if in == nil {
		return nil
	}
	fd, err := openUnnamed(int(in.dir.Fd()))
	t.folders.release(in, err != nil)
	if err != nil {
		return nil // the file system of this folder may be another
	}
	return &unnamedFile{fd: fd, path: in.path}
}

// openUnnamed opens a file without a name in a folder. os.Root would try whether the file is one to wait for, and
// allocate what it needs for names with more than one part: a tenth of what it takes to save a small body.
func openUnnamed(folder int) (fd int, err error) {
	for {
		fd, err = unix.Openat(folder, ".", unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o666)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// link gives a file without a name one that no other file has.
func (t *tree) link(f bodyFile, name string) error {
	err := t.inFolder(path.Dir(name), func(dir *os.File) error { return t.linkIn(dir, f, path.Base(name)) })
	return linkError(err, name, name)
}

// linkIn is link in a folder that is open, by the last name. Its error is that of linkat(2).
func (t *tree) linkIn(dir *os.File, f bodyFile, name string) error {
	return t.linkWay.link(f.(*unnamedFile).descriptor(), dir, name) // no other is linked
}

// renameNew gives a file another name that no other file has.
func (t *tree) renameNew(from, to string) error {
	err := t.inFolder(path.Dir(from), func(source *os.File) error {
		return t.inFolder(path.Dir(to), func(dir *os.File) error {
			return unix.Renameat2(int(source.Fd()), path.Base(from), int(dir.Fd()), path.Base(to), unix.RENAME_NOREPLACE)
		})
	})
	if hasNoNoReplace(err) {
		return t.renameLinked(from, to)
	}
	return linkError(err, from, to)
}

// hasNoNoReplace reports whether an error of renameat2(2) says that the file system has no RENAME_NOREPLACE, as NFS.
func hasNoNoReplace(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS)
}

// inFolder calls do with a folder that has that name now, and drops an open one that has failed.
func (t *tree) inFolder(folder string, do func(dir *os.File) error) error {
	if in := t.folders.use(folder, 0); in != nil {
		err := do(in.dir)
		t.folders.release(in, err != nil && err != unix.EEXIST && !hasNoNoReplace(err))
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
