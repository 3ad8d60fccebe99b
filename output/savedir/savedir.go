package savedir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/file"
)

// Dir is a fetch.PartialStore that saves bodies as files below one directory. No name leads out of it, not by symbolic
// links either, and no two requests of a run share a file unless their template names it by sha256: a name that is
// taken gets a hash before its ending. A body whose transfer broke off is kept as a part, for a later attempt or run to
// continue (see partialBody). It takes about 40 bytes of memory for the name of each request and of each folder, and 8
// for each name of earlier runs.
type Dir struct {
	name         string // as given to Open
	root         *os.Root
	template     NameTemplate
	claims       claims
	folders      folders
	leavesFiles  bool        // LeaveExisting has been called
	wasEmpty     bool        // when it was opened
	mayHoldParts atomic.Bool // false: the directory was empty when it was opened, and nothing was suspended since
	syncer       syncer
	openedAt     time.Time // by fileClock
	linkWay      linkWay   // of files without a name
}

// Open opens the directory of that name, and makes it where it is missing.
func Open(dir string, template NameTemplate) (*Dir, error) {
	if err := file.CheckLinks(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	b := &Dir{name: dir, root: root, template: template, wasEmpty: isEmptyDir(root), openedAt: fileClock(),
		folders: folders{top: dir, root: root}, linkWay: findLinkWay(root)}
	b.claims.init()
	b.mayHoldParts.Store(!b.wasEmpty)
	return b, nil
}

// isEmptyDir reports whether the directory is empty; false where that is not known.
func isEmptyDir(root *os.Root) bool {
	dir, err := root.Open(".")
	if err != nil {
		return false
	}
	defer func() { _ = dir.Close() }() // only read
	_, err = dir.Readdirnames(1)
	return err == io.EOF
}

// CheckStillThere returns an error where the directory's name is gone or another directory's: the paths in Records are
// wrong then.
func (d *Dir) CheckStillThere() error {
	err := file.CheckStillNamed(d.name, func() (fs.FileInfo, error) { return d.root.Stat(".") })
	if err != nil {
		return fmt.Errorf("the directory of the saved bodies has moved away: %w", err)
	}
	return nil
}

// Path returns the name of the directory as it was given to Open.
func (d *Dir) Path() string { return d.name }

// MayHoldParts reports whether parts may lie in the directory: it was not empty when it was opened, or one was added.
func (d *Dir) MayHoldParts() bool { return d.mayHoldParts.Load() }

// Close closes the directory.
func (d *Dir) Close() error {
	d.folders.close()
	return errors.Join(d.syncer.close(), d.root.Close())
}

// Reserve keeps requests from claiming the names of files that lie in the directory, such as the run's outputs and
// inputs. It must be called before the first Claim.
func (d *Dir) Reserve(names ...string) {
	dir := file.Canonical(filepath.Join(d.name, "."))
	for _, name := range names {
		if inside, err := filepath.Rel(dir, file.Canonical(name)); err == nil && filepath.IsLocal(inside) {
			d.claims.reserve(filepath.ToSlash(inside))
		}
	}
}

// Create opens a temporary file in the folder of r's file, or in the directory itself where that folder's name needs
// the hash.
func (d *Dir) Create(r *fetch.Request) (fetch.BodyWriter, error) {
	folder, target, err := d.places(r)
	if err != nil {
		return nil, err
	}
	if !d.folders.has(folder) {
		if err := d.makeFolders(folder); err != nil {
			return nil, d.describeError(path.Dir(folder), err)
		}
		d.folders.add(folder)
	}
	s := &bodyWriter{dir: d, request: r, target: target, folder: folder}
	if s.bodyFile = d.createUnnamed(folder); s.bodyFile != nil {
		return s, nil
	}
	var f *os.File
	f, s.held, s.name, err = d.createTemp(s.stem())
	if errors.Is(err, fs.ErrNotExist) && !d.isLate(r) { // others have removed a folder that was open
		if d.makeFolders(folder) == nil {
			f, s.held, s.name, err = d.createTemp(s.stem())
		}
	}
	if err != nil {
		return nil, d.describeError(path.Dir(s.name), err)
	}
	s.bodyFile = namedFile{f}
	return s, nil
}

// makeFolders makes a folder and those above it. The error is a *failure.Failure where something else has the name of
// one.
func (d *Dir) makeFolders(folder string) error {
	if folder == "." {
		return nil
	}
	err := d.root.MkdirAll(folder, 0o777)
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrExist) || leavesRoot(d.root, folder) {
		return &failure.Failure{Kind: failure.IO, Err: fmt.Errorf("%q can't be a folder: something else has that name",
			folder)}
	}
	return err
}

// leavesRoot reports whether a folder exists and can be reached only by leaving the root, or is no folder.
func leavesRoot(root *os.Root, folder string) bool {
	info, err := root.Stat(folder)
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return false // not known without another descriptor
	}
	return err != nil && !errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir()
}

// describeError returns the error of making or renaming a file or folder in a folder: a *failure.Failure, which is that
// request's alone, where others have moved or replaced the file or its folder meanwhile and the directory still stands.
func (d *Dir) describeError(folder string, err error) error {
	if d.isReplaced(folder, err) && d.CheckStillThere() == nil {
		return &failure.Failure{Kind: failure.IO, Err: fmt.Errorf("the file or its folder has been moved or replaced "+
			"meanwhile: %w", d.withFullPath(err))}
	}
	return d.withFullPath(err)
}

// isReplaced reports whether an error says that a folder, or a file in it, is gone, or not what we have made. One that
// forbids what was possible before does, unless it is the whole directory's.
func (d *Dir) isReplaced(folder string, err error) bool {
	var known *failure.Failure
	var rename *os.LinkError
	switch {
	case errors.As(err, &known):
		return false
	case errors.Is(err, errRenamed), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ELOOP),
		errors.Is(err, syscall.EXDEV):
		return true
	case folder == ".":
		return errors.Is(err, fs.ErrNotExist) && errors.As(err, &rename) // a file that was made there is gone
	case errors.Is(err, fs.ErrNotExist):
		return true
	case errors.Is(err, fs.ErrPermission):
		info, missing := d.root.Stat(folder)
		return missing == nil && info.IsDir()
	}
	return leavesRoot(d.root, folder)
}

// withFullPath puts the directory's name before that in a *fs.PathError or *os.LinkError.
func (d *Dir) withFullPath(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return &fs.PathError{Op: path.Op, Path: filepath.Join(d.name, path.Path), Err: path.Err}
	case errors.As(err, &link):
		return &fs.PathError{Op: link.Op, Path: filepath.Join(d.name, link.New), Err: link.Err}
	}
	return err
}
