package fetch

import (
	"math/bits"
	"time"
)

// histBits is the resolution of a histogram, in bits: 32 buckets per doubling, so that a quantile is at most 1/32 off.
const histBits = 5

// A histogram counts durations in buckets whose width grows with the duration (a log-linear histogram). Its memory is
// constant. One goroutine uses it.
type histogram struct {
	counts [(64 - histBits) << histBits]int64 // by bucket
	count  int64                              // of all
	max    time.Duration
}

// add counts d, to the microsecond; a negative one counts as 0.
func (h *histogram) add(d time.Duration) {
	h.counts[bucketOf(uint64(max(d, 0)/time.Microsecond))]++
	h.count++
	h.max = max(h.max, d)
}

// bucketOf returns the number of the bucket of v microseconds.
func bucketOf(v uint64) int {
	shift := max(bits.Len64(v)-histBits-1, 0)
	return shift<<histBits + int(v>>shift)
}

// quantile returns a duration that the share q of all (0 to 1) does not exceed, at most 1/32 too high; 0 where nothing
// was added.
func (h *histogram) quantile(q float64) time.Duration {
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

// upperBound returns the largest duration in bucket i.
func upperBound(i int) time.Duration {
	shift := max(i>>histBits-1, 0)
	v := uint64(i-shift<<histBits+1)<<shift - 1
	return time.Duration(v+1)*time.Microsecond - 1
}
