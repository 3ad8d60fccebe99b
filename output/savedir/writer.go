package savedir

import (
	"crypto/sha256"
	"encoding/hex"
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

// bodyWriter is a fetch.PartialWriter: a body that is being written to a file, without a name or locked where there are
// such.
type bodyWriter struct {
	bodyFile
	held       fs.FileInfo // of the file; nil where it is not known yet
	dir        *Dir
	request    *fetch.Request
	folder     string // that its part is in, or would be
	name       string // of the file until Commit; empty is none
	target     string // name that the body gets; empty where it is not known yet
	filename   string // by Content-Disposition; empty is none
	isPart     bool   // name is that of its part
	hasMark    bool
	mark       fetch.PartialInfo // of its part
	isPrepared bool              // see prepareRename
	closed     bool
}

// stem returns the name that the body's part has or would have, without the ending.
func (s *bodyWriter) stem() string { return partStemIn(s.folder, s.request) }

// leaveTempFolder removes the folder of a temporary file that is not there any more, where it was the last one.
func (s *bodyWriter) leaveTempFolder(name string) {
	if strings.HasSuffix(path.Dir(name), equalEnding) {
		_ = s.dir.root.Remove(path.Dir(name)) // one with files in it stays
	}
}

// SetHeader takes the name that the response gives the body.
func (s *bodyWriter) SetHeader(h http.Header) { s.filename = filenameOf(h) }

// Commit gives the file its final name, see place.
func (s *bodyWriter) Commit(sum [sha256.Size]byte) (string, error) {
	name := s.target
	if name == "" {
		var err error
		if name, err = s.dir.lateName(s.request, response{hex.EncodeToString(sum[:]), s.filename}); err != nil {
			return "", &failure.Failure{Kind: failure.IO, Err: err}
		}
	}
	if s.dir.isLate(s.request) {
		if err := s.dir.makeFolders(path.Dir(name)); err != nil {
			return "", s.dir.describeError(path.Dir(path.Dir(name)), err)
		}
	}
	s.removeMark()
	name, err := s.place(name, hex.EncodeToString(sum[:]))
	if err != nil {
		return "", s.dir.describeError(s.folder, err)
	}
	return filepath.Join(s.dir.name, filepath.FromSlash(name)), nil
}

// isReplaced reports whether another file has the name of this one: it would be taken for the body.
func (s *bodyWriter) isReplaced() bool {
	if s.held == nil {
		s.held, _ = s.file().Stat() // nil again where it fails
	}
	named, missing := s.dir.root.Lstat(s.name) // not in a folder that may have another name by now
	return s.held != nil && missing == nil && !os.SameFile(s.held, named)
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

// Abandon removes the file, whose name is gone before it is unlocked.
func (s *bodyWriter) Abandon() {
	if s.closed {
		return
	}
	s.closed = true
	s.removeMark()
	if s.name == "" {
		_ = s.Close() // nothing is left of it
		return
	}
	_ = s.dir.root.Remove(s.name) // while it is locked; one that stays is removed by the next attempt
	_ = s.Close()                 // its content is not needed
	if !file.CanLock {
		_ = s.dir.root.Remove(s.name) // Windows removes no open file
	}
	s.leaveTempFolder(s.name)
}
