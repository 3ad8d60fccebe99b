package journal

import (
	"encoding/binary"
	"math/bits"
)

// An asked is a hash of what a Request asks: 80 bits, so that of 100 million requests no two agree by chance (1 in 10^8).
type asked struct {
	high uint64
	low  uint16
}

// A ledger knows of everything that was asked how often the input has asked it so far, and which of those askings are done.
// It takes 14 to 18 bytes for each different request, outside the collector's heap where the system has such memory.
// One goroutine uses it.
type ledger struct {
	shelves [256]shelf        // by the first byte of the hash, so that growing moves a 256th of it at a time
	often   map[asked]*repeat // what has been asked more often than a slot can tell
}

// A shelf is an open-addressed table with slots of 12 bytes: the hash, and a state that is 0 where the slot is free.
type shelf struct {
	memory []byte
	used   int
}

// pageSize is what memory is taken in.
const pageSize = 4 << 10

// The state of a slot: a bit for each of the first askings that is done, how often the input has asked, and whether
// a repeat tells both in its place.
const (
	slotSize  = 12
	doneBits  = 5
	mostSeen  = 1<<10 - 1
	inRepeats = 1 << 15
)

// A repeat is what a slot is too small for.
type repeat struct {
	seen uint32
	done []uint64 // a bit for each asking
}

func (r *repeat) add(nth uint32) {
	if missing := int(nth/64) + 1 - len(r.done); missing > 0 {
		r.done = append(r.done, make([]uint64, missing)...)
	}
	r.done[nth/64] |= 1 << (nth % 64)
}

func (r *repeat) has(nth uint32) bool {
	return int(nth/64) < len(r.done) && r.done[nth/64]>>(nth%64)&1 == 1
}

// reserve makes room for n requests more, so that little has to move while they come.
func (l *ledger) reserve(n int64) {
	if n < smallLedger {
		return
	}
	for i := range l.shelves {
		s := &l.shelves[i]
		if slots := int((int64(s.used)+n/256)*17/14) + 1; slots > s.slots() {
			s.resize(slots)
		}
	}
}

// smallLedger is how many requests need no room made: their shelves start with so much.
const smallLedger = 256 * pageSize / slotSize

// close gives the memory back.
func (l *ledger) close() {
	for i := range l.shelves {
		free(l.shelves[i].memory)
		l.shelves[i] = shelf{}
	}
	l.often = nil
}

// add notes that the nth asking (0-based) of a is done.
func (l *ledger) add(a asked, nth uint32) {
	slot := l.slot(a)
	state := slot.state()
	if state&inRepeats == 0 && nth < doneBits {
		slot.set(state | 1<<nth)
		return
	}
	l.repeat(a, slot).add(nth)
}

// see numbers one more asking of a by the input, and reports whether it is done.
func (l *ledger) see(a asked) (nth uint32, done bool) {
	slot := l.slot(a)
	state := slot.state()
	if seen := state >> doneBits & mostSeen; state&inRepeats == 0 && seen < mostSeen {
		slot.set(state + 1<<doneBits)
		return uint32(seen), seen < doneBits && state>>seen&1 == 1
	}
	r := l.repeat(a, slot)
	nth = r.seen
	r.seen++
	return nth, r.has(nth)
}

// repeat moves what the slot says to where there is room for more.
func (l *ledger) repeat(a asked, s slot) *repeat {
	state := s.state()
	if state&inRepeats != 0 {
		return l.often[a]
	}
	r := &repeat{seen: uint32(state >> doneBits & mostSeen), done: []uint64{uint64(state & (1<<doneBits - 1))}}
	if l.often == nil {
		l.often = make(map[asked]*repeat)
	}
	l.often[a] = r
	s.set(inRepeats)
	return r
}

// slot finds the slot of a, or takes one for it. It is valid until the next call.
func (l *ledger) slot(a asked) slot {
	s := &l.shelves[a.high>>56]
	if 8*(s.used+1) > 7*s.slots() {
		s.resize(s.slots() + s.slots()/4 + 1)
	}
	at := s.find(a)
	if at.state() == 0 { // the caller makes it more
		at.name(a)
		s.used++
	}
	return at
}

func (s *shelf) slots() int { return len(s.memory) / slotSize }

// find returns the slot that holds a, or the free one where it belongs.
func (s *shelf) find(a asked) slot {
	slots := s.slots()
	home, _ := bits.Mul64(a.high<<8, uint64(slots))
	for i := int(home); ; i++ {
		if i == slots {
			i = 0
		}
		at := slot(s.memory[i*slotSize:][:slotSize])
		if at.state() == 0 || at.holds(a) {
			return at
		}
	}
}

// resize moves everything into a table of so many slots at least.
func (s *shelf) resize(slots int) {
	old := s.memory
	s.memory = allocate(slots * slotSize)
	for i := range len(old) / slotSize {
		if from := slot(old[i*slotSize:][:slotSize]); from.state() != 0 {
			copy(s.find(from.asked()), from)
		}
	}
	free(old)
}

// A slot is the memory of one.
type slot []byte

func (s slot) state() uint16      { return binary.LittleEndian.Uint16(s[10:]) }
func (s slot) set(state uint16)   { binary.LittleEndian.PutUint16(s[10:], state) }
func (s slot) holds(a asked) bool { return s.asked() == a }
func (s slot) asked() asked {
	return asked{binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint16(s[8:])}
}
func (s slot) name(a asked) {
	binary.LittleEndian.PutUint64(s, a.high)
	binary.LittleEndian.PutUint16(s[8:], a.low)
}
