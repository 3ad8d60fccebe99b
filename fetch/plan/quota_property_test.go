package plan

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"batchfetch/fetch/judge"
)

// TestExactQuotaRefusesNothing: where every response tells what is left and when there is more, no request is refused,
// at any concurrency and whatever the order in which those under way are counted; the run takes little longer than the
// windows do. A reset that is rounded down costs one refusal.
func TestExactQuotaRefusesNothing(t *testing.T) {
	rounding := map[string]func(reset time.Duration, now time.Time) time.Duration{
		"exact":      func(reset time.Duration, _ time.Time) time.Duration { return reset },
		"rounded up": func(reset time.Duration, _ time.Time) time.Duration { return roundUp(reset) },
		"epoch": func(reset time.Duration, now time.Time) time.Duration { // of the reset and the Date, both rounded down
			return time.Duration(now.Add(reset).Unix()-now.Unix()) * time.Second
		},
	}
	for name, round := range rounding {
		for seed := range uint64(40) {
			t.Run(fmt.Sprintf("%s, %d", name, seed), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 3))
				w := &fixedWindow{n: 12 + rng.Int64N(60), every: time.Duration(1+rng.IntN(10)) * time.Second}
				concurrency := []int{1, 2, 5, 10, 12}[rng.IntN(5)]
				r := newAPIRun(t, seed, func(l *testLimits) { l.HostConcurrency = concurrency })
				r.now = began.Add(time.Duration(rng.IntN(1000)) * time.Millisecond)
				r.latency = time.Duration(5+rng.IntN(100)) * time.Millisecond
				r.answer = func(_ string, now time.Time, _ int) judge.Verdict {
					ok, left, reset := w.take(now)
					v := healthy()
					if !ok {
						v = refusal()
					}
					told := round(reset, now)
					if left == 0 {
						told = max(told, time.Second)
					}
					if v.Quotas = []judge.Quota{{Remaining: left, Reset: told, Limit: w.n}}; !ok {
						v.Hold = told
					}
					return v
				}
				windows := 4
				n := int(w.n)*windows + 1
				took := r.run(n, "/")
				best := time.Duration(windows) * w.every
				allowed, rounded := 0, time.Second
				if name == "epoch" {
					allowed, rounded = 1, 2*time.Second
				}
				if r.refused > allowed || r.lost > 0 || r.succeeded != n {
					t.Errorf("%d of %d in %s refused, %d lost", r.refused, w.n, w.every, r.lost)
				}
				exchanges := r.latency * time.Duration(3+int(w.n)/concurrency)
				if slack := time.Duration(windows) * (rounded + exchanges); took > best+slack {
					t.Errorf("%d in windows of %d in %s took %s, best is %s", n, w.n, w.every, took, best)
				}
			})
		}
	}
}
