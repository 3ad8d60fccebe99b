package savedir

import (
	"os"
	"path"

	"batchfetch/fetch/unnamed"
)

// findLinkWay tries how a file without a name can get one in the directory.
func findLinkWay(root *os.Root) unnamed.Way {
	dir, err := openFolderOf(root, ".")
	if err != nil {
		return unnamed.None
	}
	defer func() { _ = dir.Close() }() // only read
	return unnamed.FindWay(dir)
}

// createUnnamed opens a file without a name in a folder: a kill leaves nothing of it, and it needs no lock. It is nil
// where that can't be.
func (t *tree) createUnnamed(folder string) bodyFile {
	if t.linkWay == unnamed.None {
		return nil
	}
	in := t.folders.use(folder, checkFolderAfter)
	if in == nil { // others have been used since
		t.folders.add(folder)
		if in = t.folders.use(folder, checkFolderAfter); in == nil {
			return nil
		}
	}
	f, err := unnamed.Open(in.dir, in.path, 0o666)
	t.folders.release(in, err != nil)
	if err != nil {
		return nil // the file system of this folder may be another
	}
	return f
}

// link gives a file without a name one that no other file has.
func (t *tree) link(f bodyFile, name string) error {
	err := t.inFolder(path.Dir(name), func(dir *os.File) error { return t.linkIn(dir, f, path.Base(name)) })
	return linkError(err, name, name)
}

// linkIn is link in a folder that is open, by the last name. Its error is that of linkat(2).
func (t *tree) linkIn(dir *os.File, f bodyFile, name string) error {
	return t.linkWay.Link(f.(*unnamed.File), dir, name) // no other is linked
}
