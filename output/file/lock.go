package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ErrBusy says that another run is writing the same file.
var ErrBusy = errors.New("another run is writing it")

// OpenLocked opens and locks a file. Its owner may give it another name between the two, or remove it:
// then the lock is on what has no such name any more, and it is opened anew.
func OpenLocked(name string, flag int) (*os.File, error) {
	for {
		f, err := os.OpenFile(name, flag, 0o666)
		if err != nil {
			return nil, err
		}
		if err := Lock(f); err != nil {
			_ = f.Close() // nothing was written
			if errors.Is(err, ErrBusy) {
				err = fmt.Errorf("%s: %w", name, ErrBusy)
			}
			return nil, err
		}
		held, err := f.Stat()
		named, gone := os.Stat(name)
		if err == nil && gone == nil && os.SameFile(held, named) {
			return f, nil
		}
		_ = f.Close() // it was never ours
		if err != nil {
			return nil, err
		}
	}
}

// CheckNotBusy reports whether a file, where there is one, is free of locks.
func CheckNotBusy(name string) error {
	f, err := OpenLocked(name, os.O_WRONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}
