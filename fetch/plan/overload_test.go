package plan

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"batchfetch/fetch/judge"
)

// overloaded is the Verdict on a 503 without Retry-After.
func overloaded() judge.Verdict {
	return judge.Verdict{Fate: judge.Retry, Health: judge.Overloaded, Unavailable: true, Failure: refusal().Failure}
}

// A tokenBucket is filled at a rate, up to its size.
type tokenBucket struct {
	perSecond, size, tokens float64
	at                      time.Time
}

// take takes a token, if there is one.
func (b *tokenBucket) take(now time.Time) bool {
	if b.at.IsZero() {
		b.tokens, b.at = b.size, now
	}
	b.tokens = math.Min(b.size, b.tokens+now.Sub(b.at).Seconds()*b.perSecond)
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// TestFailingPagesHardlySlowAHost: where one request in ten is answered 503 at random, a run takes little longer than
// without Adaptive; where it is three in ten, not much longer.
func TestFailingPagesHardlySlowAHost(t *testing.T) {
	for inTen, most := range map[int]float64{1: 1.5, 2: 2, 3: 4} {
		for seed := range uint64(10) {
			took := map[bool]time.Duration{}
			for _, adaptive := range []bool{true, false} {
				r := newAPIRun(t, seed, func(l *testLimits) { l.Adaptive = adaptive })
				r.answer = func(string, time.Time, int) judge.Verdict {
					if r.rng.IntN(10) < inTen {
						return overloaded()
					}
					return healthy()
				}
				took[adaptive] = r.run(300, "/")
			}
			if ratio := took[true].Seconds() / took[false].Seconds(); ratio > most {
				t.Errorf("%d in 10: takes %s, and %s without", inTen, took[true], took[false])
			}
		}
	}
}

// TestErrorsThatComeSoonerThanPages: where a share of requests is answered 503 at once and others after 50 ms, as where
// one of the servers behind a load balancer is down, the errors come first whenever many requests start together. They
// limit no rate for that. Of nginx 1.22 before such servers, one in ten down, 3,000 pages took 10 to 45 s with 64 at
// once, of 2.6 s needed.
func TestErrorsThatComeSoonerThanPages(t *testing.T) {
	const n, atOnce = 6400, 64
	for _, share := range []float64{0.05, 0.1, 0.2, 0.4} {
		for seed := range uint64(6) {
			rng := rand.New(rand.NewPCG(3, seed))
			r := newDropRun(t, atOnce, func(int) bool { return rng.Float64() < share })
			v := overloaded()
			r.refusal = &v
			if least := n / atOnce * 50 * time.Millisecond; r.play(t, n).took > 2*least+10*time.Second {
				t.Errorf("a share of %g, seed %d: %s, %s at least", share, seed, r.took, least)
			}
		}
	}
}

// TestOverloadedHostIsAskedAsItAccepts: a host that answers 503 beyond a rate gets most of that rate, and little more.
func TestOverloadedHostIsAskedAsItAccepts(t *testing.T) {
	for _, perSecond := range []float64{5, 20, 50, 200} {
		for name, take := range map[string]func() func(time.Time) bool{
			"fixed": func() func(time.Time) bool {
				w := &fixedWindow{n: int64(perSecond), every: time.Second}
				return func(now time.Time) bool { ok, _, _ := w.take(now); return ok }
			},
			"bucket": func() func(time.Time) bool {
				return (&tokenBucket{perSecond: perSecond, size: perSecond / 5}).take
			},
			"large bucket": func() func(time.Time) bool { return (&tokenBucket{perSecond: perSecond, size: perSecond}).take },
		} {
			for _, seconds := range []int{6, 12, 40} {
				t.Run(fmt.Sprintf("%g/s, %s, %d s", perSecond, name, seconds), func(t *testing.T) {
					r := newAPIRun(t, 1, nil)
					allowed := take()
					r.answer = func(_ string, now time.Time, _ int) judge.Verdict {
						if allowed(now) {
							return healthy()
						}
						return overloaded()
					}
					n := int(perSecond) * seconds
					took := r.run(n, "/")
					share := float64(r.refused) / float64(r.asked)
					used := float64(n) / perSecond / took.Seconds()
					t.Logf("%.2f of the rate, %.3f refused", used, share)
					least, most := 0.8, 0.2
					switch { // the first second, in which the host is found to be overloaded, counts
					case perSecond < 20:
						least, most = 0.6, 0.6
					case seconds < 10:
						least, most = 0.7, 0.25
					}
					if used < least || share > most {
						t.Errorf("%.2f of the rate is used, %.3f refused", used, share)
					}
				})
			}
		}
	}
}

// TestRateComesBackAfterAnOverload: when a host is overloaded no longer it is soon asked as often as it can be.
func TestRateComesBackAfterAnOverload(t *testing.T) {
	r := newAPIRun(t, 1, nil)
	b := &tokenBucket{perSecond: 20, size: 5}
	over := began.Add(10 * time.Second)
	r.answer = func(_ string, now time.Time, _ int) judge.Verdict {
		if now.After(over) || b.take(now) {
			return healthy()
		}
		return overloaded()
	}
	if took := r.run(3000, "/"); took > 22*time.Second { // 200 of them in the first ten seconds
		t.Errorf("3000 take %s", took)
	}
}

// TestOtherErrorsAreNoOverload: a host whose answers are errors of pages, or refusals, is not limited as overloaded.
func TestOtherErrorsAreNoOverload(t *testing.T) {
	for _, v := range []judge.Verdict{{Health: judge.Erroring}, noAnswer(), {}} {
		d := newPlanDriver(t, nil)
		d.addTasks(100, "a")
		for range 20 {
			d.startAll()
			d.end("a", v)
		}
		if d.lanes["a"].overload.rate() > 0 {
			t.Errorf("health %d limits the rate", v.Health)
		}
	}
}

// TestHostThatWantsToBeLeftAlone: a host that answers 503 without Retry-After from the 20th request in a second on,
// until none has come for five seconds, as Bottleneck 2.19 with the strategy BLOCK and its penalty, is asked less often
// the longer it accepts nothing. An outage ends later by a part of it at most.
func TestHostThatWantsToBeLeftAlone(t *testing.T) {
	for seed := range uint64(5) {
		r := newAPIRun(t, seed, nil)
		w := &fixedWindow{n: 20, every: time.Second}
		var last, blocked time.Time
		r.answer = func(_ string, now time.Time, _ int) judge.Verdict {
			silence := now.Sub(last)
			if last = now; !blocked.IsZero() && silence < 5*time.Second {
				return overloaded()
			}
			blocked = time.Time{}
			if ok, _, _ := w.take(now); !ok {
				blocked = now
				return overloaded()
			}
			return healthy()
		}
		if took := r.run(100, "/"); r.succeeded < 100 || took > 3*time.Minute {
			t.Errorf("seed %d: %d of 100 come, in %s", seed, r.succeeded, took)
		}
	}
	for _, down := range []time.Duration{10 * time.Second, 30 * time.Second, 100 * time.Second} {
		r := newAPIRun(t, 1, nil)
		r.answer = func(_ string, now time.Time, _ int) judge.Verdict {
			if now.Sub(began) < down {
				return overloaded()
			}
			return healthy()
		}
		if took := r.run(100, "/"); took > down+down/4+10*time.Second {
			t.Errorf("down for %s: 100 take %s", down, took)
		}
	}
}

// TestUnavailableHostIsGivenUp: a host that answers all requests by 503 is given up after overloadTimeToClosure: a
// longer pause does not begin before.
func TestUnavailableHostIsGivenUp(t *testing.T) {
	for _, after := range []time.Duration{0, time.Second} {
		r := newAPIRun(t, 1, nil)
		r.answer = func(_ string, now time.Time, _ int) judge.Verdict {
			if now.Sub(began) < after {
				return healthy()
			}
			return overloaded()
		}
		took := r.run(1000, "/")
		if most := after + overloadTimeToClosure + 12*time.Second; r.lost < 400 || took > most {
			t.Errorf("after %s: %d are given up, in %s", after, r.lost, took)
		}
	}
}
