package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// IsStream reports whether the name is that of a device or of a stream of the process, such as /dev/stdout, whatever
// file it leads to. Below /dev/shm are files as in any folder.
func IsStream(name string) bool {
	return strings.HasPrefix(name, "/dev/") && !strings.HasPrefix(name, "/dev/shm/") || strings.HasPrefix(name, "/proc/")
}

// WritesInPlace reports whether name, whose info is given, is written in place: pipes, devices and streams.
func WritesInPlace(name string, info fs.FileInfo) bool {
	return !info.Mode().IsRegular() || IsStream(name)
}

// openForAppend opens an existing file to append to.
func openForAppend(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
}

// maxLinks bounds a chain of symbolic links.
const maxLinks = 32

// ResolveLinks returns the name that a chain of symbolic links leads to, whether it exists or not, so that the target
// of a link is replaced and not the link.
func ResolveLinks(name string) string {
	for range maxLinks {
		target, err := os.Readlink(name)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) {
			// before .. is joined, which is the parent of the link's target
			dir, err := filepath.EvalSymlinks(filepath.Dir(name))
			if err != nil {
				break
			}
			target = filepath.Join(dir, target)
		}
		name = target
	}
	return name
}

// SameFile reports whether two names are one regular file, or would be once they are created.
func SameFile(a, b string) bool {
	first, err1 := os.Stat(a)
	second, err2 := os.Stat(b)
	if err1 == nil && err2 == nil {
		return os.SameFile(first, second) && first.Mode().IsRegular()
	}
	return err1 != nil && err2 != nil && Canonical(a) == Canonical(b)
}

// Canonical returns the absolute name without links of a file that may not exist yet.
func Canonical(name string) string {
	name = ResolveLinks(name)
	dir, err := filepath.EvalSymlinks(filepath.Dir(name))
	if err != nil {
		dir = filepath.Dir(name)
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return filepath.Join(dir, filepath.Base(name))
}

// CheckStillNamed returns a *LostError where name is gone, or another file than the open one that stat describes.
func CheckStillNamed(name string, stat func() (fs.FileInfo, error)) error {
	named, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return &LostError{err}
	}
	if err != nil {
		return err
	}
	ours, err := stat()
	if err == nil && !os.SameFile(ours, named) {
		err = &LostError{&fs.PathError{Op: "write", Path: name, Err: errReplaced}}
	}
	return err
}

// A LostError is that another program has removed, renamed or replaced an open file, or cut it off.
type LostError struct{ Err error }

func (e *LostError) Error() string { return e.Err.Error() }
func (e *LostError) Unwrap() error { return e.Err }

// errReplaced is the error of an open file whose name another file has.
var errReplaced = errors.New("another file has taken its place")
