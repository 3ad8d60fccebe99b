package h2

import "net/http"

// A HeaderSpace is the memory of the headers of responses, one after the other: a map and an array of values. Its
// owner says when the header before is not used any more, by a call of Begin; until then nobody writes to that. The
// zero HeaderSpace is ready, and so is a nil one, of which every header has memory of its own.
type HeaderSpace struct {
	header http.Header
	values []string
	names  []string // of the fields of header, in their order
}

// maxSpace is how many values a header has at most whose memory is used again.
const maxSpace = 48

// Begin returns a builder of a header with at most n fields. The header that was built before, and slices of its
// values, must not be used any more; its strings may.
func (s *HeaderSpace) Begin(n int) HeaderBuilder {
	if s == nil || n > maxSpace {
		return HeaderBuilder{header: make(http.Header, n), values: make([]string, 0, n)}
	}
	b := HeaderBuilder{space: s, header: s.header, values: s.values[:0]}
	allDiffer := len(s.header) == len(s.names)
	if len(s.names) > 0 && allDiffer && n <= cap(s.values) {
		b.before = s.names
		return b
	}
	if s.header == nil {
		s.header = make(http.Header, n)
	}
	if cap(s.values) < n {
		s.values = make([]string, 0, n)
	}
	clear(s.values[:cap(s.values)])
	b.header, b.values = s.header, s.values[:0]
	b.clear()
	return b
}

// A HeaderBuilder makes a header of fields, whose values share one array. As long as the fields have the names that
// those of the header before had, which is usual for responses of one server, the map stays as it is, and only the
// values are new.
type HeaderBuilder struct {
	space  *HeaderSpace // whose memory the header has; nil is none
	header http.Header
	values []string // has room for the values of all fields, or they do not share it
	before []string // the names of the header before, which those of values are so far; nil: the map has been cleared
	seen   uint64   // a bit for each length and first letter that a name had: what has a new one is no second field
}

// Add adds a field; its name is in canonical form, and not empty.
func (b *HeaderBuilder) Add(name, value string) {
	if b.before != nil {
		if at := len(b.values); at < len(b.before) && b.before[at] == name {
			b.values = append(b.values, value)
			return
		}
		b.addAgain()
	}
	b.add(name, value)
}

// End returns the header of the fields that were added.
func (b *HeaderBuilder) End() http.Header {
	if b.before != nil && len(b.values) < len(b.before) {
		b.addAgain()
	}
	return b.header
}

// addAgain adds all fields so far to a map that has been cleared: the header is not like the one before.
func (b *HeaderBuilder) addAgain() {
	names, values := b.before[:len(b.values)], b.values
	b.clear()
	for i, name := range names {
		b.add(name, values[i]) // in the place where it is
	}
}

// clear makes the header one without fields.
func (b *HeaderBuilder) clear() {
	clear(b.header)
	b.before, b.values, b.space.names = nil, b.values[:0], b.space.names[:0]
}

// add adds a field to the map.
func (b *HeaderBuilder) add(name, value string) {
	if b.space != nil {
		b.space.names = append(b.space.names, name)
	}
	bit := uint64(1) << ((uint(len(name))<<3 ^ uint(name[0])) % 64)
	if b.seen&bit != 0 {
		if others := b.header[name]; others != nil {
			b.header[name] = append(others, value)
			return
		}
	}
	b.seen |= bit
	b.values = append(b.values, value)
	last := len(b.values) - 1
	b.header[name] = b.values[last : last+1 : last+1]
}
