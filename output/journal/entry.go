package journal

import (
	"encoding/binary"
	"strings"

	"batchfetch/fetch"
)

// requestHash is 80 bits of a hash of a Request. The chance that any two of 100 million different requests agree is 1
// in 10^8.
type requestHash struct {
	high uint64
	low  uint16
}

// An occurrence is one of several equal requests of the input, by its number from 0 on.
type occurrence struct {
	hash requestHash
	nth  uint32
}

// entry is what a commit says of one Record.
type entry struct {
	tag  fetch.Tag
	name uint64      // hash of the name of its file; 0 is none
	next *fetch.Page // the page that follows it; nil is none: its request is done
}

// Sizes in bytes: of an entry, and of a hash of a name.
const (
	entrySize = 14
	nameSize  = 8
)

// newTag packs the hash of a request and its number among equal ones, as an entry has them. The tag comes back in the
// Record.
func newTag(hash requestHash, nth uint32) (tag fetch.Tag) {
	binary.LittleEndian.PutUint64(tag[:], hash.high)
	binary.LittleEndian.PutUint16(tag[8:], hash.low)
	binary.LittleEndian.PutUint32(tag[10:], nth)
	return tag
}

// requestOf returns the hash of the request of an entry, and its number among equal ones.
func (e *entry) requestOf() occurrence {
	hash := requestHash{binary.LittleEndian.Uint64(e.tag[:]), binary.LittleEndian.Uint16(e.tag[8:])}
	return occurrence{hash, binary.LittleEndian.Uint32(e.tag[10:])}
}

// The flags of a page in a journal, and the bytes before its URL: the entry, the hash of the name of its file (8), the
// flags (1), the number of the page that follows (8; 0 is none, and the request is done), the size of its URL (4).
const (
	pageGet = 1 << iota
	pageOmitCredentials
	pagePublicOnly
	pageParams // some parameters of its query are of the page before
	pageBody   // a line feed and the body of its request are behind its URL

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
		pageParams: next.Params != nil, pageBody: next.Body != nil,
	} {
		if set {
			flags |= bit
		}
	}
	dst = binary.LittleEndian.AppendUint64(append(dst, flags), uint64(next.Number))
	if next.Body != nil {
		next.URL += "\n" + string(next.Body)
	}
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
		if flags&pageParams != 0 {
			e.next.Params = []string{}
		}
		if url, body, hasBody := strings.Cut(e.next.URL, "\n"); hasBody && flags&pageBody != 0 {
			e.next.URL, e.next.Body = url, []byte(body)
		}
	}
	return e, text[size:]
}
