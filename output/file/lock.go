package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ErrBusy is the error of a file that another run has locked.
var ErrBusy = errors.New("another run is writing it")

// OpenLocked opens and locks the file name, until it is closed. Between the two its owner may rename or remove it; then
// it is opened again. The error is ErrBusy where another has it.
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
		_ = f.Close() // another's by now
		if err != nil {
			return nil, err
		}
	}
}

// CheckNotBusy returns ErrBusy where another has locked the file name. A file that is not there is not busy.
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
