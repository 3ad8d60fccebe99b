package savedir

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"batchfetch/fetch"
	"batchfetch/output/file"
)

// claims say whose a file name is: a request's of this run, or one's that an earlier run has done.
// One goroutine takes names; their hashes may be made by others meanwhile.
type claims struct {
	salt        Salt
	owners      map[uint64]int64 // hash of a name: the index of the request that has it, or spared
	earlierRuns []uint64         // hashes of the names that earlier runs have filled, sorted
}

// A Salt is hashed before each name, so that equal names of two directories have different hashes.
type Salt [16]byte

// init claims nothing yet.
func (c *claims) init() {
	_, _ = rand.Read(c.salt[:]) // never fails
	c.owners = make(map[uint64]int64)
}

// inherit takes over the names that earlier runs have filled, hashed with the salt of their journal.
func (c *claims) inherit(salt Salt, names []uint64) {
	c.salt = salt
	slices.Sort(names)
	c.earlierRuns = names
}

// reserved is the owner of a name that no request gets.
const reserved = -1

// reserve keeps a name from all requests.
func (c *claims) reserve(name string) { c.owners[c.hash(name)] = reserved }

// hash is never 0.
func (c *claims) hash(name string) uint64 {
	text := append(make([]byte, 0, 128), c.salt[:]...)
	sum := sha256.Sum256(append(text, strings.ToLower(name)...)) // some file systems do not tell A from a
	return max(binary.LittleEndian.Uint64(sum[:]), 1)
}

// claim claims a name for the request of that index.
func (c *claims) claim(name string, index int64) error {
	key := c.hash(name)
	if _, filled := slices.BinarySearch(c.earlierRuns, key); filled {
		return fmt.Errorf("its file %q is that of another request, which an earlier run has done; name it by path, {id} or {sha256}", name)
	}
	first, here := c.owners[key]
	if here && first == reserved {
		return fmt.Errorf("its file %q is an output or an input of the run; name it by path, {index} or {id}", name)
	}
	if here && first != index {
		return fmt.Errorf("its file %q is that of request %d already; name it by path, {index} or {id}", name, first)
	}
	c.owners[key] = index
	return nil
}

// InheritClaims takes over the names that earlier runs have filled, as hashes with the salt of their journal.
// It is called before the first Claim.
func (d *Dir) InheritClaims(salt Salt, names []uint64) { d.claims.inherit(salt, names) }

// LocationHash returns a hash of where the directory is; never 0.
func (d *Dir) LocationHash() uint64 { return d.claims.hash(file.Canonical(filepath.Join(d.name, "."))) }

// NameHash returns the hash of the name of the file that a Record points to; 0 is none, or one that it shares.
func (d *Dir) NameHash(r *fetch.Record) uint64 {
	if r.Path == "" || d.sharesFile(&r.Request) {
		return 0
	}
	name, err := filepath.Rel(d.name, r.Path)
	if err != nil {
		return 0
	}
	return d.claims.hash(filepath.ToSlash(name))
}
