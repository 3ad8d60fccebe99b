package cache

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// entryFiles are the files of a Disk by their keys: one in each of 256 folders, under the key's name. Several keys may
// name one file. A file is a draft until it is complete, so a kill leaves no incomplete one under the name of a key.
// Any goroutine may use it.
type entryFiles struct {
	dir    string // the folders are below it
	now    func() time.Time
	own    ownKeys
	drafts draftFiles
}

// init sets the directory.
func (f *entryFiles) init(dir string) {
	f.dir, f.now = dir, time.Now
	f.own.dir, f.drafts.dir = dir, dir
}

// name returns the name of the file for a key.
func (f *entryFiles) name(key Key) string {
	name := make([]byte, 0, 256) // of which the result is the only copy: most names are shorter
	name = append(append(name, f.dir...), filepath.Separator)
	name = append(hex.AppendEncode(name, key[:1]), filepath.Separator)
	return string(hex.AppendEncode(name, key[1:]))
}

// create creates a draft for the file of a key.
func (f *entryFiles) create(key Key) (*os.File, error) {
	folder := filepath.Dir(f.name(key))
	name := filepath.Join(folder, f.drafts.next())
	const flags = os.O_RDWR | os.O_CREATE | os.O_EXCL | noWait // os.CreateTemp would make four calls of fcntl(2) more
	draft, err := os.OpenFile(name, flags, 0o600)
	if errors.Is(err, fs.ErrNotExist) { // the folder does not exist yet
		if err = os.MkdirAll(folder, 0o700); err == nil {
			draft, err = os.OpenFile(name, flags, 0o600)
		}
	}
	return draft, err
}

// errObstructed is why one entry can't be stored. It does not concern other entries.
var errObstructed = errors.New("something else is in the entry's place")

// rename gives a complete draft the name of a key, in place of the file that has it, and takes its own.
func (f *entryFiles) rename(draft string, key Key) error {
	f.own.willStore(key)
	err := rename(draft, f.name(key))
	if err != nil && f.isObstructed(key) { // an empty folder can be removed
		if err = os.Remove(f.name(key)); err != nil {
			return errors.Join(errObstructed, err)
		}
		err = os.Rename(draft, f.name(key))
	}
	return err
}

// link gives a complete draft the name of a key too, unless there is something of that name.
func (f *entryFiles) link(draft string, key Key) error {
	f.own.willStore(key)
	name := f.name(key)
	err := os.Link(draft, name)
	if errors.Is(err, fs.ErrNotExist) { // the folder does not exist yet
		if err = os.MkdirAll(filepath.Dir(name), 0o700); err == nil {
			err = os.Link(draft, name)
		}
	}
	return err
}

// linkInPlace gives a complete draft the name of a key too, in place of the file that has it: first the i-th further
// name of a draft.
func (f *entryFiles) linkInPlace(draft string, i int, key Key) error {
	f.own.willStore(key)
	name := f.name(key)
	other := filepath.Join(filepath.Dir(name), further(filepath.Base(draft), i))
	if err := os.Link(draft, other); err != nil {
		return err
	}
	err := rename(other, name)
	if err != nil {
		_ = os.Remove(other) // one that stays is removed by a sweep
	}
	return err
}

// isObstructed reports whether there is something other than a regular file under the name of key.
func (f *entryFiles) isObstructed(key Key) bool {
	info, err := os.Lstat(f.name(key))
	return err == nil && !info.Mode().IsRegular()
}

// remove removes the file of a key, if there is one.
func (f *entryFiles) remove(key Key) error {
	err := os.Remove(f.name(key))
	if errors.Is(err, fs.ErrNotExist) || err != nil && f.isObstructed(key) {
		return nil
	}
	return err
}

// lacks reports whether there is certainly no file of a key: see ownKeys.
func (f *entryFiles) lacks(key Key) bool { return f.own.lacks(key, f.now()) }
