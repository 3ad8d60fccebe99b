package savedir

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/file"
)

// createFlags open a file that must not exist yet.
const createFlags = os.O_RDWR | os.O_CREATE | os.O_EXCL

// tempEnding is the ending of a body that has no part's name yet. The next attempt removes one that a kill has left.
const tempEnding = ".tmp"

// maxTempNames is how many bodies of equal requests may have such names at once; further ones get random names, and
// what a kill leaves of those stays.
const maxTempNames = 8

// errCannotLock says that the file system has no locks.
var errCannotLock = errors.New("files can't be locked here")

// createLocked creates and locks a file of that name, in place of one that a kill has left. The error is file.ErrBusy
// where another has it, and errCannotLock.
func (d *Dir) createLocked(name string) (*os.File, error) {
	if !file.CanLock {
		return nil, errCannotLock
	}
	f, err := d.root.OpenFile(name, createFlags, 0o666)
	if errors.Is(err, fs.ErrExist) {
		left, busy := d.lockPart(name)
		if busy != nil {
			return nil, file.ErrBusy
		}
		_ = d.root.Remove(name) // while it is locked; if that fails, the next line does
		_ = left.Close()
		if f, err = d.root.OpenFile(name, createFlags, 0o666); errors.Is(err, fs.ErrExist) {
			return nil, file.ErrBusy
		}
	}
	if err != nil {
		return nil, err
	}
	err = file.Lock(f)
	if err != nil && !errors.Is(err, file.ErrBusy) {
		_ = d.root.Remove(name) // it is empty
		_ = f.Close()
		return nil, errCannotLock
	}
	// another may have removed it between the two, as one that a kill has left
	if info, unknown := f.Stat(); err != nil || unknown != nil || !file.HasName(info) {
		_ = f.Close() // empty, and another's by now
		return nil, file.ErrBusy
	}
	return f, nil
}

// randomTempName returns a random name in a folder, with the ending of a part.
func randomTempName(folder string) string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return path.Join(folder, ".batchfetch-"+hex.EncodeToString(random[:])+partEnding)
}

// bodyWriter is a fetch.PartialWriter: a body that is being written to a file, locked where there are locks.
type bodyWriter struct {
	*os.File
	dir      *Dir
	request  *fetch.Request
	name     string // of the file until Commit
	filename string // by Content-Disposition; empty is none
	partStem string // name of its part without the ending; empty while it has none
	hasMark  bool
	mark     fetch.PartialInfo // of its part
	closed   bool
}

// SetHeader takes the name that the response gives the body.
func (s *bodyWriter) SetHeader(h http.Header) { s.filename = filenameOf(h) }

// Commit gives the file its final name, in place of a file that an earlier run has left there, and closes it.
func (s *bodyWriter) Commit(sum [sha256.Size]byte) (string, error) {
	name, err := s.dir.lateName(s.request, response{hex.EncodeToString(sum[:]), s.filename})
	if err != nil {
		return "", &failure.Failure{Kind: failure.IO, Err: err}
	}
	if s.dir.isLate(s.request) {
		if err := s.dir.makeFolders(name); err != nil {
			return "", s.dir.describeError(path.Dir(name), err)
		}
	}
	if info, err := s.dir.root.Lstat(name); err == nil && info.IsDir() {
		return "", &failure.Failure{Kind: failure.IO, Err: fmt.Errorf("%q is a folder", name)}
	}
	s.removeMark()
	if err := s.renameTo(name); err != nil {
		return "", s.dir.describeError(s.name, err)
	}
	return filepath.Join(s.dir.name, filepath.FromSlash(name)), nil
}

// renameTo renames the file and closes it. It stays locked until it is renamed, since another would take an unlocked
// one for what a kill has left. Without locks it is closed first, since Windows renames no open file.
func (s *bodyWriter) renameTo(name string) error {
	var err error
	if !syncsAllAtOnce {
		err = s.Sync()
	}
	if !file.CanLock {
		err = errors.Join(err, s.Close())
	}
	if err == nil && s.isReplaced() {
		err = errRenamed
	}
	if err == nil {
		err = s.dir.root.Rename(s.name, name)
	}
	if err != nil {
		return err
	}
	s.closed = true
	if file.CanLock {
		err = s.Close()
	}
	return errors.Join(err, s.dir.syncName(name))
}

// isReplaced reports whether another file has the name of this one: it would be taken for the body.
func (s *bodyWriter) isReplaced() bool {
	held, err := s.Stat()
	named, missing := s.dir.root.Lstat(s.name)
	return err == nil && missing == nil && !os.SameFile(held, named)
}

// syncName syncs the folder of a name where Sync syncs nothing.
func (d *Dir) syncName(name string) error {
	if syncsAllAtOnce {
		return nil
	}
	folder, err := d.root.Open(path.Dir(name))
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }() // only read
	return file.SyncOpenDir(folder)
}

// Abandon removes the file.
func (s *bodyWriter) Abandon() {
	if s.closed {
		return
	}
	s.closed = true
	s.removeMark()
	_ = s.dir.root.Remove(s.name) // while it is locked; one that stays is removed by the next attempt
	_ = s.Close()                 // its content is not needed
	if !file.CanLock {
		_ = s.dir.root.Remove(s.name) // Windows removes no open file
	}
}
