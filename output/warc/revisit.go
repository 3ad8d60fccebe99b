package warc

import (
	"crypto/sha1" //nolint:gosec // half of a bodyKey
	"hash/maphash"
	"sync"
)

// Profiles of revisit records (section 6.7).
const (
	identicalPayload  = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
	serverNotModified = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
)

// An original is a response record whose body others are the same as.
type original struct{ id, target, date string }

// A bodyKey tells bodies apart: by SHA-1, for which a server may know two bodies with one sum, and by a hash with a key
// that no server knows.
type bodyKey struct {
	payload [sha1.Size]byte
	keyed   uint64
}

// bodySeed is the key of all bodyKeys.
var bodySeed = maphash.MakeSeed()

// maxKnown bounds each of the two generations of knownBodies, in bytes as sizeOf counts them.
const maxKnown = 8 << 20

// sizeOf returns about how much memory an original takes, its key and its place in a map included.
func (o *original) sizeOf() int { return 150 + len(o.id) + len(o.target) + len(o.date) }

// knownBodies are the bodies in the file: a server that could make two bodies of one key could hide one of them. It
// forgets those that were not met for longest, in two generations: about 60000 bodies are known. Many goroutines may
// use it.
type knownBodies struct {
	mu         sync.Mutex
	young, old map[bodyKey]original
	size       int // of young
}

// find returns the original of a body.
func (k *knownBodies) find(sum bodyKey) (o original, known bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if o, known = k.young[sum]; known {
		return o, true
	}
	if o, known = k.old[sum]; known {
		k.put(sum, o)
	}
	return o, known
}

// add adds an original that has been written.
func (k *knownBodies) add(sum bodyKey, o original) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.put(sum, o)
}

func (k *knownBodies) put(sum bodyKey, o original) {
	size := o.sizeOf()
	if size > maxKnown {
		return
	}
	if k.young == nil || k.size+size > maxKnown {
		k.old, k.young, k.size = k.young, make(map[bodyKey]original), 0
	}
	k.young[sum] = o
	k.size += size
}
