package report

import (
	"maps"
	"slices"
	"time"

	"batchfetch/fetch/histogram"
)

const (
	// maxBuckets is the most buckets that a series has: with one more their width doubles.
	maxBuckets = 240
	// firstWidth is the width of buckets at first, in microseconds.
	firstWidth = 50_000
)

// A series counts what happens over time, in buckets of one width. Only buckets in which something happens take memory,
// and with more than maxBuckets the width is doubled: memory is constant, and times may come in any order.
type series struct {
	width   int64 // in microseconds
	buckets map[int64]*bucket
	last    *bucket // the one that was used last; nil is none
	lastKey int64
}

// A bucket is what happens in a width of time: Records and exchanges by when they end.
type bucket struct {
	succeeded, failed, bytes int64
	latency                  *histogram.Histogram // nil is none
	flights, pauses          spans
	held                     [limitCount]spans
	pausedHost               string // the first host of pauses; empty is none
}

func newSeries() series { return series{width: firstWidth, buckets: make(map[int64]*bucket)} }

// at returns the bucket of a time, in microseconds since 1970, and how long after its start that is.
func (s *series) at(t int64) (*bucket, float64) {
	for {
		key := floorDiv(t, s.width)
		if s.last != nil && s.lastKey == key {
			return s.last, float64(t - key*s.width)
		}
		b := s.buckets[key]
		if b == nil {
			if len(s.buckets) >= maxBuckets {
				s.double()
				continue
			}
			b = new(bucket)
			s.buckets[key] = b
		}
		s.last, s.lastKey = b, key
	}
}

// floorDiv returns a/b rounded down; b is positive.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// double doubles the width of all buckets.
func (s *series) double() {
	merged := make(map[int64]*bucket, len(s.buckets))
	for key, b := range s.buckets {
		shift := float64((key & 1) * s.width)
		into := merged[key>>1]
		if into == nil {
			into = new(bucket)
			merged[key>>1] = into
		}
		into.add(b, shift, key&1 == 0)
	}
	s.width, s.buckets, s.last = 2*s.width, merged, nil
}

// add adds another bucket, which starts shift microseconds after this one; first says that it is the earlier of two.
func (b *bucket) add(of *bucket, shift float64, first bool) {
	b.succeeded += of.succeeded
	b.failed += of.failed
	b.bytes += of.bytes
	b.flights.add(&of.flights, shift)
	b.pauses.add(&of.pauses, shift)
	for i := range b.held {
		b.held[i].add(&of.held[i], shift)
	}
	if of.pausedHost != "" && (first || b.pausedHost == "") {
		b.pausedHost = of.pausedHost
	}
	switch {
	case of.latency == nil:
	case b.latency == nil:
		b.latency = of.latency
	default:
		b.latency.Merge(of.latency)
	}
}

// addSpan adds a span of time, from begin to end in microseconds since 1970, to the spans of buckets that choose
// returns.
func (s *series) addSpan(begin, end int64, choose func(*bucket) *spans) {
	b, offset := s.at(begin)
	from := choose(b)
	from.begun++
	from.beginSum += offset
	b, offset = s.at(max(begin, end))
	to := choose(b)
	to.ended++
	to.endSum += offset
}

// merge adds another series, which is not to be used any more.
func (s *series) merge(of *series) {
	for s.width < of.width {
		s.double()
	}
	for of.width < s.width {
		of.double()
	}
	for key, b := range of.buckets {
		if into := s.buckets[key]; into != nil {
			into.add(b, 0, false)
		} else {
			s.buckets[key] = b
		}
	}
	for s.last = nil; len(s.buckets) > maxBuckets; {
		s.double()
	}
}

// A point is a bucket as it is drawn.
type point struct {
	at    int64 // its start, in microseconds since 1970
	width int64
	isCut bool // time in which nothing was under way is left out before it
	bucket
	inFlight, paused float64             // on average
	heldShare        [limitCount]float64 // of the width
}

// points returns at most about most points in order, without gaps. Where mayCut is set, a gap in which nothing is under
// way is left out that is longer than everything else together: it lies between two runs. The series is not to be
// added to afterwards.
func (s *series) points(most int, mayCut bool) []point {
	for {
		keys := slices.Sorted(maps.Keys(s.buckets))
		if points, fit := s.spread(keys, most, s.longestGap(keys, mayCut)); fit {
			return points
		}
		s.double()
	}
}

// longestGap returns the number of empty buckets from which on a gap is left out; 0 is never.
func (s *series) longestGap(keys []int64, mayCut bool) int64 {
	if !mayCut || len(keys) < 2 {
		return 0
	}
	busy, open, largest := int64(len(keys)), int64(0), int64(0)
	var idle []int64
	for i, key := range keys {
		if i > 0 {
			gap := key - keys[i-1] - 1
			if open > 0 {
				busy += gap
			} else if gap > 0 {
				idle = append(idle, gap)
			}
		}
		f := &s.buckets[key].flights
		open += f.begun - f.ended
	}
	slices.Sort(idle)
	for _, gap := range idle { // short ones belong to a run; those in which something is under way are shorter than busy
		if gap > busy && time.Duration(gap*s.width)*time.Microsecond > time.Minute {
			largest = gap
			break
		}
		busy += gap
	}
	return largest
}

// spread returns the points of the buckets and of the gaps between them, unless there are more than most.
func (s *series) spread(keys []int64, most int, cutFrom int64) (points []point, fit bool) {
	var flights, pauses int64
	var held [limitCount]int64
	for i, key := range keys {
		from, isCut := key, false
		if i > 0 {
			from = keys[i-1] + 1
			if gap := key - from; cutFrom > 0 && gap >= cutFrom {
				from, isCut = key, true
			}
		}
		if key-from > int64(most) {
			return nil, false
		}
		for k := from; k <= key; k++ {
			p := point{at: k * s.width, width: s.width, isCut: isCut && k == from}
			if k == key {
				p.bucket = *s.buckets[k]
			}
			width := float64(s.width)
			p.inFlight, p.paused = p.flights.mean(flights, width), p.pauses.mean(pauses, width)
			flights += p.flights.begun - p.flights.ended
			pauses += p.pauses.begun - p.pauses.ended
			for l := range p.held {
				p.heldShare[l] = min(p.held[l].mean(held[l], width), 1)
				held[l] += p.held[l].begun - p.held[l].ended
			}
			points = append(points, p)
		}
		if len(points) > most {
			return nil, false
		}
	}
	return points, true
}
