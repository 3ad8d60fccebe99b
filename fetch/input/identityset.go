package input

import (
	"math/bits"

	"batchfetch/fetch"
)

// identitySet is a set of Identities: open addressing with linear probing in 256 tables, of which one grows at a time,
// by a quarter. It takes 18 to 23 bytes for each, where a map takes up to 50, and as much again until the garbage
// collector has run.
type identitySet struct {
	tables [256][]fetch.Identity // by the first byte; the zero Identity is a free slot
	used   [256]int
}

// add adds an Identity, and reports whether it is new.
func (s *identitySet) add(id fetch.Identity) (isNew bool) {
	if id == (fetch.Identity{}) {
		id[1] = 1 // as good as another hash
	}
	n := id[0] >> 56
	if slots := len(s.tables[n]); 8*(s.used[n]+1) > 7*slots {
		old := s.tables[n]
		s.tables[n] = make([]fetch.Identity, slots+slots/4+64)
		for _, each := range old {
			if each != (fetch.Identity{}) {
				*find(s.tables[n], each) = each
			}
		}
	}
	slot := find(s.tables[n], id)
	if *slot == id {
		return false
	}
	*slot = id
	s.used[n]++
	return true
}

// find returns the slot of an Identity in a table, or the free one where it belongs.
func find(table []fetch.Identity, id fetch.Identity) *fetch.Identity {
	home, _ := bits.Mul64(id[0]<<8, uint64(len(table)))
	for i := int(home); ; i++ {
		if i == len(table) {
			i = 0
		}
		if table[i] == id || table[i] == (fetch.Identity{}) {
			return &table[i]
		}
	}
}
