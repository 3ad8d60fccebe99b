package plan

import "time"

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
			now.Before(w.leastEnd()) && now.Sub(w.leastAt) < w.length/8 {
			return w.leastPath, true
		}
	}
	return "", false
}
