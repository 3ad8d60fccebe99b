package journal

import (
	"encoding/binary"
	"math/bits"
)

// ledger is a hash table of requests: how often each has occurred in the input so far, and which occurrences are done.
// It takes 14 to 18 bytes for each different request, outside the garbage-collected heap where the system has mmap(2).
// It is not safe for concurrent use.
type ledger struct {
	tables   [256]table                     // by the first byte of the hash, so that growth rehashes 1/256 at a time
	overflow map[requestHash]*overflowEntry // requests that occur too often for a slot
	chains   chains                         // requests with pages that are done, and others that are not
}

// table is an open-addressed hash table with linear probing and slots of 12 bytes: the hash, and a state, 0 where it
// is free.
type table struct {
	memory []byte
	used   int
}

// pageSize is the unit of allocation, in bytes.
const pageSize = 4 << 10

// The bits of the state of a slot, lowest first: 5 that say which of the first occurrences are done, 10 that count the
// occurrences in the input, and one that says that an overflowEntry has both instead.
const (
	slotSize   = 12
	doneBits   = 5
	maxSeen    = 1<<10 - 1
	inOverflow = 1 << 15
)

// overflowEntry is the state of a request that occurs more often than a slot can count.
type overflowEntry struct {
	seen uint32   // occurrences in the input
	done []uint64 // a bit for each occurrence
}

func (e *overflowEntry) markDone(nth uint32) {
	if missing := int(nth/64) + 1 - len(e.done); missing > 0 {
		e.done = append(e.done, make([]uint64, missing)...)
	}
	e.done[nth/64] |= 1 << (nth % 64)
}

func (e *overflowEntry) isDone(nth uint32) bool {
	return int(nth/64) < len(e.done) && e.done[nth/64]>>(nth%64)&1 == 1
}

// reserve makes room for n requests more, so that the tables grow once.
func (l *ledger) reserve(n int64) {
	if n < minReserve {
		return
	}
	for i := range l.tables {
		t := &l.tables[i]
		if slots := int((int64(t.used)+n/256)*17/14) + 1; slots > t.slotCount() {
			t.resize(slots)
		}
	}
}

// minReserve is the number of requests that the first page of each table holds.
const minReserve = 256 * pageSize / slotSize

// free frees the memory.
func (l *ledger) free() {
	for i := range l.tables {
		freePages(l.tables[i].memory)
		l.tables[i] = table{}
	}
	l.overflow, l.chains = nil, nil
}

// markDone notes that the nth occurrence of a request, from 0 on, is done.
func (l *ledger) markDone(hash requestHash, nth uint32) {
	slot := l.slotFor(hash)
	state := slot.state()
	if state&inOverflow == 0 && nth < doneBits {
		slot.setState(state | 1<<nth)
		return
	}
	l.toOverflow(hash, slot).markDone(nth)
}

// countRequest counts an occurrence in the input. It returns its number, from 0 on, and whether it is done.
func (l *ledger) countRequest(hash requestHash) (nth uint32, done bool) {
	slot := l.slotFor(hash)
	state := slot.state()
	if seen := state >> doneBits & maxSeen; state&inOverflow == 0 && seen < maxSeen {
		slot.setState(state + 1<<doneBits)
		return uint32(seen), seen < doneBits && state>>seen&1 == 1
	}
	e := l.toOverflow(hash, slot)
	nth = e.seen
	e.seen++
	return nth, e.isDone(nth)
}

// toOverflow returns the overflowEntry of a request, and moves the state of its slot there first, if need be.
func (l *ledger) toOverflow(hash requestHash, s slot) *overflowEntry {
	state := s.state()
	if state&inOverflow != 0 {
		return l.overflow[hash]
	}
	e := &overflowEntry{seen: uint32(state >> doneBits & maxSeen), done: []uint64{uint64(state & (1<<doneBits - 1))}}
	if l.overflow == nil {
		l.overflow = make(map[requestHash]*overflowEntry)
	}
	l.overflow[hash] = e
	s.setState(inOverflow)
	return e
}

// slotFor returns the slot of a request, or a new one. It is valid until the next call.
func (l *ledger) slotFor(hash requestHash) slot {
	t := &l.tables[hash.high>>56]
	if 8*(t.used+1) > 7*t.slotCount() {
		t.resize(t.slotCount() + t.slotCount()/4 + 1)
	}
	at := t.find(hash)
	if at.state() == 0 { // the caller sets a state
		at.setHash(hash)
		t.used++
	}
	return at
}

func (t *table) slotCount() int { return len(t.memory) / slotSize }

// find returns the slot of a request, or the free one where it belongs.
func (t *table) find(hash requestHash) slot {
	slots := t.slotCount()
	home, _ := bits.Mul64(hash.high<<8, uint64(slots))
	for i := int(home); ; i++ {
		if i == slots {
			i = 0
		}
		at := slot(t.memory[i*slotSize:][:slotSize])
		if at.state() == 0 || at.hasHash(hash) {
			return at
		}
	}
}

// resize rehashes into at least so many slots.
func (t *table) resize(slots int) {
	old := t.memory
	t.memory = allocatePages((slots*slotSize + pageSize - 1) &^ (pageSize - 1))
	for i := range len(old) / slotSize {
		if from := slot(old[i*slotSize:][:slotSize]); from.state() != 0 {
			copy(t.find(from.hash()), from)
		}
	}
	freePages(old)
}

// slot is the 12 bytes of a slot: the hash (10), the state (2), little-endian.
type slot []byte

func (s slot) state() uint16                 { return binary.LittleEndian.Uint16(s[10:]) }
func (s slot) setState(state uint16)         { binary.LittleEndian.PutUint16(s[10:], state) }
func (s slot) hasHash(hash requestHash) bool { return s.hash() == hash }
func (s slot) hash() requestHash {
	return requestHash{binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint16(s[8:])}
}
func (s slot) setHash(hash requestHash) {
	binary.LittleEndian.PutUint64(s, hash.high)
	binary.LittleEndian.PutUint16(s[8:], hash.low)
}
