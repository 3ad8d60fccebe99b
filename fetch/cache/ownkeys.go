package cache

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// ownKeys says which entries a directory lacks that its Disk has made: all that are in it were stored by that Disk,
// until another process opens the directory or the usage file is written. So the first run looks for no file in vain:
// an eighth of the processor time of an exchange whose small response is stored. Any goroutine may use it.
type ownKeys struct {
	dir  string
	bits atomic.Pointer[keyBits] // nil: others may have stored something, or the usage file was written
}

// keyBits has a bit for each value of the first ownBits bits of a key that was stored. 512 KiB.
type keyBits struct {
	stored  [1 << (ownBits - 6)]atomic.Uint64
	checked atomic.Int64 // when it was last looked up whether another has opened the directory
}

const (
	// ownBits is how many bits of a key tell: with a million entries stored, four of five others are known to be missing.
	ownBits = 22
	// checkOwnAfter is how long a directory is taken for this process's alone without a look.
	checkOwnAfter = 50 * time.Millisecond

	// usageName is the name of the usage file, which a directory has once two have used it, or one has ended.
	usageName = "usage"
)

// at returns where the bit of a key is.
func (b *keyBits) at(key Key) (word *atomic.Uint64, bit uint64) {
	n := (uint32(key[0])<<16 | uint32(key[1])<<8 | uint32(key[2])) >> (24 - ownBits)
	return &b.stored[n/64], 1 << (n % 64)
}

// begin says that the directory was made now, and is empty.
func (o *ownKeys) begin() { o.bits.Store(new(keyBits)) }

// end says that from here on the usage file tells nothing of others.
func (o *ownKeys) end() { o.bits.Store(nil) }

// isKnown reports whether lacks may be true of any key.
func (o *ownKeys) isKnown() bool { return o.bits.Load() != nil }

// willStore is called before the file of a key gets its name.
func (o *ownKeys) willStore(key Key) {
	if bits := o.bits.Load(); bits != nil {
		word, bit := bits.at(key)
		word.Or(bit)
	}
}

// lacks reports whether there is certainly no file of a key, but for one that another process has stored within
// checkOwnAfter.
func (o *ownKeys) lacks(key Key, now time.Time) bool {
	bits := o.bits.Load()
	if bits == nil {
		return false
	}
	if at := now.UnixNano(); at-bits.checked.Load() > int64(checkOwnAfter) || at < bits.checked.Load() {
		if _, err := os.Lstat(o.usageFile()); !os.IsNotExist(err) {
			o.end()
			return false
		}
		bits.checked.Store(at)
	}
	word, bit := bits.at(key)
	return word.Load()&bit == 0
}

// noteOpened lets a Disk that has made the directory know that another uses it too.
func (o *ownKeys) noteOpened() {
	// O_RDWR does not wait where a pipe is in its place
	f, err := os.OpenFile(o.usageFile(), os.O_RDWR|os.O_CREATE|noFollow, 0o600)
	if err == nil {
		_ = f.Close() // nothing was written
	}
}

// usageFile returns the name of the usage file.
func (o *ownKeys) usageFile() string { return filepath.Join(o.dir, usageName) }
