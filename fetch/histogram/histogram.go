// Package histogram counts durations in buckets whose width grows with the duration (a log-linear histogram, as those
// of HdrHistogram), in constant memory. It promises that a quantile is at most 1/32 and a microsecond too high, however
// many were added.
package histogram

import (
	"math/bits"
	"time"
)

// resolution of a Histogram, in bits: 32 buckets per doubling, so that a quantile is at most 1/32 off.
const resolution = 5

// A Histogram counts durations. The zero value is empty; it takes 15 KB. One goroutine at a time uses it.
type Histogram struct {
	counts [(64 - resolution) << resolution]int64 // by bucket
	count  int64                                  // of all
	max    time.Duration
}

// Add counts d, to the microsecond; a negative one counts as 0.
func (h *Histogram) Add(d time.Duration) {
	h.counts[bucketOf(uint64(max(d, 0)/time.Microsecond))]++
	h.count++
	h.max = max(h.max, d)
}

// Merge adds all that of has counted.
func (h *Histogram) Merge(of *Histogram) {
	for i, n := range of.counts {
		h.counts[i] += n
	}
	h.count += of.count
	h.max = max(h.max, of.max)
}

// Count returns how many durations were added.
func (h *Histogram) Count() int64 { return h.count }

// Max returns the longest duration that was added; 0 where none was.
func (h *Histogram) Max() time.Duration { return h.max }

// bucketOf returns the number of the bucket of v microseconds.
func bucketOf(v uint64) int {
	shift := max(bits.Len64(v)-resolution-1, 0)
	return shift<<resolution + int(v>>shift)
}

// Quantile returns a duration that the share q of all (0 to 1) does not exceed, at most 1/32 too high; 0 where nothing
// was added.
func (h *Histogram) Quantile(q float64) time.Duration {
	want := int64(q*float64(h.count) + 0.999999)
	var seen int64
	for i, n := range h.counts {
		seen += n
		if n > 0 && seen >= want {
			return min(upperBound(i), h.max)
		}
	}
	return h.max
}

// Each calls yield with every bucket that is not empty, in order: the largest duration in it, and how many there are.
func (h *Histogram) Each(yield func(upTo time.Duration, n int64)) {
	for i, n := range h.counts {
		if n > 0 {
			yield(upperBound(i), n)
		}
	}
}

// upperBound returns the largest duration in bucket i.
func upperBound(i int) time.Duration {
	shift := max(i>>resolution-1, 0)
	v := uint64(i-shift<<resolution+1)<<shift - 1
	return time.Duration(v+1)*time.Microsecond - 1
}
