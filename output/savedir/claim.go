package savedir

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"

	"batchfetch/fetch"
)

// A namer gives bodies their names, no two the same one. Any goroutine may use it.
type namer struct {
	tree        *tree
	template    NameTemplate
	claims      claims
	runs        *runs
	leavesFiles bool      // LeaveExisting has been called
	wasEmpty    bool      // the directory, when it was opened
	openedAt    time.Time // by fileClock
}

// claim gives r its name: see Dir.Claim.
func (n *namer) claim(r *fetch.Request) error {
	base, name, err := n.template.names(r, placeholder)
	switch {
	case err != nil || n.template.isLate(r):
		return err
	case r.Path != "":
		err = n.claims.claim(name, r.Index)
	default:
		name, r.Path, err = n.claimFree(name, base, r)
	}
	if err == nil && n.leavesFiles && n.hasWhole(name, r.SHA256) {
		return fetch.ErrDone
	}
	return err
}

// begunByAria2 is what aria2c appends to the name of a file for its notes, which are there until the file is whole:
// that has its final name and its whole length from the beginning.
const begunByAria2 = ".aria2"

// hasWhole reports whether a body is there under a name: whatever has a final name is whole, but for what aria2c has
// begun. Where its hash in hex is known beforehand (sum) it has to have that.
func (n *namer) hasWhole(name, sum string) bool {
	info, err := n.tree.lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	if sum == "" {
		_, err = n.tree.lstat(name + begunByAria2)
		return err != nil
	}
	f, err := n.tree.root.Open(name)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // only read
	hashed := sha256.New()
	_, err = io.Copy(hashed, f)
	return err == nil && hex.EncodeToString(hashed.Sum(nil)) == sum
}

// maxRenames is how many names are tried in place of one that is taken.
const maxRenames = 4

// claimFree claims name for r, or another one where that is taken. It returns what was claimed and, where it is not
// name, the same without the number of a page; base is name without that.
func (n *namer) claimFree(name, base string, r *fetch.Request) (claimed, other string, err error) {
	notFolder, hash := "", ""
	for range maxRenames {
		if err = n.conflictOnDisk(name); err == nil {
			err = n.claims.claim(name, r.Index)
		}
		var taken *conflictError
		if !errors.As(err, &taken) {
			break
		}
		switch {
		case taken.folder != "":
			notFolder, hash = taken.folder, cmp.Or(hash, requestHash(r))
		case hash == "":
			hash = requestHash(r)
		default: // another's that is equal
			hash = indexedHash(r)
		}
		other = renamed(base, notFolder, hash, n.template.limit())
		name = withPage(other, r.Page, n.template.limit())
	}
	return name, other, err
}

// conflictOnDisk returns why an earlier run's file or folder is in the way of a name: a file of its folder's name, or a
// folder of its own. It costs an lstat(2) for the name and for each folder that this run has not used yet, and nothing
// where the directory was empty.
func (n *namer) conflictOnDisk(name string) error {
	if n.wasEmpty {
		return nil
	}
	if info, err := n.tree.lstat(name); err == nil && info.IsDir() {
		return &conflictError{text: fmt.Sprintf("its file %q is a folder; name it by path, {index} or {id}", name)}
	}
	for above := path.Dir(name); above != "." && !n.claims.isFolder(above); above = path.Dir(above) {
		if info, err := n.tree.root.Lstat(above); err == nil && info.Mode().IsRegular() {
			return &conflictError{above,
				fmt.Sprintf("its folder %q is a file; name it by path, {index} or {id}", above)}
		}
	}
	return nil
}

// lateName returns the name for a body that has come, and claims it unless equal bodies share it.
func (n *namer) lateName(r *fetch.Request, of response) (string, error) {
	base, name, err := n.template.names(r, of)
	if err != nil || !n.template.isLate(r) || n.template.sharesFile(r) {
		return name, err
	}
	name, _, err = n.claimFree(name, base, r)
	return name, err
}

// isOfEarlierRun reports whether a file was written before the directory was opened, and by no run that had not ended
// then. A directory that was empty then has none.
func (n *namer) isOfEarlierRun(info fs.FileInfo) bool {
	return !info.Mode().IsRegular() ||
		!n.wasEmpty && info.ModTime().Before(n.openedAt) && !n.runs.mayHaveSaved(info)
}

// isFixed reports whether a body of r has its name or none: one that was given, or that equal bodies share.
func (n *namer) isFixed(r *fetch.Request) bool { return r.Path != "" || n.template.sharesFile(r) }

// makeFolders makes the folders of the name of a body of r, and returns the name: another one where a file that another
// run has saved meanwhile has the name of a folder.
func (n *namer) makeFolders(name string, r *fetch.Request) (string, error) {
	err := n.tree.makeFolders(path.Dir(name))
	if err == nil || n.isFixed(r) {
		return name, err
	}
	for above := path.Dir(name); above != "."; above = path.Dir(above) {
		if info, missing := n.tree.root.Lstat(above); missing == nil && info.Mode().IsRegular() {
			name = n.nameBeside(name, above, r, 0)
			return name, n.tree.makeFolders(path.Dir(name))
		}
	}
	return name, err
}

// nameBeside returns another name for the body of r than one that another process has taken, or whose folder notFolder
// is a file of another process, and claims it.
func (n *namer) nameBeside(name, notFolder string, r *fetch.Request, try int) string {
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
		if other := renamed(name, notFolder, hash, n.template.limit()); n.claims.claim(other, r.Index) == nil {
			return other
		}
	}
}
