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

// ErrBusy says that another run is writing the same file.
var ErrBusy = errors.New("another run is writing it")

// Create opens the output file name. An earlier file of that name stays as it is until Commit.
// Two runs can't write one file at a time: the second Create fails with ErrBusy.
func Create(name string) (*File, error) {
	mode := fs.FileMode(0o666)
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target // a link stays a link: its target is replaced
	}
	switch info, err := os.Stat(name); {
	case err != nil:
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory", name)
	case !info.Mode().IsRegular():
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		return &File{File: f}, nil
	default:
		mode = info.Mode().Perm()
	}
	f, err := os.OpenFile(name+".part", os.O_WRONLY|os.O_CREATE, mode)
	if err != nil {
		return nil, err
	}
	err = lock(f)
	if err != nil {
		err = fmt.Errorf("%s.part: %w", name, ErrBusy)
	} else {
		err = f.Truncate(0)
	}
	if err != nil {
		_ = f.Close() // it holds nothing yet
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
