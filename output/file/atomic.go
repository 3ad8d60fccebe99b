package file

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// A Atomic is an output that takes its final name only when it is complete: until then it is NAME.part.
// What is no regular file, such as a pipe or a device, is written in place.
type Atomic struct {
	*os.File
	name      string   // the final name; empty where there is nothing to rename
	companion *os.File // locked beside it, removed by Commit; nil is none
	closed    bool
}

// Create opens the output file name. An earlier file of that name stays as it is until Commit.
// Two runs can't write one file at a time: the second Create fails with ErrBusy.
func Create(name string, lockCompanion func(name string) (*os.File, error)) (*Atomic, error) {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("%s is a directory", name)
	case err == nil && WritesInPlace(name, info):
		f, err := openForAppend(name)
		if err != nil {
			return nil, err
		}
		return &Atomic{File: f}, nil
	}
	name = ResolveLinks(name)
	f, openErr := OpenLocked(name+".part", os.O_WRONLY|os.O_CREATE)
	if openErr != nil {
		return nil, openErr
	}
	if err == nil { // an output keeps the mode of the one it replaces
		err = f.Chmod(info.Mode().Perm())
	} else {
		err = nil
	}
	part := &Atomic{File: f, name: name}
	var busy error
	if lockCompanion != nil {
		part.companion, busy = lockCompanion(name)
	}
	if err := errors.Join(busy, err, f.Truncate(0)); err != nil {
		part.Discard()
		return nil, err
	}
	return part, nil
}

// PartName returns the name under which the output name is written until it is complete, behind whatever links lead there.
func PartName(name string) string { return ResolveLinks(name) + ".part" }

// Part returns the name under which an unfinished output stays; empty where it has none.
func (f *Atomic) Part() string {
	if f.name == "" {
		return ""
	}
	return f.name + ".part"
}

// Commit makes sure that all is on disk and gives the file its final name.
func (f *Atomic) Commit() error {
	if f.closed {
		return nil
	}
	f.closed = true
	if f.name == "" {
		return f.Close()
	}
	defer f.unlockCompanion()
	err := f.Sync()
	if err == nil {
		err = os.Rename(f.Part(), f.name) // while the lock is held
	}
	if err == nil && f.companion != nil { // it was not about this output: its lock was taken with ours
		err = os.Remove(f.companion.Name())
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return SyncDir(filepath.Dir(f.name))
}

func (f *Atomic) unlockCompanion() {
	if f.companion != nil {
		_ = f.companion.Close() // only its lock was wanted
	}
}

// Discard removes a part that has not been written to.
func (f *Atomic) Discard() {
	if info, err := f.Stat(); err == nil && info.Size() == 0 && f.name != "" {
		_ = os.Remove(f.Part()) // while the lock is held; what can't be removed is empty
	}
	_ = f.Abandon() // it holds nothing
}

// Abandon leaves the unfinished output where it is.
func (f *Atomic) Abandon() error {
	if f.closed {
		return nil
	}
	f.closed = true
	f.unlockCompanion()
	return f.Close()
}
