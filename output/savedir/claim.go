package savedir

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"

	"batchfetch/fetch"
)

// LeaveExisting makes Claim return fetch.ErrDone for a request whose file is there already. It must be called before
// the first Claim, and has no effect on names that are known only once the body has come (NameTemplate.IsLate).
func (d *Dir) LeaveExisting() { d.leavesFiles = true }

// Claim gives r its name for the whole run. Where another request has the one that the template makes, r gets another
// as its Path, which its Record then has. The error is that the name is unsafe or, where r brings a Path, taken.
func (d *Dir) Claim(r *fetch.Request) error {
	base, name, err := d.template.names(r, placeholder)
	switch {
	case err != nil || d.isLate(r):
		return err
	case r.Path != "":
		err = d.claims.claim(name, r.Index)
	default:
		name, r.Path, err = d.claimFree(name, base, r)
	}
	if err == nil && d.leavesFiles && d.hasWhole(name, r.SHA256) {
		return fetch.ErrDone
	}
	return err
}

// begunByAria2 is what aria2c appends to the name of a file for its notes, which are there until the file is whole:
// that has its final name and its whole length from the beginning.
const begunByAria2 = ".aria2"

// hasWhole reports whether a body is there under a name: whatever has a final name is whole, but for what aria2c has
// begun. Where its hash in hex is known beforehand (sum) it has to have that.
func (d *Dir) hasWhole(name, sum string) bool {
	info, err := d.lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	if sum == "" {
		_, err = d.lstat(name + begunByAria2)
		return err != nil
	}
	f, err := d.root.Open(name)
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
func (d *Dir) claimFree(name, base string, r *fetch.Request) (claimed, other string, err error) {
	notFolder, hash := "", ""
	for range maxRenames {
		if err = d.conflictOnDisk(name); err == nil {
			err = d.claims.claim(name, r.Index)
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
		other = renamed(base, notFolder, hash)
		name = withPage(other, r.Page)
	}
	return name, other, err
}

// conflictOnDisk returns why an earlier run's file or folder is in the way of a name: a file of its folder's name, or a
// folder of its own. It costs an lstat(2) for the name and for each folder that this run has not used yet, and nothing
// where the directory was empty.
func (d *Dir) conflictOnDisk(name string) error {
	if d.wasEmpty {
		return nil
	}
	if info, err := d.lstat(name); err == nil && info.IsDir() {
		return &conflictError{text: fmt.Sprintf("its file %q is a folder; name it by path, {index} or {id}", name)}
	}
	for above := path.Dir(name); above != "." && !d.claims.isFolder(above); above = path.Dir(above) {
		if info, err := d.root.Lstat(above); err == nil && info.Mode().IsRegular() {
			return &conflictError{above,
				fmt.Sprintf("its folder %q is a file; name it by path, {index} or {id}", above)}
		}
	}
	return nil
}

// isLate reports whether the name of r's file is known only once its body has come.
func (d *Dir) isLate(r *fetch.Request) bool { return r.Path == "" && d.template.IsLate() }

// sharesFile reports whether requests with equal bodies share one file: their name is made of sha256 by the template.
func (d *Dir) sharesFile(r *fetch.Request) bool { return r.Path == "" && d.template.has("sha256") }

// lateName returns the name for a body that has come, and claims it unless equal bodies share it.
func (d *Dir) lateName(r *fetch.Request, of response) (string, error) {
	base, name, err := d.template.names(r, of)
	if err != nil || !d.isLate(r) || d.sharesFile(r) {
		return name, err
	}
	name, _, err = d.claimFree(name, base, r)
	return name, err
}
