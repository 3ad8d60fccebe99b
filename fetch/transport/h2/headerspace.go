package h2

import "net/http"

// A HeaderSpace is the memory of the headers of responses, one after the other: a map and an array of values. Its
// owner says when the header before is not used any more, by a call of Begin. The zero HeaderSpace is ready, and so is
// a nil one, of which every header has memory of its own.
type HeaderSpace struct {
	header http.Header
	values []string
}

// maxSpace is how many values a header has at most whose memory is used again.
const maxSpace = 48

// Begin returns a builder of a header with about n fields. The header that was built before, and slices of its values,
// must not be used any more; its strings may.
func (s *HeaderSpace) Begin(n int) HeaderBuilder {
	if s == nil || n > maxSpace {
		return HeaderBuilder{Header: make(http.Header, n), values: make([]string, 0, n)}
	}
	if s.header == nil {
		s.header = make(http.Header, n)
	}
	clear(s.header)
	if cap(s.values) < n {
		s.values = make([]string, 0, n)
	}
	clear(s.values[:cap(s.values)])
	return HeaderBuilder{Header: s.header, values: s.values[:0]}
}

// A HeaderBuilder makes a header of fields, whose values share one array.
type HeaderBuilder struct {
	Header http.Header
	values []string // has room for the values of all fields, or they do not share it
	seen   uint64   // a bit for each length and first letter that a name had: what has a new one is no second field
}

// Add adds a field; its name is in canonical form, and not empty.
func (b *HeaderBuilder) Add(name, value string) {
	bit := uint64(1) << ((uint(len(name))<<3 ^ uint(name[0])) % 64)
	if b.seen&bit != 0 {
		if others := b.Header[name]; others != nil {
			b.Header[name] = append(others, value)
			return
		}
	}
	b.seen |= bit
	b.values = append(b.values, value)
	last := len(b.values) - 1
	b.Header[name] = b.values[last : last+1 : last+1]
}
