package plan

import (
	"strings"
	"time"
)

// buckets are those of a lane. There is one at first, for all requests. Others follow where responses name them, or
// where responses contradict each other as those of one window can't: requests are then told apart by the first
// segments of their paths, by as few as needed.
type buckets struct {
	single     bool                   // they are of a share, which has one bucket whatever responses say
	supposed   bool                   // that there are several is supposed only: see supposeOthers
	list       []*bucket              // the first is for what is not known to be in another one
	prefixes   map[string]*pathPrefix // by path; nil while all is in the first bucket
	numbered   []*pathPrefix          // root and the same, by pathPrefix.number-1
	root       pathPrefix             // the empty path
	names      int                    // buckets that responses have named
	unassigned int                    // exchanges under way from before there were buckets: they may count in any
	aside      int                    // Tasks in bucket.aside
	turn       int                    // index in list at which the search for a Task aside begins
	misses     int                    // scouts in a row that were in the bucket of which they were not known to be
	scouts     int                    // scouts under way
}

// A pathPrefix is the beginning of paths whose requests count in one bucket, or in several by the next segment.
type pathPrefix struct {
	bucket *bucket
	number uint16 // its index in buckets.numbered, plus 1
	deeper bool   // the next segment tells the bucket
	sure   bool   // a response has said so
	scout  *Task  // the exchange that is to learn the bucket, as the assumed one allows none; nil is none under way
}

const (
	maxBuckets  = 64 // of a lane, at most
	maxPrefixes = 4 * maxBuckets
	maxMisses   = 3
)

// newBuckets returns the single bucket of a lane that has so many exchanges under way.
func newBuckets(active int) *buckets {
	first := &bucket{number: 1}
	s := &buckets{list: []*bucket{first}, root: pathPrefix{bucket: first, number: 1}, unassigned: active}
	s.numbered = []*pathPrefix{&s.root}
	return s
}

// isSplit reports whether there may be several buckets.
func (s *buckets) isSplit() bool { return s != nil && s.root.deeper }

// cutPath returns the first n segments of a path, and whether there are more.
func cutPath(path string, n int) (start string, more bool) {
	at := 0
	for range n {
		if at >= len(path) {
			return path, false
		}
		next := strings.IndexByte(path[at+1:], '/')
		if next < 0 {
			return path, false
		}
		at += 1 + next
	}
	return path[:at], true
}

// find returns the prefix that a path belongs to: the shortest that is not told apart further. A new one is made as far
// as there is room.
func (s *buckets) find(path string) *pathPrefix {
	p := &s.root
	for n := 1; p.deeper; n++ {
		start, more := cutPath(path, n)
		next := s.prefixes[start]
		if next == nil {
			next = s.addPrefix(start, p)
		}
		if next == nil || next == p {
			return p
		}
		p = next
		if !more {
			break
		}
	}
	return p
}

// addPrefix adds a prefix below another one, or returns nil where there is no room. Where responses name buckets its
// requests are assumed to be in the bucket of that until one says otherwise, as where other buckets are only supposed;
// else they have a bucket of their own.
func (s *buckets) addPrefix(start string, above *pathPrefix) *pathPrefix {
	if len(s.prefixes) >= maxPrefixes {
		return nil
	}
	p := &pathPrefix{bucket: above.bucket}
	if s.names == 0 && !s.supposed {
		if p.bucket = s.addBucket(""); p.bucket == nil {
			return nil
		}
	}
	s.prefixes[start] = p
	s.numbered = append(s.numbered, p)
	p.number = uint16(len(s.numbered)) //nolint:gosec // at most maxPrefixes + 1
	return p
}

// addBucket adds a bucket, or returns nil where there is no room.
func (s *buckets) addBucket(name string) *bucket {
	if len(s.list) >= maxBuckets {
		return nil
	}
	b := &bucket{name: name, number: uint16(len(s.list) + 1)} //nolint:gosec // at most maxBuckets
	s.list = append(s.list, b)
	return b
}

// named returns the bucket of a name: the first one where none has a name yet.
func (s *buckets) named(name string) *bucket {
	for _, b := range s.list {
		if b.name == name {
			return b
		}
	}
	if s.names == 0 && !s.supposed {
		s.names++
		s.list[0].name = name
		return s.list[0]
	}
	b := s.addBucket(name)
	if b == nil {
		return s.list[0]
	}
	s.names++
	return b
}

// split begins to tell requests apart by their paths.
func (s *buckets) split() {
	s.root.deeper = true
	if s.prefixes == nil {
		s.prefixes = make(map[string]*pathPrefix)
	}
}

// others is the number of exchanges under way that may count in a bucket although they were not started from it: from
// before there were buckets, or before their paths told them apart.
func (s *buckets) others(b *bucket) int {
	if first := s.list[0]; b != first && s.root.deeper && s.names == 0 {
		return s.unassigned + first.active
	}
	return s.unassigned
}

// dropProbe forgets that t, which is of the bucket b, asks in another one how many requests there are: the one that it
// was started from, or where the windows of that have gone since.
func (s *buckets) dropProbe(t *Task, b *bucket) {
	for _, other := range s.list {
		if other != b {
			other.dropProbe(t)
		}
	}
}

// expiry is when a lane without Tasks may be deleted, as far as its buckets go.
func (s *buckets) expiry() time.Time {
	var at time.Time
	if s != nil {
		for _, b := range s.list {
			at = latest(at, b.expiry())
		}
	}
	return at
}

// asideCount is how many Tasks are aside.
func (s *buckets) asideCount() int {
	if s == nil {
		return 0
	}
	return s.aside
}
