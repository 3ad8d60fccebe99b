//go:build !linux

// Package unnamed makes files that have no name until they are complete. Only Linux has them.
package unnamed

import (
	"errors"
	"io/fs"
	"os"
)

// A Way is how a file without a name gets one.
type Way int

// None is that there are no such files.
const None Way = 0

// FindWay returns None.
func FindWay(*os.File) Way { return None }

// Link returns errors.ErrUnsupported.
func (Way) Link(*File, *os.File, string) error { return errors.ErrUnsupported }

// A File is a file without a name at first. There is none.
type File struct{ *os.File }

// Open returns errors.ErrUnsupported.
func Open(*os.File, string, fs.FileMode) (*File, error) { return nil, errors.ErrUnsupported }

// OS returns the file as an os.File.
func (f *File) OS() *os.File { return f.File }
