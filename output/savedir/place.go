package savedir

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/file"
)

// place gives the file its final name, and closes it: in place of a file that an earlier run has left there, never of
// one that another process has written since the directory was opened. Where that one has the same bytes it is the
// body's file too; else this one gets another name. It returns the name.
func (s *bodyWriter) place(name, sum string) (string, error) {
	for try := 0; ; try++ {
		err := s.linkNew(name)
		switch {
		case !errors.Is(err, fs.ErrExist):
			return name, err
		case try == maxRenames:
			return "", &failure.Failure{Kind: failure.IO, Err: fmt.Errorf("other processes have taken %q, and more", name)}
		}
		there, missing := s.dir.lstat(name)
		switch {
		case missing != nil: // it has gone meanwhile
			continue
		case there.IsDir():
			return "", &failure.Failure{Kind: failure.IO, Err: fmt.Errorf("%q is a folder", name)}
		case s.dir.sharesFile(s.request):
			return name, s.replace(name) // its bytes are the same
		case s.dir.isOfEarlierRun(there):
			if err := s.replaceLocked(name, there); !errors.Is(err, file.ErrBusy) {
				return name, err
			}
		case s.dir.hasWhole(name, sum):
			s.Abandon()
			return name, nil
		}
		name = s.dir.nameBeside(name, s.request, try)
	}
}

// isOfEarlierRun reports whether a file was written before the directory was opened. A directory that was empty then
// has none.
func (d *Dir) isOfEarlierRun(info fs.FileInfo) bool {
	return !info.Mode().IsRegular() || !d.wasEmpty && info.ModTime().Before(d.openedAt)
}

// nameBeside returns another name for the body of r than one that another process has taken, and claims it.
func (d *Dir) nameBeside(name string, r *fetch.Request, try int) string {
	hash := requestHash(r)
	for ; ; try++ {
		switch {
		case try == 1:
			hash = indexedHash(r)
		case try > 1:
			var random [hashSize]byte
			_, _ = rand.Read(random[:]) // never fails
			hash = hex.EncodeToString(random[:])
		}
		if other := renamed(name, "", hash); d.claims.claim(other, r.Index) == nil {
			return other
		}
	}
}

// linkNew gives the file a name that no other file has, and closes it. The error is fs.ErrExist where one has it.
func (s *bodyWriter) linkNew(name string) error {
	if s.name == "" {
		return s.finishName(s.dir.link(s.bodyFile, name), name)
	}
	if err := s.prepareRename(); err != nil {
		return err
	}
	return s.finishName(s.dir.renameNew(s.name, name), name)
}

// replaceLocked is replace of a file, there, that no other process replaces meanwhile: of two the second gets
// file.ErrBusy, since the first has the lock of the file that is replaced.
func (s *bodyWriter) replaceLocked(name string, there fs.FileInfo) error {
	old, err := s.dir.lockReplaced(name, there)
	if err != nil {
		return err
	}
	if old != nil {
		defer func() { _ = old.Close() }() // only read
	}
	return s.replace(name)
}

// replace gives the file the name of another, and closes it.
func (s *bodyWriter) replace(name string) error {
	if s.name == "" {
		if err := s.linkTemp(); err != nil {
			return err
		}
	}
	if err := s.prepareRename(); err != nil {
		return err
	}
	return s.finishName(s.dir.rename(s.name, name), name)
}

// lockReplaced locks a file that is to be replaced; nil is one that can't be locked: a link, one that can't be read.
// The error is file.ErrBusy where another has the lock, or has replaced it.
func (d *Dir) lockReplaced(name string, there fs.FileInfo) (*os.File, error) {
	if !file.CanLock || !there.Mode().IsRegular() {
		return nil, nil
	}
	f, err := d.root.OpenFile(name, os.O_RDONLY|file.NoWait, 0)
	if err != nil {
		return nil, nil
	}
	locked := file.Lock(f)
	held, err := f.Stat()
	if errors.Is(locked, file.ErrBusy) || err != nil || !os.SameFile(held, there) || d.checkSameFile(f, name) != nil {
		_ = f.Close() // only read
		return nil, file.ErrBusy
	}
	return f, nil
}

// linkTemp gives a file without a name that of a temporary file, locked where there are locks.
func (s *bodyWriter) linkTemp() (err error) {
	if file.Lock(s.file()) != nil {
		s.name = randomTempName(s.folder, partEnding)
		return s.dir.link(s.bodyFile, s.name)
	}
	_, s.held, s.name, err = s.dir.takeTemp(s.stem(), func(name string) (*os.File, error) {
		return s.file(), s.dir.link(s.bodyFile, name)
	})
	return err
}

// prepareRename readies a file for another name, and returns errRenamed where its own is another's: that one would be
// taken for the body. Without locks it is closed, since Windows renames no open file.
func (s *bodyWriter) prepareRename() error {
	if s.isPrepared {
		return nil
	}
	var err error
	if !syncsAllAtOnce {
		err = s.file().Sync()
	}
	if !file.CanLock {
		err = errors.Join(err, s.Close())
	}
	if err == nil && s.isReplaced() {
		err = errRenamed
	}
	s.isPrepared = err == nil
	return err
}

// finishName closes a file that has got its final name, unless err is that it has not. It stays locked until then,
// since another would take an unlocked one for what a kill has left.
func (s *bodyWriter) finishName(err error, name string) error {
	if err != nil {
		return err
	}
	s.closed = true
	s.leaveTempFolder(s.name)
	if file.CanLock {
		err = s.Close()
	}
	return errors.Join(err, s.dir.syncName(name))
}

// renameLooking is rename of a file to a name that no other file has when it is looked up. The error is fs.ErrExist.
func (d *Dir) renameLooking(from, to string) error {
	if _, err := d.lstat(to); err == nil {
		return &os.LinkError{Op: "rename", Old: from, New: path.Base(to), Err: fs.ErrExist}
	}
	return d.rename(from, to)
}
