package output

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"batchfetch/fetch"
)

// claims say whose a file name is: a request's of this run, or one's that an earlier run has done.
// One goroutine takes names; their hashes may be made by others meanwhile.
type claims struct {
	prefix  []byte           // of what is hashed: a salt, and the directory
	taken   map[uint64]int64 // hash of a name: the index of the request that has it
	earlier []uint64         // hashes of the names that earlier runs have filled, sorted
}

// begin claims nothing yet in the directory dir.
func (c *claims) begin(dir string) {
	if whole, err := filepath.Abs(dir); err == nil {
		dir = whole
	}
	var salt [saltSize]byte
	_, _ = rand.Read(salt[:]) // never fails
	c.prefix = append(append(salt[:], dir...), 0)
	c.taken = make(map[uint64]int64)
}

// inherit takes over the names that earlier runs have filled, hashed with the salt of their journal.
func (c *claims) inherit(salt []byte, names []uint64) {
	copy(c.prefix, salt)
	slices.Sort(names)
	c.earlier = names
}

// hash is never 0.
func (c *claims) hash(name string) uint64 {
	text := append(c.prefix[:len(c.prefix):len(c.prefix)], strings.ToLower(name)...) // some file systems do not tell A from a
	sum := sha256.Sum256(text)
	return max(binary.LittleEndian.Uint64(sum[:]), 1)
}

// take claims a name for the request of that index.
func (c *claims) take(name string, index int64) error {
	key := c.hash(name)
	if _, filled := slices.BinarySearch(c.earlier, key); filled {
		return fmt.Errorf("its file %q is that of another request, which an earlier run has done; name it by path, {id} or {sha256}", name)
	}
	if first, here := c.taken[key]; here && first != index {
		return fmt.Errorf("its file %q is that of request %d already; name it by path, {index} or {id}", name, first)
	}
	c.taken[key] = index
	return nil
}

// nameOf returns the hash of the name of the file that a Record points to; 0 is none, or one that it shares.
func (b *Bodies) nameOf(r *fetch.Record) uint64 {
	if r.Path == "" || b.shared(&r.Request) {
		return 0
	}
	name, err := filepath.Rel(b.dir, r.Path)
	if err != nil {
		return 0
	}
	return b.claims.hash(filepath.ToSlash(name))
}
