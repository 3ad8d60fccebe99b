package savedir

import (
	"crypto/sha256"
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
	"batchfetch/output/file"
)

// Dir is a Keeper that saves bodies as files below one directory. No name leads out of it, symbolic links included,
// and no two requests of a run share a file unless their template names it by sha256.
// A body whose transfer broke off is kept as a part, for a later attempt or run to continue (see keptPart).
// It keeps about 40 bytes for each request, to know whose a name is, and 8 for each that an earlier run has done.
type Dir struct {
	dir      string // as the user gave it
	root     *os.Root
	template NameTemplate
	claims   claims
	littered atomic.Bool // parts may lie in the directory
	flusher  flusher
}

// Open makes the directory, if need be, and opens it.
func Open(dir string, template NameTemplate) (*Dir, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	b := &Dir{dir: dir, root: root, template: template}
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

// CheckStillThere returns an error where the directory has moved away, and the bodies with it: no Record says where they are.
func (b *Dir) CheckStillThere() error {
	err := file.CheckStillNamed(b.dir, func() (fs.FileInfo, error) { return b.root.Stat(".") })
	if err != nil {
		return fmt.Errorf("the directory of the saved bodies has moved away: %w", err)
	}
	return nil
}

// Path returns the name of the directory as the user gave it.
func (b *Dir) Path() string { return b.dir }

// MayHoldParts reports whether unfinished bodies may lie in the directory.
func (b *Dir) MayHoldParts() bool { return b.littered.Load() }

// Close closes the directory.
func (b *Dir) Close() error { return errors.Join(b.flusher.close(), b.root.Close()) }

// Reserve keeps the names of files for what they are: no body takes the place of an output or an input that lies in the directory.
func (b *Dir) Reserve(names ...string) {
	dir := file.Canonical(filepath.Join(b.dir, "."))
	for _, name := range names {
		if inside, err := filepath.Rel(dir, file.Canonical(name)); err == nil && filepath.IsLocal(inside) {
			b.claims.spare(filepath.ToSlash(inside))
		}
	}
}

// Claim gives r its name, unless it is unsafe or another request's.
func (b *Dir) Claim(r *fetch.Request) error {
	name, err := b.template.name(r, anySum)
	if err != nil || b.shared(r) {
		return err
	}
	return b.claims.take(name, r.Index)
}

// anySum stands for a hash that is not known yet: they are all equally safe in a name.
var anySum = strings.Repeat("0", 2*sha256.Size)

// shared reports whether equal bodies are meant to share a file.
func (b *Dir) shared(r *fetch.Request) bool { return r.Path == "" && b.template.bySum() }

// Keep opens a temporary file beside where the body will be, or in the directory itself while its name is not known.
func (b *Dir) Keep(r *fetch.Request) (fetch.Keeping, error) {
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
		if s.File, err = b.start(s.name); !errors.Is(err, file.ErrBusy) {
			break
		}
	}
	if errors.Is(err, file.ErrBusy) || errors.Is(err, errNoLock) {
		s.name = unfinished(path.Dir(stem))
		s.File, err = b.root.OpenFile(s.name, newFile, 0o666)
	}
	if err != nil {
		return nil, b.named(err)
	}
	return s, nil
}

// makeFolder makes the folders of a name.
func (b *Dir) makeFolder(name string) error {
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

// named puts the directory before the names of errors.
func (b *Dir) named(err error) error {
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
