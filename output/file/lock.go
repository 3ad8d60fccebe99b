package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// How often a file is opened anew that another has renamed or removed meanwhile, and the pause before: a second in all.
const (
	maxOpenTries = 1000
	openPause    = time.Millisecond
)

// OpenLocked opens and locks the file name, which is no symbolic link, until it is closed. Between the two its owner
// may rename or remove it; then it is opened again, for a second. The error is ErrBusy where another has it. A new file
// gets that mode. Where the file system has no locks it is not locked.
func OpenLocked(name string, flag int, mode fs.FileMode) (*os.File, error) {
	return openLocked(name, func() (*os.File, error) { return os.OpenFile(name, flag|noFollow, mode) })
}

// openOwnLocked is OpenLocked for a file to write that is beside one which a user names. The error is ErrNotOurs where
// it is there and not IsOwned. One that is created here need not be: some file systems give every file one owner.
func openOwnLocked(name string) (*os.File, error) {
	return openLocked(name, func() (*os.File, error) {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
		return openOwn(name)
	})
}

// openOwn opens a file to write that exists.
func openOwn(name string) (*os.File, error) {
	there, err := os.Lstat(name)
	switch {
	case err != nil:
		return nil, lostName{err}
	case !HasName(there): // it was removed while it was looked up
		return nil, lostName{fs.ErrNotExist}
	case !IsOwned(there):
		return nil, fmt.Errorf("%s: %w", name, ErrNotOurs)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, lostName{err}
	}
	if err != nil {
		return nil, err
	}
	if opened, err := f.Stat(); err != nil || !os.SameFile(there, opened) {
		_ = f.Close() // nothing was written
		return nil, lostName{errReplaced}
	}
	return f, nil
}

// lostName is the error of a file whose name is gone, or another file's by now.
type lostName struct{ error }

// openLocked locks the file name that open returns, and calls open again where the error is lostName.
func openLocked(name string, open func() (*os.File, error)) (*os.File, error) {
	var lost lostName
	for range maxOpenTries {
		f, err := open()
		if err == nil {
			if err = lockNamed(f, name); err == nil {
				return f, nil
			}
			_ = f.Close() // nothing was written
		}
		if !errors.As(err, &lost) {
			return nil, err
		}
		time.Sleep(openPause)
	}
	// not wrapped: a name that is missing, say, does not mean here that the file is
	return nil, fmt.Errorf("%s can be opened, but its name is not its own: %v", name, lost.error)
}

// lockNamed locks an open file, where its file system has locks: some clusters' have none. The error is ErrBusy where
// another has it, and lostName.
func lockNamed(f *os.File, name string) error {
	switch err := unlessUnsupported(Lock(f)); {
	case errors.Is(err, ErrBusy):
		return fmt.Errorf("%s: %w", name, ErrBusy)
	case err != nil:
		return err
	}
	if err := CheckStillNamed(name, f.Stat); err != nil {
		return lostName{err}
	}
	return nil
}

// unlessUnsupported returns nil for the error of a file system without locks, as Lock does on a system without them.
func unlessUnsupported(err error) error {
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// CheckNotBusy returns ErrBusy where another has locked the file name. One that is not there, is no regular file or may
// not be written to is not busy.
func CheckNotBusy(name string) error {
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return nil
	}
	f, err := OpenLocked(name, os.O_WRONLY, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return nil
	case err != nil:
		return err
	}
	return f.Close()
}
