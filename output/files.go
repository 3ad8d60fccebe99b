package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A File is an output that takes its final name only when it is complete: until then it is NAME.part.
// What is no regular file, such as a pipe or a device, is written in place.
type File struct {
	*os.File
	name    string   // the final name; empty where there is nothing to rename
	journal *os.File // of an earlier run with --resume; nil is none
	ended   bool
}

// ErrBusy says that another run is writing the same file.
var ErrBusy = errors.New("another run is writing it")

// Create opens the output file name. An earlier file of that name stays as it is until Commit.
// Two runs can't write one file at a time: the second Create fails with ErrBusy.
func Create(name string) (*File, error) {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("%s is a directory", name)
	case err == nil && inPlace(name, info):
		f, err := openInPlace(name)
		if err != nil {
			return nil, err
		}
		return &File{File: f}, nil
	}
	name = behindLinks(name)
	f, openErr := openLocked(name+".part", os.O_WRONLY|os.O_CREATE)
	if openErr != nil {
		return nil, openErr
	}
	if err == nil { // an output keeps the mode of the one it replaces
		err = f.Chmod(info.Mode().Perm())
	} else {
		err = nil
	}
	journal, busy := lockJournal(name)
	part := &File{File: f, name: name, journal: journal}
	if err := errors.Join(busy, err, f.Truncate(0)); err != nil {
		part.Discard()
		return nil, err
	}
	return part, nil
}

// IsStream knows the names of devices and of the process's own streams, such as /dev/stdout, whatever file they lead to.
func IsStream(name string) bool {
	return strings.HasPrefix(name, "/dev/") || strings.HasPrefix(name, "/proc/")
}

// inPlace says what is written where it is, under the name given: pipes, devices and streams.
func inPlace(name string, info fs.FileInfo) bool { return !info.Mode().IsRegular() || IsStream(name) }

// openInPlace writes behind what is there.
func openInPlace(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
}

// mostLinks is how many symbolic links may lead one to the other.
const mostLinks = 32

// behindLinks returns what a symbolic link points to, so that the link stays a link and its target is replaced.
func behindLinks(name string) string {
	for range mostLinks {
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

// openLocked opens and locks a file. Its owner may give it another name between the two, or remove it:
// then the lock is on what has no such name any more, and it is opened anew.
func openLocked(name string, flag int) (*os.File, error) {
	for {
		f, err := os.OpenFile(name, flag, 0o666)
		if err != nil {
			return nil, err
		}
		if err := lock(f); err != nil {
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

// notBusy reports whether a file, where there is one, is free of locks.
func notBusy(name string) error {
	f, err := openLocked(name, os.O_WRONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// lockJournal locks the journal of the output name, so that no run with --resume goes on with it. It returns nil where there is none.
func lockJournal(name string) (*os.File, error) {
	if info, err := os.Stat(journalOf(name)); err == nil && !info.Mode().IsRegular() {
		return nil, nil
	}
	f, err := openLocked(journalOf(name), os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && !isJournal(f) { // somebody's own file of that name
		return nil, f.Close()
	}
	return f, err
}

// PartOf returns the name under which the output name is written until it is complete, behind whatever links lead there.
func PartOf(name string) string { return behindLinks(name) + ".part" }

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
	defer f.releaseJournal()
	err := f.Sync()
	if err == nil {
		err = os.Rename(f.Part(), f.name) // while the lock is held
	}
	if err == nil && f.journal != nil { // it was not about this output: its lock was taken with ours
		err = os.Remove(f.journal.Name())
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(f.name))
}

func (f *File) releaseJournal() {
	if f.journal != nil {
		_ = f.journal.Close() // only its lock was wanted
	}
}

// Discard removes a part that has not been written to.
func (f *File) Discard() {
	if info, err := f.Stat(); err == nil && info.Size() == 0 && f.name != "" {
		_ = os.Remove(f.Part()) // while the lock is held; what can't be removed is empty
	}
	_ = f.Abandon() // it holds nothing
}

// Abandon leaves the unfinished output where it is.
func (f *File) Abandon() error {
	if f.ended {
		return nil
	}
	f.ended = true
	f.releaseJournal()
	return f.Close()
}

func syncDir(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }() // only read
	return syncOpen(dir)
}

// syncOpen flushes a directory, where the system knows how to.
func syncOpen(dir *os.File) error {
	if err := dir.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) {
		return err
	}
	return nil
}

// A Live is a file that is written as the run goes, from empty, readable only by its owner:
// it may tell of addresses that others need not know.
type Live struct {
	*os.File
	inPlace bool
}

// OpenLive opens the file name. What it holds stays until Begin.
func OpenLive(name string) (*Live, error) {
	if info, err := os.Stat(name); err == nil && inPlace(name, info) && !info.IsDir() {
		f, err := openInPlace(name)
		return &Live{f, true}, err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return &Live{File: f}, nil
}

// Begin empties the file, unless it is a pipe or a device.
func (l *Live) Begin() error {
	if l.inPlace {
		return nil
	}
	return errors.Join(l.Chmod(0o600), l.Truncate(0)) // one that was there may be readable for all
}

// SameFile reports whether two names are one file, or would be once they are made.
func SameFile(a, b string) bool {
	first, err1 := os.Stat(a)
	second, err2 := os.Stat(b)
	if err1 == nil && err2 == nil {
		return os.SameFile(first, second) && first.Mode().IsRegular()
	}
	return err1 != nil && err2 != nil && canonical(a) == canonical(b)
}

// canonical is the one spelling of a name that may not exist yet.
func canonical(name string) string {
	name = behindLinks(name)
	dir, err := filepath.EvalSymlinks(filepath.Dir(name))
	if err != nil {
		dir = filepath.Dir(name)
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return filepath.Join(dir, filepath.Base(name))
}
