package plan

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestSteadyLimit: a limit that lets one request pass in each of equal times is found while more are sent, as that of
// nginx 1.22 (limit_req), and only that: hardly ever by requests that are refused at random, at whatever share, by a
// window that takes several at once, or where all are refused in turns.
func TestSteadyLimit(t *testing.T) {
	bucket := func(perSecond, size float64) func(*rand.Rand) func(time.Time) bool {
		return func(*rand.Rand) func(time.Time) bool { return (&tokenBucket{perSecond: perSecond, size: size}).take }
	}
	random := func(share float64) func(*rand.Rand) func(time.Time) bool {
		return func(rng *rand.Rand) func(time.Time) bool {
			return func(time.Time) bool { return rng.Float64() < share }
		}
	}
	window := func(n int64, every time.Duration) func(*rand.Rand) func(time.Time) bool {
		return func(*rand.Rand) func(time.Time) bool {
			w := &fixedWindow{n: n, every: every}
			return func(now time.Time) bool { ok, _, _ := w.take(now); return ok }
		}
	}
	turns := func(each time.Duration) func(*rand.Rand) func(time.Time) bool {
		return func(*rand.Rand) func(time.Time) bool {
			return func(now time.Time) bool { return now.Sub(began)/each%2 == 0 }
		}
	}
	for name, c := range map[string]struct {
		server func(*rand.Rand) func(time.Time) bool
		apart  time.Duration // of two requests
		want   bool
	}{
		"1/s":                 {bucket(1, 1), 300 * time.Millisecond, true},
		"1/s, three at once":  {bucket(1, 3), 350 * time.Millisecond, true},
		"1/s, asked at 1.6/s": {bucket(1, 1), 625 * time.Millisecond, true},
		"one in 5 s":          {bucket(0.2, 1), time.Second, true},
		"5/s":                 {bucket(5, 5), 50 * time.Millisecond, true},
		"8 of 10 at random":   {random(0.8), 100 * time.Millisecond, false},
		"half at random":      {random(0.5), 100 * time.Millisecond, false},
		"one in 10 at random": {random(0.1), 100 * time.Millisecond, false},
		"10 in 5 s":           {window(10, 5*time.Second), 200 * time.Millisecond, false},
		"3 in 4 s":            {window(3, 4*time.Second), 300 * time.Millisecond, false},
		"up and down for 1 s": {turns(time.Second), 120 * time.Millisecond, false},
	} {
		for seed := range uint64(20) {
			rng := rand.New(rand.NewPCG(seed, 4))
			takes, now := c.server(rng), began
			var s steadyLimit
			var share movingShare
			found := 0
			for range 300 {
				overloaded := !takes(now)
				share.add(overloaded, 16)
				s.observe(now, overloaded, share)
				if s.isFound() {
					found++
				}
				now = now.Add(c.apart + time.Duration(rng.Int64N(int64(c.apart/5))))
			}
			if c.want && found < 100 || !c.want && found > 75 {
				t.Errorf("%s, seed %d: found after %d of 300 requests, want %t", name, seed, found, c.want)
			}
		}
	}
}
