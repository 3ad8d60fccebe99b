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
	numbered   []*pathPrefix          // the same, by pathPrefix.number-1
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
	number uint16
	deeper bool  // the next segment tells the bucket
	sure   bool  // a response has said so
	scout  *Task // the exchange that is to learn the bucket, as the assumed one allows none; nil is none under way
}

const (
	maxBuckets  = 64 // of a lane, at most
	maxPrefixes = 4 * maxBuckets
	maxMisses   = 3
)

// newBuckets returns the single bucket of a lane that has so many exchanges under way.
func newBuckets(active int) *buckets {
	first := &bucket{number: 1}
	return &buckets{list: []*bucket{first}, root: pathPrefix{bucket: first}, unassigned: active}
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
	p.number = uint16(len(s.numbered)) //nolint:gosec // at most maxPrefixes
	return p
}

// addBucket adds a bucket, or returns nil where there is no room.
func (s *buckets) addBucket(name string) *bucket {
	if len(s.list) >= maxBuckets {
		return nil
	}
	s.list = append(s.list, &bucket{name: name, number: uint16(len(s.list) + 1)}) //nolint:gosec // at most maxBuckets
	b := s.list[len(s.list)-1]
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

// learn returns the bucket that a response to t is about, and whether requests have to be sorted again since another
// bucket was assumed.
func (s *buckets) learn(t *Task, now time.Time) (b *bucket, changed bool) {
	if s.single {
		return s.list[0], false
	}
	if name := t.Verdict.Bucket; name != "" {
		b = s.named(name)
		s.supposed = false
		s.split()
		return b, s.assign(t.Path, b)
	}
	p := s.find(t.Path)
	if s.supposed {
		return s.learnSupposed(t, p)
	}
	if earlier, differs := p.bucket.contradiction(t, now); differs && s.names == 0 {
		return s.tellApart(t, p, earlier), true
	}
	return p.bucket, false
}

// assign notes that the requests of a path count in a bucket, and reports whether another one was assumed. Where it is
// known that those of its prefix do not, the next segment has to tell.
func (s *buckets) assign(path string, b *bucket) (changed bool) {
	p := s.find(path)
	if p == &s.root { // no room
		return false
	}
	if p.bucket == b {
		if p.scout != nil && !p.sure {
			s.misses++
		}
		p.sure = true
		return false
	}
	if p.sure {
		if deeper := s.deepen(path, p); deeper != nil {
			p = deeper
		}
	}
	p.bucket, p.sure, s.misses = b, true, 0
	return true
}

// deepen makes the next segment tell the bucket, for the paths of a prefix, and returns the prefix of a path below it;
// nil where the path has no further segment.
func (s *buckets) deepen(path string, p *pathPrefix) *pathPrefix {
	for n := 1; ; n++ {
		start, more := cutPath(path, n)
		switch {
		case !more:
			return nil
		case s.prefixes[start] == p:
			p.deeper = true
			return s.find(path)
		}
	}
}

// tellApart splits a prefix whose responses contradict each other by the first segment in which the paths of two of
// them differ: of t, and of the earlier one, which keeps what is known of the bucket. It returns the bucket of t.
func (s *buckets) tellApart(t *Task, p *pathPrefix, earlier string) *bucket {
	known := p.bucket
	p.deeper = true
	s.split()
	for s.find(t.Path) == s.find(earlier) { // ends: the paths differ in a segment
		same := s.find(t.Path)
		if same == p || same.deeper {
			return known // no room
		}
		same.deeper = true
	}
	mine, other := s.find(t.Path), s.find(earlier)
	if other.bucket != known {
		other.bucket.windows, other.bucket.until = known.windows, known.until
		other.bucket.closure = known.closure
		known.windows, known.until, known.closure = nil, time.Time{}, nil
	}
	return mine.bucket
}

// contradiction reports whether a response to t can't be of the windows of the bucket, and the path of the earlier one
// that it contradicts: it tells another limit, or far more requests than are left, although the window has not ended
// and only a small part of it has passed.
func (b *bucket) contradiction(t *Task, now time.Time) (earlier string, found bool) {
	for i := range b.windows {
		w := &b.windows[i]
		q := findQuota(&t.Verdict, w)
		if q == nil || w.concurrent || t.Path == w.leastPath || w.probe == t {
			continue
		}
		if q.Limit > 0 && w.limit > 0 && q.Limit != w.limit {
			return w.leastPath, true
		}
		rise := q.Remaining - w.least
		if t.number > w.starts && rise > max(2, max(w.limit, q.Remaining)/4) &&
			now.Before(w.end.Add(-time.Second)) && now.Sub(w.leastAt) < w.length/8 {
			return w.leastPath, true
		}
	}
	return "", false
}
