package savedir

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"batchfetch/fetch"
	"batchfetch/output/file"
)

// createFlags opens what is not there.
const createFlags = os.O_WRONLY | os.O_CREATE | os.O_EXCL

// tempEnding is that of a body that has only begun: the next attempt takes what a kill has left under that name out of the way.
const tempEnding = ".tmp"

// maxTempNames is how many equal requests at once have such names; more have names that nobody finds again.
const maxTempNames = 8

// errCannotLock says that nobody could be kept away from a file.
var errCannotLock = errors.New("files can't be locked here")

// createLocked makes and locks a file of that name. The error is ErrBusy where another has it.
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
		_ = d.root.Remove(name) // while it is locked; the next line sees
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
	if info, unknown := f.Stat(); err != nil || unknown != nil || !file.HasName(info) { // another took it for one that a kill has left
		_ = f.Close() // it is empty, and not ours any more
		return nil, file.ErrBusy
	}
	return f, nil
}

// randomTempName is a name that nobody knows.
func randomTempName(folder string) string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return path.Join(folder, ".batchfetch-"+hex.EncodeToString(random[:])+partEnding)
}

// A bodyWriter is a body on its way into a file.
type bodyWriter struct {
	*os.File
	dir      *Dir
	request  *fetch.Request
	name     string // of the file until it is whole
	partStem string // what others find it by, as a part; empty while they can't
	hasMark  bool
	mark     fetch.Mark // what it is marked with
	closed   bool
}

// Commit gives the file its name, in place of an earlier run's.
func (s *bodyWriter) Commit(sum [sha256.Size]byte) (string, error) {
	name, err := s.dir.template.name(s.request, hex.EncodeToString(sum[:]))
	if err != nil {
		return "", &fetch.Failure{Kind: fetch.IO, Err: err}
	}
	if s.dir.sharesFile(s.request) {
		if err := s.dir.makeFolders(name); err != nil {
			return "", s.dir.withFullPath(err)
		}
	}
	if info, err := s.dir.root.Lstat(name); err == nil && info.IsDir() {
		return "", &fetch.Failure{Kind: fetch.IO, Err: fmt.Errorf("%q is a folder", name)}
	}
	s.removeMark()
	if err := s.renameTo(name); err != nil {
		return "", s.dir.withFullPath(err)
	}
	return filepath.Join(s.dir.name, filepath.FromSlash(name)), nil
}

// renameTo gives the whole body its name. Where there are locks it is locked until it has that, or another would take it for one
// that a kill has left; elsewhere a file has to be closed before it can be renamed.
func (s *bodyWriter) renameTo(name string) error {
	var err error
	if !syncsAllAtOnce {
		err = s.Sync()
	}
	if !file.CanLock {
		err = errors.Join(err, s.Close())
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

// syncName brings a name to disk where Sync does not.
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

// Abandon removes what had arrived.
func (s *bodyWriter) Abandon() {
	if s.closed {
		return
	}
	s.closed = true
	s.removeMark()
	_ = s.dir.root.Remove(s.name) // while it is locked; what can't be removed is named as what it is
	_ = s.Close()                 // its content is of no use
	if !file.CanLock {
		_ = s.dir.root.Remove(s.name) // an open file can't be removed there
	}
}
