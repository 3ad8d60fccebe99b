package savedir

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
)

// claims is the table of which request has which file name, in this run and in those before it. Any goroutine may use
// it.
type claims struct {
	mu          sync.Mutex
	salt        Salt
	owners      map[uint64]int64 // hash of a name: index of its request, or reserved or folder; guarded by mu
	lastFolder  string           // that has been claimed, as those above it; guarded by mu
	earlierRuns []uint64         // hashes of the names of earlier runs' files, sorted
}

// Salt is hashed before each name, so that a hash does not tell a name to whoever can guess it.
type Salt [16]byte

// init makes an empty table.
func (c *claims) init() {
	_, _ = rand.Read(c.salt[:]) // never fails
	c.owners = make(map[uint64]int64)
}

// inherit adds the names of earlier runs' files, hashed with the salt of their journal.
func (c *claims) inherit(salt Salt, names []uint64) {
	c.salt = salt
	slices.Sort(names)
	c.earlierRuns = names
}

// The owners of names that no request may have: those of the run's outputs and inputs, and those of folders.
const (
	reserved = -1
	folder   = -2
)

// reserve keeps requests from claiming a name.
func (c *claims) reserve(name string) { c.owners[c.hash(name)] = reserved }

// hash returns a hash of the name that those have, too, which some file system takes for the same; it is never 0.
func (c *claims) hash(name string) uint64 {
	text := append(make([]byte, 0, 128), c.salt[:]...)
	sum := sha256.Sum256(append(text, foldName(name)...))
	return max(binary.LittleEndian.Uint64(sum[:]), 1)
}

// A conflictError is why a request can't have a name. folder is the folder of that name which can't be one, since a
// file has its name; empty where it is the name itself that is taken.
type conflictError struct {
	folder string
	text   string
}

func (e *conflictError) Error() string { return e.text }

// claim gives a name to the request of that index, which may have it already, and its folders to all. The error is a
// *conflictError.
func (c *claims) claim(name string, index int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := c.hash(name)
	if err := c.conflict(name, key, index); err != nil {
		return err
	}
	if above := folderOf(name); above != c.lastFolder {
		if err := c.claimFolders(above); err != nil {
			return err
		}
		c.lastFolder = above
	}
	c.owners[key] = index
	return nil
}

// claimFolders makes a name, and those above it, those of folders.
func (c *claims) claimFolders(name string) error {
	var hashes []uint64
	for above := name; above != "."; above = folderOf(above) {
		hash := c.hash(above)
		if c.owners[hash] == folder { // and so are those above it
			break
		}
		if err := c.conflictAbove(above, hash); err != nil {
			return err
		}
		hashes = append(hashes, hash)
	}
	for _, hash := range hashes {
		c.owners[hash] = folder
	}
	return nil
}

// conflict returns why a name can't be that of the file of the request of that index.
func (c *claims) conflict(name string, key uint64, index int64) error {
	owner, known := c.owners[key]
	text := ""
	switch {
	case c.isOfEarlierRun(key):
		text = "that of another request, which an earlier run has done; name it by path, {id} or {sha256}"
	case known && owner == reserved:
		text = "an output or an input of the run; name it by path, {index} or {id}"
	case known && owner == folder:
		text = "a folder of other requests' files; name it by path, {index} or {id}"
	case known && owner != index:
		text = fmt.Sprintf("that of request %d already; name it by path, {index} or {id}", owner)
	default:
		return nil
	}
	return &conflictError{text: fmt.Sprintf("its file %q is %s", name, text)}
}

// conflictAbove returns why a name, whose hash is key, can't be that of a folder.
func (c *claims) conflictAbove(name string, key uint64) error {
	if _, known := c.owners[key]; known || c.isOfEarlierRun(key) { // not as a folder
		return &conflictError{name, fmt.Sprintf("its folder %q is another's file; name it by path, {index} or {id}", name)}
	}
	return nil
}

func (c *claims) isOfEarlierRun(key uint64) bool {
	_, filled := slices.BinarySearch(c.earlierRuns, key)
	return filled
}

// isFolder reports whether a name has been claimed as a folder's.
func (c *claims) isFolder(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.owners[c.hash(name)] == folder
}
