package plan

import (
	"batchfetch/fetch/judge"
)

// supposeOthers begins to tell requests apart by their paths where the only bucket is out for long, although nothing
// shows yet that there are others: those of the place where all its responses came from are in it, and a scout is to
// show whether others are. It reports whether there is such a place.
func (s *buckets) supposeOthers() bool {
	place := s.list[0].place()
	if s.single || s.isSplit() || place == "" {
		return false
	}
	s.supposed = true
	s.split()
	for p, n := &s.root, 1; ; n++ {
		start, _ := cutPath(place, n)
		if p = s.addPrefix(start, p); start == place {
			p.sure = true
			return true
		}
		p.deeper = true
	}
}

// learnSupposed is learn while other buckets are only supposed.
func (s *buckets) learnSupposed(t *Task, p *pathPrefix) (b *bucket, changed bool) {
	v := &t.Verdict
	switch {
	case t.scouting != p.number, v.Health == judge.Unknown, v.Health == judge.NoAnswer:
		return p.bucket, false
	case v.Refusal, p.bucket.isSpentBy(v):
		p.sure = true
		s.misses++
		return p.bucket, false
	}
	s.supposed = false
	for _, other := range s.prefixes {
		if other.sure || other.deeper {
			continue
		}
		if own := s.addBucket(""); own != nil {
			other.bucket = own
		}
	}
	return p.bucket, true
}

// mayScout reports whether a Task of a prefix may start although the assumed bucket allows no start: one for each
// prefix where responses name their buckets, one at a time where there are other buckets only by supposition.
func (s *buckets) mayScout(p *pathPrefix) bool {
	return s.isUnknown(p) && p.scout == nil && (!s.supposed || s.scouts == 0)
}

// isUnknown reports whether a scout may show, or one that is under way, that a prefix is not in the assumed bucket.
func (s *buckets) isUnknown(p *pathPrefix) bool {
	most := maxMisses
	if s.supposed {
		most = 1
	}
	return (s.names > 0 || s.supposed) && !p.sure && p != &s.root && s.misses < most
}

// beginScout notes that t has started to learn the bucket of a prefix.
func (s *buckets) beginScout(t *Task, p *pathPrefix) {
	t.scouting, p.scout = p.number, t
	s.scouts++
}

// endScout notes the end of t, and reports whether it was a scout. Where it has not told the bucket another one may be
// sent, but after a refusal.
func (s *buckets) endScout(t *Task) bool {
	if t.scouting == 0 {
		return false
	}
	p := s.numbered[t.scouting-1]
	t.scouting, p.scout = 0, nil
	p.sure = p.sure || t.Verdict.Refusal
	s.scouts--
	return true
}
