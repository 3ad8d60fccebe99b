package journal

import (
	"encoding/binary"

	"batchfetch/fetch"
)

// A chain is the pages of a request whose last one is not done: the page that comes next, and those that came before it
// but the first.
type chain struct {
	next    fetch.Page
	earlier fetch.PageSet
}

// An occurrence is one of several equal requests of the input, by its number from 0 on.
type occurrence struct {
	hash requestHash
	nth  uint32
}

// addPage notes that a page is done and which one follows it; a chain that begins anew replaces the one before.
func (l *ledger) addPage(of occurrence, next *fetch.Page) {
	c := l.chains[of]
	if c == nil || next.Number <= c.next.Number {
		c = new(chain)
	} else {
		c.earlier = c.earlier.With(c.next.URL)
	}
	c.next = *next
	if l.chains == nil {
		l.chains = make(map[occurrence]*chain)
	}
	l.chains[of] = c
}

// takeChain returns the chain of a request that is not done and removes it; nil is none.
func (l *ledger) takeChain(of occurrence) *chain {
	c := l.chains[of]
	delete(l.chains, of)
	return c
}

// The flags of a page in a journal, and the bytes before its URL: the entry, the hash of the name of its file (8), the
// flags (1), the number of the page that follows (8; 0 is none, and the request is done), the size of its URL (4).
const (
	pageGet = 1 << iota
	pageOmitCredentials
	pagePublicOnly

	pageHead = entrySize + nameSize + 1 + 8 + 4
)

// appendPage appends an entry of a pages frame.
func appendPage(dst []byte, e *entry) []byte {
	dst = binary.LittleEndian.AppendUint64(append(dst, e.tag[:entrySize]...), e.name)
	var next fetch.Page
	if e.next != nil {
		next = *e.next
	}
	var flags byte
	for bit, set := range map[byte]bool{
		pageGet: next.Get, pageOmitCredentials: next.OmitCredentials, pagePublicOnly: next.PublicOnly,
	} {
		if set {
			flags |= bit
		}
	}
	dst = binary.LittleEndian.AppendUint64(append(dst, flags), uint64(next.Number))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(next.URL)))
	return append(dst, next.URL...)
}

// readPage reads an entry of a pages frame and returns what follows it. One that is not whole ends the frame.
func readPage(text []byte) (e entry, rest []byte) {
	if len(text) < pageHead {
		return e, nil
	}
	copy(e.tag[:], text[:entrySize])
	e.name = binary.LittleEndian.Uint64(text[entrySize:])
	flags, text := text[entrySize+nameSize], text[entrySize+nameSize+1:]
	number, size := binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint32(text[8:])
	if text = text[12:]; uint64(size) > uint64(len(text)) {
		return e, nil
	}
	if number > 0 {
		e.next = &fetch.Page{Number: int64(number), URL: string(text[:size]), Get: flags&pageGet != 0,
			OmitCredentials: flags&pageOmitCredentials != 0, PublicOnly: flags&pagePublicOnly != 0}
	}
	return e, text[size:]
}
