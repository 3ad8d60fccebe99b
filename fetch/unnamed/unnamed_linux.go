// Package unnamed makes files that have no name until they are complete: open(2) with O_TMPFILE, then linkat(2). A kill
// leaves nothing of one, and nobody else finds half of it. Only Linux has them, and not on every file system.
package unnamed

import (
	"io"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// A Way is how a file without a name gets one in a file system: what linkat(2) is given for it.
type Way int

const (
	None   Way = iota // it gets none, or there are no such files
	ByFD              // its descriptor: with CAP_DAC_READ_SEARCH, from Linux 6.10 on for whoever has opened it
	ByProc            // its name in /proc
)

// FindWay tries how a file without a name can get one in a folder.
func FindWay(folder *os.File) Way {
	f, err := Open(folder, folder.Name(), 0o600)
	if err != nil {
		return None
	}
	defer func() { _ = f.Close() }() // nothing was written
	for _, way := range []Way{ByFD, ByProc} {
		if way.Link(f, folder, ".") == unix.EEXIST { // the file was found
			return way
		}
	}
	return None
}

// Link gives a file a name in a folder; it may have others. The error is unix.EEXIST where there is one of that name.
func (w Way) Link(f *File, folder *os.File, name string) error {
	fd, to := f.descriptor(), int(folder.Fd())
	for {
		var err error
		if w == ByFD {
			err = unix.Linkat(fd, "", to, name, unix.AT_EMPTY_PATH)
		} else {
			err = unix.Linkat(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(fd), to, name, unix.AT_SYMLINK_FOLLOW)
		}
		if err != unix.EINTR {
			return err
		}
	}
}

// A File is a file without a name at first, by its descriptor: to make an os.File of it and to close that takes a
// twentieth of the processor time of saving a small body. One goroutine uses it.
type File struct {
	fd   int    // -1 once closed
	path string // of the folder, for errors
	open *os.File
}

// Open opens a file in a folder, for reading and writing; path is that of the folder, for the errors of the file.
// os.Root would try whether the file is one to wait for, and allocate what it needs for names with more than one part:
// a tenth of what it takes to save a small body.
func Open(folder *os.File, path string, perm fs.FileMode) (*File, error) {
	for {
		fd, err := unix.Openat(int(folder.Fd()), ".", unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, uint32(perm))
		if err == nil {
			return &File{fd: fd, path: path}, nil
		}
		if err != unix.EINTR {
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
	}
}

// Write writes all of p.
func (f *File) Write(p []byte) (n int, err error) {
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
func (f *File) ReadAt(p []byte, from int64) (int, error) { return f.OS().ReadAt(p, from) }

// descriptor returns the file's descriptor; -1 once it is closed, as an os.File too: another file may have the number.
func (f *File) descriptor() int {
	if f.open != nil {
		return int(f.open.Fd())
	}
	return f.fd
}

// OS returns the file as an os.File, which is valid until Close.
func (f *File) OS() *os.File {
	if f.open == nil {
		f.open = os.NewFile(uintptr(f.fd), f.path)
	}
	return f.open
}

// Close closes the file.
func (f *File) Close() error {
	fd := f.fd
	f.fd = -1
	if f.open != nil {
		return f.open.Close()
	}
	return os.NewSyscallError("close", unix.Close(fd))
}
