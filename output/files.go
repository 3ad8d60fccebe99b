package output

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A File is an output that takes its final name only when it is complete: until then it is NAME.part.
// What is no regular file, such as a pipe or a device, is written in place.
type File struct {
	*os.File
	name  string // the final name; empty where there is nothing to rename
	ended bool
}

// Create opens the output file name. An earlier file of that name stays as it is until Commit.
// Two runs can't write one file at a time: the second Create fails.
func Create(name string) (*File, error) {
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target // a link stays a link: its target is replaced
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return nil, fmt.Errorf("%s is a directory", name)
		}
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		return &File{File: f}, err
	}
	f, err := os.OpenFile(name+".part", os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("another run is writing %s.part", name)
	}
	if err := f.Truncate(0); err != nil {
		_ = f.Close()
		return nil, err
	}
	return &File{File: f, name: name}, nil
}

// Part returns the name under which an unfinished output stays; empty where it has none.
func (f *File) Part() string {
	if f.name == "" {
		return ""
	}
	return f.name + ".part"
}

// Commit makes sure that all is on disk and gives the file its final name.
func (f *File) Commit() error {
	if f.ended {
		return nil
	}
	f.ended = true
	if f.name == "" {
		return f.Close()
	}
	err := f.Sync()
	if err == nil {
		err = os.Rename(f.Part(), f.name) // while the lock is held
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(f.name))
}

// Abandon leaves the unfinished output where it is.
func (f *File) Abandon() error {
	if f.ended {
		return nil
	}
	f.ended = true
	return f.Close()
}

func syncDir(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }() // only read
	if err := dir.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) {
		return err
	}
	return nil
}

// CreateLive opens a file that is written as the run goes, from empty, readable only by its owner:
// it may tell of addresses that others need not know.
func CreateLive(name string) (io.WriteCloser, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
}
