package savedir

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/file"
)

// bodyWriter is a fetch.PartialWriter: a body that is being written to a file, locked where there are locks.
type bodyWriter struct {
	*os.File
	held     fs.FileInfo // of the file; nil where it is not known yet
	dir      *Dir
	request  *fetch.Request
	name     string // of the file until Commit
	target   string // name that the body gets; empty where it is not known yet
	filename string // by Content-Disposition; empty is none
	partStem string // name of its part without the ending; empty while it has none
	hasMark  bool
	mark     fetch.PartialInfo // of its part
	closed   bool
}

// leaveTempFolder removes the folder of a temporary file that is not there any more, where it was the last one.
func (s *bodyWriter) leaveTempFolder(name string) {
	if strings.HasSuffix(path.Dir(name), equalEnding) {
		_ = s.dir.root.Remove(path.Dir(name)) // one with files in it stays
	}
}

// SetHeader takes the name that the response gives the body.
func (s *bodyWriter) SetHeader(h http.Header) { s.filename = filenameOf(h) }

// Commit gives the file its final name, in place of a file that an earlier run has left there, and closes it.
func (s *bodyWriter) Commit(sum [sha256.Size]byte) (string, error) {
	name := s.target
	if name == "" {
		var err error
		if name, err = s.dir.lateName(s.request, response{hex.EncodeToString(sum[:]), s.filename}); err != nil {
			return "", &failure.Failure{Kind: failure.IO, Err: err}
		}
	}
	if s.dir.isLate(s.request) {
		if err := s.dir.makeFolders(name); err != nil {
			return "", s.dir.describeError(path.Dir(name), err)
		}
	}
	s.removeMark()
	if err := s.renameTo(name); err != nil {
		if info, missing := s.dir.root.Lstat(name); missing == nil && info.IsDir() {
			return "", &failure.Failure{Kind: failure.IO, Err: fmt.Errorf("%q is a folder", name)}
		}
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
	switch {
	case err != nil:
	case s.hasName():
		err = s.dir.rename(s.name, name)
	case s.isReplaced():
		err = errRenamed
	default:
		err = s.dir.root.Rename(s.name, name)
	}
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

// hasName reports whether the file's name still leads to it, as one that reads the Record would go; false where that is
// not known.
func (s *bodyWriter) hasName() bool {
	if s.held == nil {
		s.held, _ = s.Stat() // nil again where it fails
	}
	named, err := os.Lstat(filepath.Join(s.dir.name, s.name))
	return s.held != nil && err == nil && os.SameFile(s.held, named)
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
	s.leaveTempFolder(s.name)
}
