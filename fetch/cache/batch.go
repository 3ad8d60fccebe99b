package cache

import (
	"slices"
	"sync"
)

// batchBytes is the size of a batch of several entries. Disk.Get reads all of it for one: with 20 KiB a hit takes a
// tenth more, and a batch little less.
const batchBytes = 8 << 10

// A batch is images one behind the other, one of a key.
type batch struct {
	images []byte // at most batchBytes, or one image
	parts  []part
}

// A part is one image of a batch.
type part struct {
	key   Key
	image []byte // a part of batch.images

	replaces bool // there is an entry of that key
}

var batches = sync.Pool{New: func() any { return &batch{images: make([]byte, 0, batchBytes)} }}

// image returns the image of a key that the batch has.
func (b *batch) image(key Key) []byte {
	i := slices.IndexFunc(b.parts, func(p part) bool { return p.key == key })
	return b.parts[i].image
}
