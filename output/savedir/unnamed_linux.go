package savedir

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"batchfetch/output/file"
)

// fileClock returns the time that a file written now gets: it lags behind time.Now by up to a tick of the kernel.
func fileClock() time.Time {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &now); err != nil {
		return time.Now()
	}
	return time.Unix(now.Unix())
}

// linkWay is how a file without a name gets one: what linkat(2) is given for it.
type linkWay int

const (
	noLink     linkWay = iota // neither: bodies have temporary names
	linkByFD                  // its descriptor: with CAP_DAC_READ_SEARCH, from Linux 6.10 on for whoever has opened it
	linkByProc                // its name in /proc
)

// findLinkWay tries how a file without a name, open(2) with O_TMPFILE, can get one in the directory. Where the file
// system has none, or there is no /proc, it is noLink.
func findLinkWay(root *os.Root) linkWay {
	f, err := root.OpenFile(".", unix.O_TMPFILE|os.O_RDWR|file.NoWait, 0o666)
	if err != nil {
		return noLink
	}
	defer func() { _ = f.Close() }() // nothing was written
	dir, err := openFolderOf(root, ".")
	if err != nil {
		return noLink
	}
	defer func() { _ = dir.Close() }() // only read
	for _, way := range []linkWay{linkByFD, linkByProc} {
		if way.link(int(f.Fd()), dir, ".") == unix.EEXIST { // the file was found
			return way
		}
	}
	return noLink
}

// link gives a file, by its descriptor, a name in a folder. The error is unix.EEXIST where there is one of that name.
func (w linkWay) link(fd int, dir *os.File, name string) error {
	to := int(dir.Fd())
	for {
		var err error
		if w == linkByFD {
			err = unix.Linkat(fd, "", to, name, unix.AT_EMPTY_PATH)
		} else {
			err = unix.Linkat(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(fd), to, name, unix.AT_SYMLINK_FOLLOW)
		}
		if err != unix.EINTR {
			return err
		}
	}
}

// isStill reports whether a path leads to a file. It is os.SameFile of what os.Stat returns, without its memory.
func isStill(path string, file fs.FileInfo) bool {
	var found unix.Stat_t
	was, known := file.Sys().(*syscall.Stat_t)
	for {
		if err := unix.Stat(path, &found); err != unix.EINTR {
			return err == nil && known && found.Dev == was.Dev && found.Ino == was.Ino
		}
	}
}

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
		more, err := unix.Write(f.fd, p[n:])
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

// openFolderOf opens a folder for linkat(2) and renameat2(2).
func openFolderOf(root *os.Root, name string) (*os.File, error) {
	return root.OpenFile(name, unix.O_DIRECTORY|os.O_RDONLY|file.NoWait, 0)
}

// createUnnamed opens a file without a name in a folder that is open: a kill leaves nothing of it, and it needs no
// lock. It is nil where that can't be.
func (d *Dir) createUnnamed(folder string) bodyFile {
	if d.linkWay == noLink {
		return nil
	}
	in := d.folders.use(folder, checkFolderAfter)
	if in == nil {
		return nil
	}
	fd, err := openUnnamed(int(in.dir.Fd()))
	d.folders.release(in, err != nil)
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
func (d *Dir) link(f bodyFile, name string) error {
	fd := f.(*unnamedFile).fd // no other is linked
	err := d.inFolder(path.Dir(name), func(dir *os.File) error { return d.linkWay.link(fd, dir, path.Base(name)) })
	return linkError(err, name, name)
}

// renameNew gives a file another name that no other file has. Where the file system can't promise that, the name is
// looked up before.
func (d *Dir) renameNew(from, to string) error {
	if path.Dir(from) != path.Dir(to) {
		return d.renameLooking(from, to)
	}
	err := d.inFolder(path.Dir(from), func(dir *os.File) error {
		fd := int(dir.Fd())
		return unix.Renameat2(fd, path.Base(from), fd, path.Base(to), unix.RENAME_NOREPLACE)
	})
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return d.renameLooking(from, to)
	}
	return linkError(err, from, to)
}

// inFolder calls do with a folder that has that name now.
func (d *Dir) inFolder(folder string, do func(dir *os.File) error) error {
	if in := d.folders.use(folder, 0); in != nil {
		err := do(in.dir)
		d.folders.release(in, err != nil && err != unix.EEXIST)
		return err
	}
	dir, err := openFolderOf(d.root, folder)
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
