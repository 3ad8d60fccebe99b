package plan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/judge"
)

// mostStartsWithin returns the largest number of starts in any half-open interval of length span.
func mostStartsWithin(starts []time.Time, span time.Duration) int {
	most, from := 0, 0
	for to := range starts {
		for starts[to].Sub(starts[from]) >= span {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}

// oneASecond is the distance of starts at one a second.
const oneASecond = time.Second + 10*time.Millisecond

// TestSixtyAMinuteIsOneASecond: starts at a rate are spaced evenly, with a margin of a hundredth.
func TestSixtyAMinuteIsOneASecond(t *testing.T) {
	for name, limit := range map[string]func(*testLimits){
		"rate":      func(l *testLimits) { l.Rate = 1 },
		"host-rate": func(l *testLimits) { l.HostRate = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			d := newPlanDriver(t, limit)
			d.addTasks(60, "a")
			for i, at := range d.runAll(60, noDelay) {
				if want := time.Duration(i) * oneASecond; at.Sub(began).Round(time.Microsecond) != want {
					t.Errorf("start %d is at %s, want %s", i, at.Sub(began), want)
				}
			}
		})
	}
}

// TestIdleTimeSavesNothingUp: after an idle time the next starts have the same distance as before, both on a lane that
// was kept and on one that was deleted.
func TestIdleTimeSavesNothingUp(t *testing.T) {
	for name, limit := range map[string]func(*testLimits){
		"rate":      func(l *testLimits) { l.Rate = 1 },
		"host-rate": func(l *testLimits) { l.HostRate = 1 },
	} {
		for _, idle := range []time.Duration{999 * time.Millisecond, time.Second, 1500 * time.Millisecond, time.Hour} {
			t.Run(fmt.Sprint(name, idle), func(t *testing.T) {
				d := newPlanDriver(t, limit)
				d.addTasks(2, "a")
				starts := d.runAll(2, noDelay)
				d.advance(idle)
				d.addTasks(5, "a")
				starts = append(starts, d.runAll(5, noDelay)...)
				if got := mostStartsWithin(starts, time.Second); got != 1 {
					t.Errorf("%d starts within a second", got)
				}
			})
		}
	}
}

// TestNoClosedWindowHasMore: at n in a unit of time no interval as long as the unit has more than n starts, with both
// its ends and although a timer may be late; the rate is kept up nevertheless.
func TestNoClosedWindowHasMore(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	late := func() time.Duration { return time.Duration(rng.Int64N(int64(lateness))) }
	for _, tt := range []struct {
		n    int
		unit time.Duration
	}{
		{1, time.Second}, {3, time.Second}, {10, time.Second}, {33, time.Second}, {100, time.Second}, {999, time.Second},
		{2500, time.Second}, {20000, time.Second}, {1, 15 * time.Second}, {60, time.Minute}, {100, time.Minute},
		{5000, time.Hour}, {1, time.Hour},
	} {
		t.Run(fmt.Sprintf("%d in %s", tt.n, tt.unit), func(t *testing.T) {
			perSecond := float64(tt.n) / tt.unit.Seconds()
			d := newPlanDriver(t, func(l *testLimits) { l.HostRate = perSecond })
			total := 3*tt.n + 1
			d.addTasks(total, "a")
			starts := d.runAll(total, late)
			if got := mostStartsWithin(starts, tt.unit+1); got > tt.n {
				t.Errorf("%d starts in a closed window", got)
			}
			if took := starts[total-1].Sub(starts[0]); took.Seconds() > 1.015*3*tt.unit.Seconds()+0.01 {
				t.Errorf("%d starts take %s", total, took)
			}
		})
	}
}

// TestNoWindowOfTheServerHasMore: requests that wait for their connections are sent later than they start, those over
// idle connections are not. Neither kind makes a server see more than n in a closed window of the unit, and the rate is
// kept up.
func TestNoWindowOfTheServerHasMore(t *testing.T) {
	const dial, answer = 150 * time.Millisecond, 20 * time.Millisecond
	for _, tt := range []struct {
		n, total int
		unit     time.Duration
		dialed   func(i int) bool // the i-th start waits for its connection
	}{
		{10, 60, time.Second, func(i int) bool { return i < 2 }},
		{10, 60, time.Second, func(i int) bool { return i%10 == 3 }},
		{1, 6, time.Second, func(i int) bool { return i == 0 }},
		{1, 4, 15 * time.Second, func(i int) bool { return i%2 == 0 }},
		{100, 500, time.Second, func(i int) bool { return i < 30 }},
	} {
		for name, limit := range map[string]func(*testLimits){
			"rate":      func(l *testLimits) { l.Rate = float64(tt.n) / tt.unit.Seconds() },
			"host-rate": func(l *testLimits) { l.HostRate = float64(tt.n) / tt.unit.Seconds() },
		} {
			t.Run(fmt.Sprintf("%s %d in %s", name, tt.n, tt.unit), func(t *testing.T) {
				d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 50; limit(l) })
				d.addTasks(tt.total, "a")
				sent := d.runSent(tt.total, answer, func(i int) time.Duration {
					if tt.dialed(i) {
						return dial
					}
					return 0
				})
				slices.SortFunc(sent, time.Time.Compare)
				if got := mostStartsWithin(sent, tt.unit+1); got > tt.n {
					t.Errorf("%d requests in a closed window", got)
				}
				units := float64(tt.total) / float64(tt.n)
				if took := sent[tt.total-1].Sub(sent[0]); took.Seconds() > 1.02*units*tt.unit.Seconds()+units*dial.Seconds() {
					t.Errorf("%d requests take %s", tt.total, took)
				}
			})
		}
	}
}

// runSent starts n Tasks. The i-th of them is sent so late after its start as late says, and answered after answer. It
// returns when each was sent.
func (d *planDriver) runSent(n int, answer time.Duration, late func(i int) time.Duration) []time.Time {
	var sent []time.Time
	var underWay []*testTask
	for len(sent) < n || len(underWay) > 0 {
		next := d.now.Add(time.Hour)
		if t, wait := d.nextTask(); t != nil {
			t.Sent = d.now.Add(late(len(sent)))
			sent, underWay = append(sent, t.Sent), append(underWay, t)
			continue
		} else if wait > 0 {
			next = d.now.Add(wait)
		}
		for _, t := range underWay {
			if end := t.Sent.Add(answer); end.Before(next) {
				next = end
			}
		}
		d.now = next
		underWay = slices.DeleteFunc(underWay, func(t *testTask) bool {
			if t.Sent.Add(answer).After(d.now) {
				return false
			}
			d.Done(&t.Task, d.now)
			return true
		})
	}
	return sent
}

// TestHostRateIsEachHostsOwn: HostRate limits each host by itself.
func TestHostRateIsEachHostsOwn(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostRate = 1 })
	d.addTasks(2, "a", "b", "c")
	d.expectStarts("one of each", "a b c")
	d.expectLimit(HoldHostRate)
	d.expectWait("for the second", oneASecond)
	d.advance(oneASecond)
	hosts := strings.Fields(d.startAll())
	if slices.Sort(hosts); !slices.Equal(hosts, []string{"a", "b", "c"}) {
		t.Errorf("then one more of each: started %v", hosts)
	}
}

// TestRateIsForAllHosts: Rate limits the starts on all hosts together.
func TestRateIsForAllHosts(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Rate = 1 })
	d.addTasks(2, "a", "b")
	d.expectStarts("one of all", "a")
	d.expectLimit(HoldRate)
	d.expectWait("for the second", oneASecond)
	d.advance(oneASecond)
	d.expectStarts("the other host's turn", "b")
}

// TestRateInEveryWindow: for every delay of the timer, an interval of any length has at most the starts that the rate
// allows, one more, and those that a late timer may catch up; in the long run the rate is reached.
func TestRateInEveryWindow(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	late := map[string]func() time.Duration{
		"a prompt timer": noDelay,
		"a late timer":   func() time.Duration { return time.Duration(rng.Int64N(int64(lateness))) },
		"a stuttering timer": func() time.Duration {
			if rng.IntN(20) == 0 {
				return time.Duration(rng.Int64N(int64(300 * time.Millisecond)))
			}
			return 0
		},
	}
	for _, perSecond := range []float64{0.5, 1, 7, 33.3, 100, 999, 1000, 2500, 20000} {
		for name, late := range late {
			t.Run(fmt.Sprintf("%g a second with %s", perSecond, name), func(t *testing.T) {
				d := newPlanDriver(t, func(l *testLimits) { l.Rate = perSecond })
				const n = 2000
				d.addTasks(n, "a")
				starts := d.runAll(n, late)
				burst := max(1, perSecond*tick.Seconds())
				for _, span := range []time.Duration{time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond,
					time.Second, time.Minute} {
					allowed := burst + perSecond*(span+lateness).Seconds() + 1e-6
					if got := mostStartsWithin(starts, span); float64(got) > allowed {
						t.Errorf("%d starts in %s, allowed are %.2f", got, span, allowed)
					}
				}
				took := starts[n-1].Sub(starts[0])
				fair := time.Duration((n - 1) / perSecond * float64(time.Second))
				if name != "a stuttering timer" && took > fair+fair/50+lateness {
					t.Errorf("%d starts took %s, the rate allows them in %s", n, took, fair)
				}
			})
		}
	}
}

// TestSlowRatesNeverStartTwoAtOnce: where the distance of starts is long compared with a timer's delay, no two starts
// come at once.
func TestSlowRatesNeverStartTwoAtOnce(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, perSecond := range []float64{1.0 / 3600, 1, 10, 100} {
		d := newPlanDriver(t, func(l *testLimits) { l.HostRate = perSecond })
		d.addTasks(500, "a")
		starts := d.runAll(500, func() time.Duration { return time.Duration(rng.Int64N(int64(20 * time.Millisecond))) })
		interval := time.Duration(float64(time.Second) / perSecond)
		if got := mostStartsWithin(starts, interval-lateness-time.Microsecond); got != 1 {
			t.Errorf("%g a second: %d starts in less than %s", perSecond, got, interval)
		}
	}
}

// TestNoRateIsNoLimit: without a rate all Tasks start at once.
func TestNoRateIsNoLimit(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Concurrency, l.HostConcurrency = 1000, 1000 })
	d.addTasks(1000, "a")
	if starts := d.runAll(1000, noDelay); !starts[999].Equal(began) {
		t.Errorf("the last start is at %s", starts[999].Sub(began))
	}
}

// TestLimitIsHostRateWhileAnotherHostIsDone: CurrentHold ignores hosts without Tasks.
func TestLimitIsHostRateWhileAnotherHostIsDone(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostRate = 1 })
	d.addTasks(1, "a")
	d.expectStarts("the only one", "a")
	d.end("a", judge.Verdict{})
	d.advance(500 * time.Millisecond)
	d.addTasks(2, "b")
	d.expectStarts("the first of b", "b")
	d.expectLimit(HoldHostRate)
}
