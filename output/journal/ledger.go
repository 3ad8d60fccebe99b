package journal

import (
	"encoding/binary"
	"math/bits"
)

// An requestHash is a hash of what a Request asks: 80 bits, so that of 100 million requests no two agree by chance (1 in 10^8).
type requestHash struct {
	high uint64
	low  uint16
}

// A ledger knows of everything that was asked how often the input has asked it so far, and which of those askings are done.
// It takes 14 to 18 bytes for each different request, outside the collector's heap where the system has such memory.
// One goroutine uses it.
type ledger struct {
	tables   [256]table                     // by the first byte of the hash, so that growing moves a 256th of it at a time
	overflow map[requestHash]*overflowEntry // what has been asked more often than a slot can tell
}

// A table is an open-addressed table with slots of 12 bytes: the hash, and a state that is 0 where the slot is free.
type table struct {
	memory []byte
	used   int
}

// pageSize is what memory is taken in.
const pageSize = 4 << 10

// The state of a slot: a bit for each of the first askings that is done, how often the input has asked, and whether
// a repeat tells both in its place.
const (
	slotSize   = 12
	doneBits   = 5
	maxSeen    = 1<<10 - 1
	inOverflow = 1 << 15
)

// A overflowEntry is what a slot is too small for.
type overflowEntry struct {
	seen uint32
	done []uint64 // a bit for each asking
}

func (r *overflowEntry) markDone(nth uint32) {
	if missing := int(nth/64) + 1 - len(r.done); missing > 0 {
		r.done = append(r.done, make([]uint64, missing)...)
	}
	r.done[nth/64] |= 1 << (nth % 64)
}

func (r *overflowEntry) isDone(nth uint32) bool {
	return int(nth/64) < len(r.done) && r.done[nth/64]>>(nth%64)&1 == 1
}

// reserve makes room for n requests more, so that little has to move while they come.
func (l *ledger) reserve(n int64) {
	if n < minReserve {
		return
	}
	for i := range l.tables {
		s := &l.tables[i]
		if slots := int((int64(s.used)+n/256)*17/14) + 1; slots > s.slotCount() {
			s.resize(slots)
		}
	}
}

// minReserve is how many requests need no room made: their shelves start with so much.
const minReserve = 256 * pageSize / slotSize

// free gives the memory back.
func (l *ledger) free() {
	for i := range l.tables {
		freePages(l.tables[i].memory)
		l.tables[i] = table{}
	}
	l.overflow = nil
}

// markDone notes that the nth asking (0-based) of a is done.
func (l *ledger) markDone(a requestHash, nth uint32) {
	slot := l.slotFor(a)
	state := slot.state()
	if state&inOverflow == 0 && nth < doneBits {
		slot.setState(state | 1<<nth)
		return
	}
	l.toOverflow(a, slot).markDone(nth)
}

// countRequest numbers one more asking of a by the input, and reports whether it is done.
func (l *ledger) countRequest(a requestHash) (nth uint32, done bool) {
	slot := l.slotFor(a)
	state := slot.state()
	if seen := state >> doneBits & maxSeen; state&inOverflow == 0 && seen < maxSeen {
		slot.setState(state + 1<<doneBits)
		return uint32(seen), seen < doneBits && state>>seen&1 == 1
	}
	r := l.toOverflow(a, slot)
	nth = r.seen
	r.seen++
	return nth, r.isDone(nth)
}

// toOverflow moves what the slot says to where there is room for more.
func (l *ledger) toOverflow(a requestHash, s slot) *overflowEntry {
	state := s.state()
	if state&inOverflow != 0 {
		return l.overflow[a]
	}
	r := &overflowEntry{seen: uint32(state >> doneBits & maxSeen), done: []uint64{uint64(state & (1<<doneBits - 1))}}
	if l.overflow == nil {
		l.overflow = make(map[requestHash]*overflowEntry)
	}
	l.overflow[a] = r
	s.setState(inOverflow)
	return r
}

// slotFor finds the slot of a, or takes one for it. It is valid until the next call.
func (l *ledger) slotFor(a requestHash) slot {
	s := &l.tables[a.high>>56]
	if 8*(s.used+1) > 7*s.slotCount() {
		s.resize(s.slotCount() + s.slotCount()/4 + 1)
	}
	at := s.find(a)
	if at.state() == 0 { // the caller makes it more
		at.setHash(a)
		s.used++
	}
	return at
}

func (s *table) slotCount() int { return len(s.memory) / slotSize }

// find returns the slot that holds a, or the free one where it belongs.
func (s *table) find(a requestHash) slot {
	slots := s.slotCount()
	home, _ := bits.Mul64(a.high<<8, uint64(slots))
	for i := int(home); ; i++ {
		if i == slots {
			i = 0
		}
		at := slot(s.memory[i*slotSize:][:slotSize])
		if at.state() == 0 || at.hasHash(a) {
			return at
		}
	}
}

// resize moves everything into a table of so many slots at least.
func (s *table) resize(slots int) {
	old := s.memory
	s.memory = allocatePages(slots * slotSize)
	for i := range len(old) / slotSize {
		if from := slot(old[i*slotSize:][:slotSize]); from.state() != 0 {
			copy(s.find(from.hash()), from)
		}
	}
	freePages(old)
}

// A slot is the memory of one.
type slot []byte

func (s slot) state() uint16              { return binary.LittleEndian.Uint16(s[10:]) }
func (s slot) setState(state uint16)      { binary.LittleEndian.PutUint16(s[10:], state) }
func (s slot) hasHash(a requestHash) bool { return s.hash() == a }
func (s slot) hash() requestHash {
	return requestHash{binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint16(s[8:])}
}
func (s slot) setHash(a requestHash) {
	binary.LittleEndian.PutUint64(s, a.high)
	binary.LittleEndian.PutUint16(s[8:], a.low)
}
