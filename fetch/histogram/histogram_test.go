package histogram

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestQuantileError checks that a percentile is never below the true one, and at most 1/32 and a microsecond above it.
func TestQuantileError(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, tt := range []struct {
		name string
		draw func() time.Duration
	}{
		{"even", func() time.Duration { return time.Duration(rng.Int64N(int64(time.Second))) }},
		{"few and far apart", func() time.Duration { return time.Duration(1<<rng.IntN(40)) * time.Nanosecond }},
		{"long tail", func() time.Duration { return time.Duration(rng.ExpFloat64() * float64(50*time.Millisecond)) }},
		{"all the same", func() time.Duration { return 1234567 * time.Nanosecond }},
		{"nothing to measure", func() time.Duration { return 0 }},
		{"days", func() time.Duration { return time.Duration(rng.Int64N(int64(1000 * time.Hour))) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, n := range []int{1, 2, 3, 10, 99, 100, 101, 5000} {
				var h Histogram
				all := make([]time.Duration, n)
				for i := range all {
					all[i] = tt.draw()
					h.Add(all[i])
				}
				slices.Sort(all)
				for _, q := range []int{1, 50, 90, 99, 100} {
					truth := all[(n*q+99)/100-1]
					got := h.Quantile(float64(q) / 100)
					if got < truth || got > truth+truth/32+time.Microsecond {
						t.Errorf("p%d of %d is %s, truly %s", q, n, got, truth)
					}
				}
				if h.max != all[n-1] || h.count != int64(n) {
					t.Errorf("max %s of %s, count %d of %d", h.max, all[n-1], h.count, n)
				}
			}
		})
	}
}

func TestEmptyHistogram(t *testing.T) {
	var h Histogram
	if got := h.Quantile(0.99); got != 0 {
		t.Errorf("got %s", got)
	}
	h.Add(-time.Second) // a clock that was set back
	if got := h.Quantile(1); got != 0 {
		t.Errorf("a clock that was set back took %s", got)
	}
}

// TestMerge: two histograms together are the one of all; Each goes through all of them in order.
func TestMerge(t *testing.T) {
	var a, b, all Histogram
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 1000 {
		d := time.Duration(rng.Int64N(int64(time.Minute)))
		all.Add(d)
		if i%3 == 0 {
			a.Add(d)
		} else {
			b.Add(d)
		}
	}
	if a.Merge(&b); a != all {
		t.Error("they differ")
	}
	var sum int64
	var last time.Duration
	all.Each(func(upTo time.Duration, n int64) {
		if upTo <= last {
			t.Errorf("%s comes after %s", upTo, last)
		}
		sum, last = sum+n, upTo
	})
	if sum != 1000 || last < all.Max() {
		t.Errorf("%d up to %s", sum, last)
	}
}
