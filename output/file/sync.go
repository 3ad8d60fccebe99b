package file

import (
	"errors"
	"io/fs"
	"os"
)

func SyncDir(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }() // only read
	return SyncOpenDir(dir)
}

// SyncOpenDir flushes a directory, where the system knows how to.
func SyncOpenDir(dir *os.File) error {
	if err := dir.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) {
		return err
	}
	return nil
}
