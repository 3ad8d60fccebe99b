package savedir

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"

	"batchfetch/fetch"
	"batchfetch/output/file"
)

// bodyWriter is a fetch.PartialWriter: a body that is being written to a file, without a name or locked where there are
// such. Where there are files without names a small body is in memory until Commit, which makes its file along with
// those of others (groupcommit.go).
type bodyWriter struct {
	bodyFile               // nil while the body is in memory
	memory     *smallBody  // nil once there is a file
	held       fs.FileInfo // of the file; nil where it is not known yet
	tree       *tree
	names      *namer
	group      *commitGroup
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
		_ = s.tree.root.Remove(path.Dir(name)) // one with files in it stays
	}
}

// Write writes to memory as long as the body is small, else to its file.
func (s *bodyWriter) Write(p []byte) (int, error) {
	if s.memory != nil {
		if s.memory.add(p) {
			return len(p), nil
		}
		if err := s.makeFile(); err != nil {
			return 0, err
		}
	}
	return s.bodyFile.Write(p)
}

// ReadAt reads what has been written.
func (s *bodyWriter) ReadAt(p []byte, from int64) (int, error) {
	if s.memory != nil {
		return s.memory.ReadAt(p, from)
	}
	return s.bodyFile.ReadAt(p, from)
}

// makeFile makes the file of a body that is in memory, and writes to it what there is of it. It does nothing where the
// body has a file.
func (s *bodyWriter) makeFile() error {
	if s.memory == nil {
		return nil
	}
	if s.bodyFile = s.tree.createUnnamed(s.folder); s.bodyFile == nil {
		if err := s.makeTempFile(); err != nil {
			return err
		}
	}
	memory := s.memory
	s.memory = nil
	defer memory.release()
	_, err := s.bodyFile.Write(memory.bytes())
	return err
}

// makeTempFile makes the file of a body with a temporary name. Its error is described.
func (s *bodyWriter) makeTempFile() error {
	f, held, name, err := s.tree.createTemp(s.stem())
	if errors.Is(err, fs.ErrNotExist) && !s.names.template.isLate(s.request) && s.tree.makeFolders(s.folder) == nil {
		f, held, name, err = s.tree.createTemp(s.stem()) // others had removed the folder, which was open
	}
	if err != nil {
		return s.tree.describeError(path.Dir(name), err)
	}
	s.bodyFile, s.held, s.name = namedFile{f}, held, name
	return nil
}

// SetHeader takes the name that the response gives the body.
func (s *bodyWriter) SetHeader(h http.Header) { s.filename = filenameOf(h) }

// isReplaced reports whether another file has the name of this one: it would be taken for the body.
func (s *bodyWriter) isReplaced() bool {
	if s.held == nil {
		s.held, _ = s.OS().Stat() // nil again where it fails
	}
	named, missing := s.tree.root.Lstat(s.name) // not in a folder that may have another name by now
	return s.held != nil && missing == nil && !os.SameFile(s.held, named)
}

// Abandon removes the file, whose name is gone before it is unlocked.
func (s *bodyWriter) Abandon() {
	if s.closed {
		return
	}
	s.closed = true
	if s.memory != nil {
		s.memory.release()
		s.memory = nil
		return
	}
	s.removeMark()
	if s.name == "" {
		_ = s.Close() // nothing is left of it
		return
	}
	_ = s.tree.root.Remove(s.name) // while it is locked; one that stays is removed by the next attempt
	_ = s.Close()                  // its content is not needed
	if !file.CanLock {
		_ = s.tree.root.Remove(s.name) // Windows removes no open file
	}
	s.leaveTempFolder(s.name)
}

// removeMark removes the mark, so that the file is no part any more.
func (s *bodyWriter) removeMark() {
	if s.isPart {
		_ = s.tree.removeIfThere(s.stem() + markEnding) // one that stays keeps other bodies from becoming this part
	}
}
