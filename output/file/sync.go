package file

import (
	"errors"
	"io/fs"
	"os"
)

// SyncDir syncs the directory of that name, and so the names in it.
func SyncDir(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }() // only read
	return SyncOpenDir(dir)
}

// SyncOpenDir syncs an open directory, where the system can.
func SyncOpenDir(dir *os.File) error {
	if err := dir.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) {
		return err
	}
	return nil
}
