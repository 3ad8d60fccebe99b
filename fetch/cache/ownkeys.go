package cache

import (
	"os"
	"path/filepath"
	"sync/atomic"
)

// ownKeys says which entries a directory lacks that its Disk has made: all that are in it were stored by that Disk,
// until another process opens the directory or the usage file is written. So the first run looks for no file in vain:
// an eighth of the processor time of an exchange whose small response is stored. 512 KiB; any goroutine may use it.
type ownKeys struct {
	stored  [1 << (ownBits - 6)]atomic.Uint64 // a bit for each value of the first ownBits bits of a key
	checked atomic.Int64                      // when it was last looked up whether another has opened the directory
}

// ownBits is how many bits of a key tell: with a million entries stored, four of five others are known to be missing.
const ownBits = 22

// at returns where the bit of a key is.
func (o *ownKeys) at(key Key) (word *atomic.Uint64, bit uint64) {
	n := (uint32(key[0])<<16 | uint32(key[1])<<8 | uint32(key[2])) >> (24 - ownBits)
	return &o.stored[n/64], 1 << (n % 64)
}

// knowsKeys reports whether lacks may be true of any key.
func (d *Disk) knowsKeys() bool { return d.own.Load() != nil }

// willStore is called before the file of a key gets its name.
func (d *Disk) willStore(key Key) {
	if own := d.own.Load(); own != nil {
		word, bit := own.at(key)
		word.Or(bit)
	}
}

// lacks reports whether there is certainly no file of a key, but for one that another process has stored in the last
// lingerTime.
func (d *Disk) lacks(key Key) bool {
	own := d.own.Load()
	if own == nil {
		return false
	}
	if now := d.now().UnixNano(); now-own.checked.Load() > int64(lingerTime) || now < own.checked.Load() {
		if _, err := os.Lstat(d.usageFile()); !os.IsNotExist(err) {
			d.own.Store(nil)
			return false
		}
		own.checked.Store(now)
	}
	word, bit := own.at(key)
	return word.Load()&bit == 0
}

// noteOpened lets a Disk that has made the directory know that another uses it too.
func (d *Disk) noteOpened() {
	// O_RDWR does not wait where a pipe is in its place
	f, err := os.OpenFile(d.usageFile(), os.O_RDWR|os.O_CREATE|noFollow, 0o600)
	if err == nil {
		_ = f.Close() // nothing was written
	}
}

// usageFile returns the name of the usage file.
func (d *Disk) usageFile() string { return filepath.Join(d.dir, usageName) }
