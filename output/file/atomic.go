package file

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Atomic is an output file that is written as NAME.part and renamed to NAME by Commit, so that NAME is always a whole
// file. What is no regular file, such as a pipe or a device, is written in place.
type Atomic struct {
	*os.File
	name      string   // final name; empty where the file is written in place
	suffix    string   // of the name until Commit
	companion *os.File // a locked file beside it that Commit removes; nil is none
	syncDir   func(name string) error
	renamed   bool // it has its final name
	closed    bool
}

// Create opens the output file name, behind symbolic links, and locks it. A file of that name stays as it is until
// Commit. The error is ErrBusy where another run is writing the file, and ErrNotOurs where NAME.part may be another's.
// lockCompanion, which may be nil, returns a file that belongs to the one that Commit replaces, locked, or nil; Commit
// removes it.
func Create(name string, lockCompanion func(name string) (*os.File, error)) (*Atomic, error) {
	if err := CheckLinks(name); err != nil {
		return nil, err
	}
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
	f, openErr := openOwnLocked(name + partSuffix)
	if openErr != nil {
		return nil, openErr
	}
	if err == nil { // the mode of the file that it replaces
		err = f.Chmod(info.Mode().Perm())
	} else {
		err = nil
	}
	part := &Atomic{File: f, name: name, suffix: partSuffix, syncDir: SyncDir}
	busy := CheckNotBusy(name) // a Live, which Commit would replace: it looks for the part once it has locked its name
	if busy == nil && lockCompanion != nil {
		part.companion, busy = lockCompanion(name)
	}
	if err := errors.Join(busy, err, f.Truncate(0)); err != nil {
		part.Discard()
		return nil, err
	}
	return part, nil
}

// CreateReplacement opens NAME and suffix, which Commit renames to the regular file NAME, whose mode it has. The caller
// has seen to it that no other run writes NAME.
func CreateReplacement(name, suffix string) (*Atomic, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	f, err := openOwnLocked(name + suffix)
	if err != nil {
		return nil, err
	}
	part := &Atomic{File: f, name: name, suffix: suffix, syncDir: SyncDir}
	if err := errors.Join(f.Truncate(0), f.Chmod(info.Mode().Perm())); err != nil {
		part.Discard()
		return nil, err
	}
	return part, nil
}

// partSuffix follows the name of an output in that of its unfinished file.
const partSuffix = ".part"

// PartName returns the name under which the output name is written until Commit, behind symbolic links.
func PartName(name string) string { return ResolveLinks(name) + partSuffix }

// Part returns the name of the unfinished file; empty where it is written in place, or Commit has renamed it: another
// run's may have that name by then.
func (f *Atomic) Part() string {
	if f.name == "" || f.renamed {
		return ""
	}
	return f.name + f.suffix
}

// Commit syncs the file, renames it to its final name, and closes it. It does nothing after Commit or Abandon.
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
		err = os.Rename(f.Part(), f.name) // while it is locked
	}
	if err != nil {
		_ = f.Close() // the first error counts
		return err
	}
	f.renamed = true
	if err := f.finishCommit(); err != nil {
		return fmt.Errorf("%s is there already, whole, but %w", f.name, err)
	}
	return nil
}

// finishCommit does what is left once the file has its name.
func (f *Atomic) finishCommit() error {
	var err error
	if f.companion != nil { // it belonged to the file that was replaced
		err = os.Remove(f.companion.Name())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := f.syncDir(filepath.Dir(f.name)); err != nil {
		return fmt.Errorf("a power cut could bring back what was there before: flushing its folder failed: %w", err)
	}
	return nil
}

func (f *Atomic) unlockCompanion() {
	if f.companion != nil {
		_ = f.companion.Close() // only its lock was needed
	}
}

// Discard closes the file, and removes it where it is empty.
func (f *Atomic) Discard() {
	if info, err := f.Stat(); err == nil && info.Size() == 0 && f.name != "" {
		_ = os.Remove(f.Part()) // while it is locked; one that stays is empty
	}
	_ = f.Abandon() // nothing was written
}

// Abandon closes the unfinished file and leaves it under the name of Part.
func (f *Atomic) Abandon() error {
	if f.closed {
		return nil
	}
	f.closed = true
	f.unlockCompanion()
	return f.Close()
}
