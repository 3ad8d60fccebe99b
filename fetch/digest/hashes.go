package digest

import (
	"crypto/md5"  //nolint:gosec // against damage on the way, as the servers have it
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"sync"
)

// An Algorithm makes the hash of a digest.
type Algorithm struct{ New func() hash.Hash }

// crc64NVMe returns the table of CRC-64/NVME, whose polynomial is 0xad93d23594c93659. It is made at its first use.
var crc64NVMe = sync.OnceValue(func() *crc64.Table { return crc64.MakeTable(0x9a6c9329ac4bc9b5) })

// algorithms are those that are known: of RFC 9530 section 5 the ones that are safe, and those of the vendors.
var algorithms = map[string]Algorithm{
	"sha-256":   {sha256.New},
	"sha-512":   {sha512.New},
	"md5":       {md5.New},
	"sha1":      {sha1.New},
	"crc32":     {func() hash.Hash { return crc32.NewIEEE() }},
	"crc32c":    {func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }},
	"crc64nvme": {func() hash.Hash { return crc64.New(crc64NVMe()) }},
}

// Hashes are the hashes of bytes that are written to them, by the name of their Algorithm. A nil Hashes takes nothing.
type Hashes map[string]hash.Hash

// InTrailer are the Algorithms of digests that a trailer may have.
var InTrailer = []string{"sha-256", "sha-512"}

// NewHashes returns the hashes of these Algorithms.
func NewHashes(names ...string) Hashes {
	h := make(Hashes, len(names))
	for _, name := range names {
		h[name] = algorithms[name].New()
	}
	return h
}

// Write is io.Writer's, and never fails.
func (h Hashes) Write(p []byte) (int, error) {
	for _, each := range h {
		each.Write(p)
	}
	return len(p), nil
}
