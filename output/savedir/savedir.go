package savedir

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"

	"batchfetch/fetch"
	"batchfetch/fetch/unnamed"
	"batchfetch/output/file"
)

// Dir is a fetch.PartialStore that saves bodies as files below one directory. No name leads out of it, not by symbolic
// links either, and no two requests of a run share a file unless their template names it by sha256: a name that is
// taken gets a hash before its ending. A body whose transfer broke off is kept as a part, for a later attempt or run to
// continue (see partialBody). It takes about 40 bytes of memory for the name of each request and of each folder, and 8
// for each name of earlier runs.
type Dir struct {
	tree
	names  namer
	group  commitGroup
	syncer syncer
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
	d := &Dir{tree: tree{name: dir, prefix: strings.TrimSuffix(filepath.Join(dir, "x"), "x"), root: root,
		linkWay: findLinkWay(root), folders: folders{top: dir, root: root, most: mostOpen()}}}
	template.longest = longestName(root)
	d.names = namer{tree: &d.tree, template: template, wasEmpty: isEmptyDir(root), openedAt: fileClock()}
	d.names.runs = d.openRuns()
	d.names.claims.init()
	d.group.tree = &d.tree
	d.mayHoldParts.Store(!d.names.wasEmpty)
	return d, nil
}

// CheckStillThere returns an error where the directory's name is gone or another directory's: the paths in Records are
// wrong then.
func (d *Dir) CheckStillThere() error { return d.checkStillThere() }

// Path returns the name of the directory as it was given to Open.
func (d *Dir) Path() string { return d.name }

// MayHoldParts reports whether parts may lie in the directory: it was not empty when it was opened, or one was added.
func (d *Dir) MayHoldParts() bool { return d.mayHoldParts.Load() }

// Close closes the directory.
func (d *Dir) Close() error {
	d.folders.close()
	d.names.runs.close(&d.tree)
	return errors.Join(d.syncer.close(), d.root.Close())
}

// Reserve keeps requests from claiming the names of files that lie in the directory, such as the run's outputs and
// inputs. It must be called before the first Claim.
func (d *Dir) Reserve(names ...string) {
	dir := file.Canonical(filepath.Join(d.name, "."))
	for _, name := range names {
		if inside, err := filepath.Rel(dir, file.Canonical(name)); err == nil && filepath.IsLocal(inside) {
			d.names.claims.reserve(filepath.ToSlash(inside))
		}
	}
}

// LeaveExisting makes Claim return fetch.ErrDone for a request whose file is there already. It must be called before
// the first Claim, and has no effect on names that are known only once the body has come (NameTemplate.IsLate).
func (d *Dir) LeaveExisting() { d.names.leavesFiles = true }

// InheritClaims adds the names of earlier runs' files, as hashes with the salt of their journal. It must be called
// before the first Claim.
func (d *Dir) InheritClaims(salt Salt, names []uint64) { d.names.claims.inherit(salt, names) }

// LocationHash returns a hash of the directory's absolute name, without links; it is never 0.
func (d *Dir) LocationHash() uint64 {
	return d.names.claims.hash(file.Canonical(filepath.Join(d.name, ".")))
}

// NameHash returns the hash of the name of a Record's file; 0 where it has none, or shares it.
func (d *Dir) NameHash(r *fetch.Record) uint64 {
	if r.Path == "" || d.names.template.sharesFile(&r.Request) {
		return 0
	}
	name, err := filepath.Rel(d.name, r.Path)
	if err != nil {
		return 0
	}
	return d.names.claims.hash(filepath.ToSlash(name))
}

// Claim gives r its name for the whole run. Where another request has the one that the template makes, r gets another
// as its Path, which its Record then has. The error is that the name is unsafe or, where r brings a Path, taken.
func (d *Dir) Claim(r *fetch.Request) error { return d.names.claim(r) }

// Sync syncs every saved body and its name.
func (d *Dir) Sync() error { return d.syncer.sync(d.root) }

// Create begins a body that will be in the folder of r's file, or in the directory itself where that folder's name
// needs the hash.
func (d *Dir) Create(r *fetch.Request) (fetch.BodyWriter, error) {
	folder, target, err := d.names.template.places(r)
	if err != nil {
		return nil, err
	}
	if !d.folders.has(folder) {
		if target != "" {
			target, err = d.names.makeFolders(target, r)
			folder = folderOf(target)
		}
		if err != nil {
			return nil, d.describeError(path.Dir(folder), err)
		}
		d.folders.add(folder)
	}
	s := &bodyWriter{tree: &d.tree, names: &d.names, group: &d.group, request: r, target: target, folder: folder}
	if d.linkWay != unnamed.None {
		s.memory = newSmallBody()
		return s, nil
	}
	if err := s.makeTempFile(); err != nil {
		return nil, err
	}
	return s, nil
}
