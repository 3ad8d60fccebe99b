package cache

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"batchfetch/fetch/unnamed"
)

// entryFiles are the files of a Disk by their keys: one in each of 256 folders, under the key's name. Several keys may
// name one file. A file is a draft until it is complete, so a kill leaves no incomplete one under the name of a key.
// Any goroutine may use it.
type entryFiles struct {
	dir    string // the folders are below it
	now    func() time.Time
	own    ownKeys
	drafts draftFiles
	top    *os.File    // dir, open for files without names; nil where there are none
	way    unnamed.Way // how such a file gets a name
}

// init sets the directory.
func (f *entryFiles) init(dir string) {
	f.dir, f.now = dir, time.Now
	f.own.dir, f.drafts.dir = dir, dir
}

// openTop opens the directory for files without names, where there can be some.
func (f *entryFiles) openTop() {
	top, err := os.Open(f.dir)
	if err != nil {
		return
	}
	if f.way = unnamed.FindWay(top); f.way == unnamed.None {
		_ = top.Close() // only read
		return
	}
	f.top = top
}

// closeTop closes the directory: from here on no file without a name is made.
func (f *entryFiles) closeTop() {
	if f.top != nil {
		_ = f.top.Close() // only read
	}
}

// name returns the name of the file for a key.
func (f *entryFiles) name(key Key) string {
	name := make([]byte, 0, 256) // of which the result is the only copy: most names are shorter
	name = append(append(name, f.dir...), filepath.Separator)
	return string(appendName(name, key))
}

// appendName appends the name of the file for a key below the directory.
func appendName(name []byte, key Key) []byte {
	name = append(hex.AppendEncode(name, key[:1]), filepath.Separator)
	return hex.AppendEncode(name, key[1:])
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

// A completeFile is a file with all its bytes, that can get further names: namedDraft or unnamedDraft.
type completeFile interface {
	// link gives it a name below the directory, unless there is something of that name.
	link(name string) error
}

// A namedDraft is a completeFile that has a name: that of a draft, or of a key.
type namedDraft struct {
	dir  string
	name string // with the directory
}

func (d namedDraft) link(name string) error { return os.Link(d.name, filepath.Join(d.dir, name)) }

// An unnamedDraft is a completeFile that has had no name at first.
type unnamedDraft struct {
	file *unnamed.File
	top  *os.File
	way  unnamed.Way
}

func (d unnamedDraft) link(name string) error { return d.way.Link(d.file, d.top, name) }

// createUnnamed returns a file without a name that has the bytes of p; ok is false where that can't be. A batch in such
// a file needs no name of its own, which a kill would leave, and each other name is looked up once, from the directory.
func (f *entryFiles) createUnnamed(p []byte) (draft unnamedDraft, ok bool) {
	if f.top == nil {
		return unnamedDraft{}, false
	}
	file, err := unnamed.Open(f.top, f.dir, 0o600)
	if err != nil {
		return unnamedDraft{}, false
	}
	if _, err := file.Write(p); err != nil {
		_ = file.Close() // nothing is left of it
		return unnamedDraft{}, false
	}
	return unnamedDraft{file, f.top, f.way}, true
}

// link gives a complete file the name of a key too, unless there is something of that name.
func (f *entryFiles) link(file completeFile, key Key) error {
	f.own.willStore(key)
	var room [2*len(key) + 1]byte
	name := string(appendName(room[:0], key))
	err := file.link(name)
	if errors.Is(err, fs.ErrNotExist) { // the folder does not exist yet
		if err = os.MkdirAll(filepath.Join(f.dir, filepath.Dir(name)), 0o700); err == nil {
			err = file.link(name)
		}
	}
	return err
}

// linkInPlace gives a complete file the name of a key too, in place of the file that has it: first that of a draft.
func (f *entryFiles) linkInPlace(file completeFile, key Key) error {
	f.own.willStore(key)
	name := f.name(key)
	draft := filepath.Join(filepath.Base(filepath.Dir(name)), f.drafts.next())
	if err := file.link(draft); err != nil {
		return err
	}
	other := filepath.Join(f.dir, draft)
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
