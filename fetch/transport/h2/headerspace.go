package h2

import "net/http"

// A HeaderSpace is the memory of the headers of responses, one after the other: a map and an array of values. Its
// owner says when the header before is not used any more, by a call of Take. The zero HeaderSpace is ready, and so is a
// nil one, of which every header has memory of its own.
type HeaderSpace struct {
	header http.Header
	values []string
}

// maxSpace is how many values a header has at most whose memory is used again.
const maxSpace = 48

// Take returns an empty header, and an empty array with room for n values. The header that the HeaderSpace returned
// before, and slices of its values, must not be used any more; its strings may.
func (s *HeaderSpace) Take(n int) (http.Header, []string) {
	if s == nil || n > maxSpace {
		return make(http.Header, n), make([]string, 0, n)
	}
	if s.header == nil {
		s.header = make(http.Header, n)
	}
	clear(s.header)
	if cap(s.values) < n {
		s.values = make([]string, 0, n)
	}
	clear(s.values[:cap(s.values)])
	return s.header, s.values[:0]
}
