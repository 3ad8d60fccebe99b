package savedir

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"batchfetch/fetch/failure"
	"batchfetch/output/file"
)

// Commit gives the file its final name.
func (s *bodyWriter) Commit(sum [sha256.Size]byte) (string, error) {
	hash := hex.EncodeToString(sum[:])
	name, err := s.finalName(hash)
	if err != nil {
		return "", err
	}
	s.removeMark()
	if name, err = s.nameFile(name, hash); err != nil {
		return "", err
	}
	return s.tree.pathOf(name), nil
}

// finalName returns the name that the body is to get, and makes its folders where it is known only now.
func (s *bodyWriter) finalName(hash string) (name string, err error) {
	if name = s.target; name == "" {
		if name, err = s.names.lateName(s.request, response{hash, s.filename}); err != nil {
			return "", &failure.Failure{Kind: failure.IO, Err: err}
		}
	}
	if s.names.template.isLate(s.request) {
		if name, err = s.names.makeFolders(name, s.request); err != nil {
			return "", s.tree.describeError(path.Dir(path.Dir(name)), err)
		}
	}
	return name, nil
}

// nameFile gives the file a name, and closes it: with others of small bodies where no file has that name (commitGroup),
// else see place. It returns the name.
func (s *bodyWriter) nameFile(name, hash string) (string, error) {
	if s.memory != nil {
		if isNamed, err := s.group.commit(s, s.folder, name); isNamed || err != nil {
			return name, err
		}
	}
	name, err := s.place(name, hash)
	if err != nil {
		return "", s.tree.describeError(s.folder, err)
	}
	return name, nil
}

// place gives the file its final name, and closes it: in place of a file that an earlier run has left there, never of
// one of a run that had the directory open when this one opened it, or later. Where that one has the same bytes it is
// the body's file too; else this one gets another name. It returns the name.
func (s *bodyWriter) place(name, sum string) (string, error) {
	for try := 0; ; try++ {
		err := s.linkNew(name)
		switch {
		case !errors.Is(err, fs.ErrExist):
			return name, err
		case try == maxRenames:
			return "", &failure.Failure{Kind: failure.IO, Err: fmt.Errorf("other processes have taken %q, and more", name)}
		}
		there, missing := s.tree.lstat(name)
		switch {
		case missing != nil: // it has gone meanwhile
			continue
		case there.IsDir() && s.names.isFixed(s.request):
			return "", &failure.Failure{Kind: failure.IO, Err: fmt.Errorf("%q is a folder", name)}
		case there.IsDir(): // of another run, which has made it meanwhile
		case s.names.template.sharesFile(s.request):
			return name, s.replace(name) // its bytes are the same
		case s.names.isOfEarlierRun(there):
			if err := s.replaceLocked(name, there); !errors.Is(err, file.ErrBusy) {
				return name, err
			}
		case s.names.hasWhole(name, sum):
			s.Abandon()
			return name, nil
		}
		name = s.names.nameBeside(name, "", s.request, try)
	}
}

// linkNew gives the file a name that no other file has, and closes it. The error is fs.ErrExist where one has it.
func (s *bodyWriter) linkNew(name string) error {
	if s.name == "" {
		return s.finishName(s.tree.link(s.bodyFile, name), name)
	}
	if err := s.prepareRename(); err != nil {
		return err
	}
	return s.finishName(s.tree.renameNew(s.name, name), name)
}

// linkNewIn gives a file without a name one in its folder, which is open, and closes it, unless another file has that.
func (s *bodyWriter) linkNewIn(folder *os.File, name string) (isNamed bool, err error) {
	if s.name != "" || s.tree.linkIn(folder, s.bodyFile, name[strings.LastIndexByte(name, '/')+1:]) != nil {
		return false, nil
	}
	return true, s.finishName(nil, name)
}

// replaceLocked is replace of a file, there, that no other process replaces meanwhile: of two the second gets
// file.ErrBusy, since the first has the lock of the file that is replaced.
func (s *bodyWriter) replaceLocked(name string, there fs.FileInfo) error {
	old, err := s.tree.lockReplaced(name, there)
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
	return s.finishName(s.tree.rename(s.name, name), name)
}

// linkTemp gives a file without a name that of a temporary file, locked where there are locks.
func (s *bodyWriter) linkTemp() (err error) {
	if file.Lock(s.OS()) != nil {
		s.name = randomTempName(s.folder, partEnding)
		return s.tree.link(s.bodyFile, s.name)
	}
	_, s.held, s.name, err = s.tree.takeTemp(s.stem(), func(name string) (*os.File, error) {
		return s.OS(), s.tree.link(s.bodyFile, name)
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
		err = s.OS().Sync()
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
// since another would take an unlocked one for what a kill has left. Over NFS and FUSE a name that was removed while
// the file was open is there, as another one, until it is closed.
func (s *bodyWriter) finishName(err error, name string) error {
	if err != nil {
		return err
	}
	s.closed = true
	if file.CanLock {
		err = s.Close()
	}
	s.leaveTempFolder(s.name)
	return errors.Join(err, s.tree.syncName(name))
}
