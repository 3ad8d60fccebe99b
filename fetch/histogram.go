package fetch

import (
	"math/bits"
	"time"
)

// histBits is the resolution of a histogram: 32 steps per doubling, so that a quantile is at most 1/32 off.
const histBits = 5

// A histogram counts durations in steps that grow with them: constant memory whatever it counts.
type histogram struct {
	counts [(64 - histBits) << histBits]int64
	count  int64
	max    time.Duration
}

func (h *histogram) add(d time.Duration) {
	h.counts[bucketOf(uint64(max(d, 0)/time.Microsecond))]++
	h.count++
	h.max = max(h.max, d)
}

// bucketOf numbers the span of microseconds that v falls into.
func bucketOf(v uint64) int {
	shift := max(bits.Len64(v)-histBits-1, 0)
	return shift<<histBits + int(v>>shift)
}

// quantile returns a value that the share q of all is at most, 1/32 high at the most; 0 where nothing was added.
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

// upperBound is the largest duration in the numbered span.
func upperBound(i int) time.Duration {
	shift := max(i>>histBits-1, 0)
	v := uint64(i-shift<<histBits+1)<<shift - 1
	return time.Duration(v+1)*time.Microsecond - 1
}
