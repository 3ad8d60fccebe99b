package output

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"batchfetch/fetch"
)

// Bodies is a Keeper that saves bodies as files below one directory. No name leads out of it, symbolic links included,
// and no two requests of a run share a file unless their template names it by sha256.
// A body whose transfer broke off is kept as a part, for a later attempt or run to continue (see keptPart).
// It keeps about 40 bytes for each request, to know whose a name is, and 8 for each that an earlier run has done.
type Bodies struct {
	dir      string // as the user gave it
	root     *os.Root
	template NameTemplate
	claims   claims
	littered atomic.Bool // parts may lie in the directory
	flusher  flusher
}

// OpenBodies makes the directory, if need be, and opens it.
func OpenBodies(dir string, template NameTemplate) (*Bodies, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	b := &Bodies{dir: dir, root: root, template: template}
	b.claims.begin()
	b.littered.Store(!isEmpty(root))
	return b, nil
}

// isEmpty reports whether nothing is in a directory, so that nothing has to be looked for there.
func isEmpty(root *os.Root) bool {
	dir, err := root.Open(".")
	if err != nil {
		return false
	}
	defer func() { _ = dir.Close() }() // only read
	_, err = dir.Readdirnames(1)
	return err == io.EOF
}

// StillThere returns an error where the directory has moved away, and the bodies with it: no Record says where they are.
func (b *Bodies) StillThere() error {
	err := stillNamed(b.dir, func() (fs.FileInfo, error) { return b.root.Stat(".") })
	if err != nil {
		return fmt.Errorf("the directory of the saved bodies has moved away: %w", err)
	}
	return nil
}

// Close closes the directory.
func (b *Bodies) Close() error { return errors.Join(b.flusher.close(), b.root.Close()) }

// Spare keeps the names of files for what they are: no body takes the place of an output or an input that lies in the directory.
func (b *Bodies) Spare(files ...string) {
	dir := canonical(filepath.Join(b.dir, "."))
	for _, file := range files {
		if name, err := filepath.Rel(dir, canonical(file)); err == nil && filepath.IsLocal(name) {
			b.claims.spare(filepath.ToSlash(name))
		}
	}
}

// Claim gives r its name, unless it is unsafe or another request's.
func (b *Bodies) Claim(r *fetch.Request) error {
	name, err := b.template.name(r, anySum)
	if err != nil || b.shared(r) {
		return err
	}
	return b.claims.take(name, r.Index)
}

// anySum stands for a hash that is not known yet: they are all equally safe in a name.
var anySum = strings.Repeat("0", 2*sha256.Size)

// shared reports whether equal bodies are meant to share a file.
func (b *Bodies) shared(r *fetch.Request) bool { return r.Path == "" && b.template.bySum() }

// Keep opens a temporary file beside where the body will be, or in the directory itself while its name is not known.
func (b *Bodies) Keep(r *fetch.Request) (fetch.Keeping, error) {
	stem, err := b.stem(r)
	if err != nil {
		return nil, err
	}
	if !b.shared(r) {
		if err := b.makeFolder(stem); err != nil {
			return nil, b.named(err)
		}
	}
	s := &savedBody{bodies: b, request: r}
	for n := range mostAtOnce {
		s.name = stem + startEnding
		if n > 0 {
			s.name = stem + "." + strconv.Itoa(n) + startEnding
		}
		if s.File, err = b.start(s.name); !errors.Is(err, ErrBusy) {
			break
		}
	}
	if errors.Is(err, ErrBusy) || errors.Is(err, errNoLock) {
		s.name = unfinished(path.Dir(stem))
		s.File, err = b.root.OpenFile(s.name, newFile, 0o666)
	}
	if err != nil {
		return nil, b.named(err)
	}
	return s, nil
}

// newFile opens what is not there.
const newFile = os.O_WRONLY | os.O_CREATE | os.O_EXCL

// startEnding is that of a body that has only begun: the next attempt takes what a kill has left under that name out of the way.
const startEnding = ".tmp"

// mostAtOnce is how many equal requests at once have such names; more have names that nobody finds again.
const mostAtOnce = 8

// errNoLock says that nobody could be kept away from a file.
var errNoLock = errors.New("files can't be locked here")

// start makes and locks a file of that name. The error is ErrBusy where another has it.
func (b *Bodies) start(name string) (*os.File, error) {
	if !canLock {
		return nil, errNoLock
	}
	f, err := b.root.OpenFile(name, newFile, 0o666)
	if errors.Is(err, fs.ErrExist) {
		left, busy := b.grasp(name)
		if busy != nil {
			return nil, ErrBusy
		}
		_ = b.root.Remove(name) // while it is locked; the next line sees
		_ = left.Close()
		if f, err = b.root.OpenFile(name, newFile, 0o666); errors.Is(err, fs.ErrExist) {
			return nil, ErrBusy
		}
	}
	if err != nil {
		return nil, err
	}
	err = lock(f)
	if err != nil && !errors.Is(err, ErrBusy) {
		_ = b.root.Remove(name) // it is empty
		_ = f.Close()
		return nil, errNoLock
	}
	if info, unknown := f.Stat(); err != nil || unknown != nil || !isNamed(info) { // another took it for one that a kill has left
		_ = f.Close() // it is empty, and not ours any more
		return nil, ErrBusy
	}
	return f, nil
}

// unfinished is a name that nobody knows.
func unfinished(folder string) string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return path.Join(folder, ".batchfetch-"+hex.EncodeToString(random[:])+partEnding)
}

// makeFolder makes the folders of a name.
func (b *Bodies) makeFolder(name string) error {
	folder := path.Dir(name)
	if folder == "." {
		return nil
	}
	err := b.root.MkdirAll(folder, 0o777)
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrExist) || leadsOut(b.root, folder) {
		return &fetch.Failure{Kind: fetch.IO, Err: fmt.Errorf("%q can't be a folder: something else has that name", folder)}
	}
	return err
}

// leadsOut reports whether a folder that is there can't be reached without leaving the root.
func leadsOut(root *os.Root, folder string) bool {
	info, err := root.Stat(folder)
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return false // it can't be told
	}
	return err != nil && !errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir()
}

// A savedBody is a body on its way into a file.
type savedBody struct {
	*os.File
	bodies  *Bodies
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
	if !flushesAtOnce {
		err = s.Sync()
	}
	if !canLock {
		err = errors.Join(err, s.Close())
	}
	if err == nil {
		err = s.bodies.root.Rename(s.name, name)
	}
	if err != nil {
		return err
	}
	s.ended = true
	if canLock {
		err = s.Close()
	}
	return errors.Join(err, s.bodies.flushName(name))
}

// flushName brings a name to disk where Sync does not.
func (b *Bodies) flushName(name string) error {
	if flushesAtOnce {
		return nil
	}
	folder, err := b.root.Open(path.Dir(name))
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }() // only read
	return syncOpen(folder)
}

// named puts the directory before the names of errors.
func (b *Bodies) named(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return &fs.PathError{Op: path.Op, Path: filepath.Join(b.dir, path.Path), Err: path.Err}
	case errors.As(err, &link):
		return &fs.PathError{Op: link.Op, Path: filepath.Join(b.dir, link.New), Err: link.Err}
	}
	return err
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
	if !canLock {
		_ = s.bodies.root.Remove(s.name) // an open file can't be removed there
	}
}
