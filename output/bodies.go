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
	b.claims.begin(dir)
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

// Close closes the directory.
func (b *Bodies) Close() error { return b.root.Close() }

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
	folder := "."
	if !b.shared(r) {
		name, err := b.template.name(r, anySum)
		if err != nil {
			return nil, err
		}
		if folder, err = b.makeFolder(name); err != nil {
			return nil, err
		}
	}
	part := unfinished(folder)
	f, err := b.root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	return &savedBody{File: f, bodies: b, request: r, name: part}, nil
}

// unfinished is a name that nobody knows.
func unfinished(folder string) string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return path.Join(folder, ".batchfetch-"+hex.EncodeToString(random[:])+partEnding)
}

// makeFolder makes the folders of a name.
func (b *Bodies) makeFolder(name string) (string, error) {
	folder := path.Dir(name)
	if folder == "." {
		return folder, nil
	}
	err := b.root.MkdirAll(folder, 0o777)
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrExist) || leadsOut(b.root, folder) {
		return "", &fetch.Failure{Kind: fetch.IO, Err: fmt.Errorf("%q can't be a folder: something else has that name", folder)}
	}
	return folder, err
}

// leadsOut reports whether a folder that is there can't be reached without leaving the root.
func leadsOut(root *os.Root, folder string) bool {
	info, err := root.Stat(folder)
	return err != nil && !errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir()
}

// A savedBody is a body on its way into a file.
type savedBody struct {
	*os.File
	bodies  *Bodies
	request *fetch.Request
	name    string // of the file, for now
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
		if _, err := s.bodies.makeFolder(name); err != nil {
			return "", err
		}
	}
	if err := s.withdraw(); err != nil {
		return "", err
	}
	if err := s.end(); err != nil {
		return "", err
	}
	if info, err := s.bodies.root.Lstat(name); err == nil && info.IsDir() {
		return "", &fetch.Failure{Kind: fetch.IO, Err: fmt.Errorf("%q is a folder", name)}
	}
	if err := s.bodies.root.Rename(s.name, name); err != nil {
		return "", err
	}
	s.ended = true
	return filepath.Join(s.bodies.dir, filepath.FromSlash(name)), nil
}

// end closes the file, whose content is whole.
func (s *savedBody) end() error {
	if flushesAtOnce {
		return s.Close()
	}
	return errors.Join(s.Sync(), s.Close())
}

// Abandon removes what had arrived.
func (s *savedBody) Abandon() {
	if s.ended {
		return
	}
	s.ended = true
	_ = s.withdraw()                 // what can't be renamed is removed as what it is
	_ = s.Close()                    // its content is of no use
	_ = s.bodies.root.Remove(s.name) // what can't be removed is named as what it is
}
