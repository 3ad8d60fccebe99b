package fetch

import (
	"hash/maphash"

	"batchfetch/fetch/httpurl"
)

// A PageSet has the hashes of the URLs of the pages in a chain, 8 bytes each. All Requests of the chain share it; there
// is one of them at a time. Nil is empty.
type PageSet map[uint64]struct{}

// With returns the set with a URL in it. It changes s, where that is not nil.
func (s PageSet) With(url string) PageSet {
	if s == nil {
		s = make(PageSet)
	}
	s[pageHash(url)] = struct{}{}
	return s
}

// has reports whether a URL is in the set.
func (s PageSet) has(url string) bool {
	if len(s) == 0 {
		return false // without the cost of a hash
	}
	_, found := s[pageHash(url)]
	return found
}

// pageSeed is that of pageHash.
var pageSeed = maphash.MakeSeed()

// pageHash returns a hash of a URL without userinfo and fragment. It differs from process to process.
func pageHash(text string) uint64 {
	if u, err := httpurl.Parse(text); err == nil {
		bare := *u
		bare.User, bare.Fragment, bare.RawFragment = nil, "", ""
		text = bare.String()
	}
	return maphash.String(pageSeed, text)
}
