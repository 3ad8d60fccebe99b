package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// IsStream knows the names of devices and of the process's own streams, such as /dev/stdout, whatever file they lead to.
func IsStream(name string) bool {
	return strings.HasPrefix(name, "/dev/") || strings.HasPrefix(name, "/proc/")
}

// WritesInPlace says what is written where it is, under the name given: pipes, devices and streams.
func WritesInPlace(name string, info fs.FileInfo) bool {
	return !info.Mode().IsRegular() || IsStream(name)
}

// openForAppend writes behind what is there.
func openForAppend(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
}

// maxLinks is how many symbolic links may lead one to the other.
const maxLinks = 32

// ResolveLinks returns what a symbolic link points to, so that the link stays a link and its target is replaced.
func ResolveLinks(name string) string {
	for range maxLinks {
		target, err := os.Readlink(name)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) {
			dir, err := filepath.EvalSymlinks(filepath.Dir(name)) // before .. is taken for its parent
			if err != nil {
				break
			}
			target = filepath.Join(dir, target)
		}
		name = target
	}
	return name
}

// SameFile reports whether two names are one file, or would be once they are made.
func SameFile(a, b string) bool {
	first, err1 := os.Stat(a)
	second, err2 := os.Stat(b)
	if err1 == nil && err2 == nil {
		return os.SameFile(first, second) && first.Mode().IsRegular()
	}
	return err1 != nil && err2 != nil && Canonical(a) == Canonical(b)
}

// Canonical is the one spelling of a name that may not exist yet.
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

// CheckStillNamed returns an error where the name of what is held open is gone, or another file's, by now.
func CheckStillNamed(name string, held func() (fs.FileInfo, error)) error {
	named, err := os.Stat(name)
	if err != nil {
		return err
	}
	ours, err := held()
	if err == nil && !os.SameFile(ours, named) {
		err = &fs.PathError{Op: "write", Path: name, Err: errReplaced}
	}
	return err
}

// errReplaced says that what was written has no name any more.
var errReplaced = errors.New("another file has taken its place")
