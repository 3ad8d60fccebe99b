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

// claims is the table of which request has which file name, in this run and in those before it.
// claim is called by one goroutine; hash by any.
type claims struct {
	salt        Salt
	owners      map[uint64]int64 // hash of a name: index of its request, or reserved
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

// reserved is the owner of a name that no request may have.
const reserved = -1

// reserve keeps requests from claiming a name.
func (c *claims) reserve(name string) { c.owners[c.hash(name)] = reserved }

// hash returns a hash of the name in lower case; it is never 0.
func (c *claims) hash(name string) uint64 {
	text := append(make([]byte, 0, 128), c.salt[:]...)
	sum := sha256.Sum256(append(text, strings.ToLower(name)...)) // some file systems ignore case
	return max(binary.LittleEndian.Uint64(sum[:]), 1)
}

// claim gives a name to the request of that index, which may have it already. The error says who has it.
func (c *claims) claim(name string, index int64) error {
	key := c.hash(name)
	if _, filled := slices.BinarySearch(c.earlierRuns, key); filled {
		return fmt.Errorf("its file %q is that of another request, which an earlier run has done; "+
			"name it by path, {id} or {sha256}", name)
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

// InheritClaims adds the names of earlier runs' files, as hashes with the salt of their journal. It must be called
// before the first Claim.
func (d *Dir) InheritClaims(salt Salt, names []uint64) { d.claims.inherit(salt, names) }

// LocationHash returns a hash of the directory's absolute name, without links; it is never 0.
func (d *Dir) LocationHash() uint64 { return d.claims.hash(file.Canonical(filepath.Join(d.name, "."))) }

// NameHash returns the hash of the name of a Record's file; 0 where it has none, or shares it.
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
