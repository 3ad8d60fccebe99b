package report

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// overlap returns how many spans there are at once on average between two times.
func overlap(all [][2]int64, from, to int64) float64 {
	var sum int64
	for _, span := range all {
		sum += max(min(span[1], to)-max(span[0], from), 0)
	}
	return float64(sum) / float64(to-from)
}

// TestFlights: however often the width doubles, and in whatever order times come, the mean number of flights in each
// point is that of the spans themselves.
func TestFlights(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	s := newSeries()
	var all [][2]int64
	const day = int64(24 * time.Hour / time.Microsecond)
	start := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC).UnixMicro()
	for range 3000 {
		begin := start + rng.Int64N(day)
		span := [2]int64{begin, begin + rng.Int64N(day/100)}
		all = append(all, span)
		s.addSpan(span[0], span[1], func(b *bucket) *spans { return &b.flights })
	}
	points := s.points(drawnPoints, true)
	if len(points) > drawnPoints || len(points) < drawnPoints/4 {
		t.Fatalf("%d points", len(points))
	}
	for i, p := range points {
		want := overlap(all, p.at, p.at+p.width)
		if math.Abs(p.inFlight-want) > 1e-3 {
			t.Errorf("point %d has %g in flight, want %g", i, p.inFlight, want)
		}
		if i > 0 && p.at != points[i-1].at+points[i-1].width {
			t.Errorf("point %d begins at %d, want %d", i, p.at, points[i-1].at+points[i-1].width)
		}
	}
}

// TestMergedSeries: two series of other widths together count all, whichever is added to the other.
func TestMergedSeries(t *testing.T) {
	for _, order := range []string{"the narrow one takes the wide one", "the wide one takes the narrow one"} {
		a, b := newSeries(), newSeries()
		for i := range int64(1000) {
			x, _ := a.at(i * 1000)
			x.succeeded++
			y, _ := b.at(i * 10_000_000)
			y.failed++
			b.addSpan(i*10_000_000, i*10_000_000+5_000_000, func(b *bucket) *spans { return &b.flights })
		}
		if a.width >= b.width {
			t.Fatalf("widths %d and %d", a.width, b.width)
		}
		if order[4] == 'w' {
			a, b = b, a
		}
		a.merge(&b)
		var succeeded, failed int64
		var busy float64
		for _, p := range a.points(drawnPoints, false) {
			succeeded += p.succeeded
			failed += p.failed
			busy += p.inFlight * float64(p.width)
			if p.succeeded > 0 && p.at > 1_000_000 {
				t.Errorf("%s: %d succeeded at %d", order, p.succeeded, p.at)
			}
		}
		if succeeded != 1000 || failed != 1000 || math.Abs(busy-5e9) > 1 {
			t.Errorf("%s: %d succeeded, %d failed, %g µs in flight", order, succeeded, failed, busy)
		}
	}
}

// TestCuts: time between two runs is left out, and no time in which something was under way, nor a short pause.
func TestCuts(t *testing.T) {
	hour := int64(time.Hour / time.Microsecond)
	for _, tt := range []struct {
		name   string
		spans  [][2]int64 // in hours
		whole  [][2]int64 // the same, of one exchange each
		live   bool
		cuts   int
		points int // at least
	}{
		{"two nights", [][2]int64{{0, 1}, {24, 25}}, nil, false, 1, 60},
		{"three nights", [][2]int64{{0, 1}, {24, 25}, {48, 49}}, nil, false, 2, 60},
		{"one run", [][2]int64{{0, 1}, {24, 25}}, nil, true, 0, 60},
		{"one exchange longer than a night", [][2]int64{{0, 1}, {40, 41}, {64, 65}}, [][2]int64{{1, 40}}, false, 0, 60},
		{"a long exchange", [][2]int64{{0, 1}, {1, 24}, {24, 25}}, nil, false, 0, 60},
		{"a short pause", [][2]int64{{0, 2}, {3, 4}}, nil, false, 0, 60},
		{"one at a time", [][2]int64{{0, 0}}, nil, false, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSeries()
			for _, span := range tt.spans {
				for i := range int64(50) { // so that something ends in each step
					from := span[0]*hour + i*(span[1]-span[0])*hour/50
					s.addSpan(from, from+(span[1]-span[0])*hour/50, func(b *bucket) *spans { return &b.flights })
				}
			}
			for _, span := range tt.whole {
				s.addSpan(span[0]*hour, span[1]*hour, func(b *bucket) *spans { return &b.flights })
			}
			points, cuts := s.points(drawnPoints, !tt.live), 0
			for _, p := range points {
				if p.isCut {
					cuts++
				}
			}
			if cuts != tt.cuts || len(points) < tt.points || len(points) > drawnPoints {
				t.Errorf("%d cuts, %d points", cuts, len(points))
			}
		})
	}
}
