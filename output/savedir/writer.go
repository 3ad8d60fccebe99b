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

// newFile opens what is not there.
const newFile = os.O_WRONLY | os.O_CREATE | os.O_EXCL

// startEnding is that of a body that has only begun: the next attempt takes what a kill has left under that name out of the way.
const startEnding = ".tmp"

// mostAtOnce is how many equal requests at once have such names; more have names that nobody finds again.
const mostAtOnce = 8

// errNoLock says that nobody could be kept away from a file.
var errNoLock = errors.New("files can't be locked here")

// start makes and locks a file of that name. The error is ErrBusy where another has it.
func (b *Dir) start(name string) (*os.File, error) {
	if !file.CanLock {
		return nil, errNoLock
	}
	f, err := b.root.OpenFile(name, newFile, 0o666)
	if errors.Is(err, fs.ErrExist) {
		left, busy := b.grasp(name)
		if busy != nil {
			return nil, file.ErrBusy
		}
		_ = b.root.Remove(name) // while it is locked; the next line sees
		_ = left.Close()
		if f, err = b.root.OpenFile(name, newFile, 0o666); errors.Is(err, fs.ErrExist) {
			return nil, file.ErrBusy
		}
	}
	if err != nil {
		return nil, err
	}
	err = file.Lock(f)
	if err != nil && !errors.Is(err, file.ErrBusy) {
		_ = b.root.Remove(name) // it is empty
		_ = f.Close()
		return nil, errNoLock
	}
	if info, unknown := f.Stat(); err != nil || unknown != nil || !file.HasName(info) { // another took it for one that a kill has left
		_ = f.Close() // it is empty, and not ours any more
		return nil, file.ErrBusy
	}
	return f, nil
}

// unfinished is a name that nobody knows.
func unfinished(folder string) string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return path.Join(folder, ".batchfetch-"+hex.EncodeToString(random[:])+partEnding)
}

// A savedBody is a body on its way into a file.
type savedBody struct {
	*os.File
	bodies  *Dir
	request *fetch.Request
	name    string // of the file until it is whole
	stem    string // what others find it by, as a part; empty while they can't
	marked  bool
	mark    fetch.Mark // what it is marked with
	ended   bool
}

// Commit gives the file its name, in place of an earlier run's.
func (s *savedBody) Commit(sum [sha256.Size]byte) (string, error) {
	name, err := s.bodies.template.name(s.request, hex.EncodeToString(sum[:]))
	if err != nil {
		return "", &fetch.Failure{Kind: fetch.IO, Err: err}
	}
	if s.bodies.shared(s.request) {
		if err := s.bodies.makeFolder(name); err != nil {
			return "", s.bodies.named(err)
		}
	}
	if info, err := s.bodies.root.Lstat(name); err == nil && info.IsDir() {
		return "", &fetch.Failure{Kind: fetch.IO, Err: fmt.Errorf("%q is a folder", name)}
	}
	s.unmark()
	if err := s.rename(name); err != nil {
		return "", s.bodies.named(err)
	}
	return filepath.Join(s.bodies.dir, filepath.FromSlash(name)), nil
}

// rename gives the whole body its name. Where there are locks it is locked until it has that, or another would take it for one
// that a kill has left; elsewhere a file has to be closed before it can be renamed.
func (s *savedBody) rename(name string) error {
	var err error
	if !syncsTogether {
		err = s.Sync()
	}
	if !file.CanLock {
		err = errors.Join(err, s.Close())
	}
	if err == nil {
		err = s.bodies.root.Rename(s.name, name)
	}
	if err != nil {
		return err
	}
	s.ended = true
	if file.CanLock {
		err = s.Close()
	}
	return errors.Join(err, s.bodies.flushName(name))
}

// flushName brings a name to disk where Sync does not.
func (b *Dir) flushName(name string) error {
	if syncsTogether {
		return nil
	}
	folder, err := b.root.Open(path.Dir(name))
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }() // only read
	return file.SyncOpenDir(folder)
}

// Abandon removes what had arrived.
func (s *savedBody) Abandon() {
	if s.ended {
		return
	}
	s.ended = true
	s.unmark()
	_ = s.bodies.root.Remove(s.name) // while it is locked; what can't be removed is named as what it is
	_ = s.Close()                    // its content is of no use
	if !file.CanLock {
		_ = s.bodies.root.Remove(s.name) // an open file can't be removed there
	}
}
