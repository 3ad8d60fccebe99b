package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

func throttled() judge.Verdict {
	return judge.Verdict{Health: judge.Throttled, Failure: failure.New(failure.RateLimited, "429")}
}

func healthy() judge.Verdict { return judge.Verdict{Health: judge.Healthy} }

// awaitStart passes the time until an exchange is under way.
func (d *planDriver) awaitStart() {
	for d.startAll(); len(d.exchanges) == 0; d.startAll() {
		_, wait := d.Next(d.now)
		d.advance(wait)
	}
}

// rateLimitOf is the rate that a host is held to; 0 is none.
func (d *planDriver) rateLimitOf(host string) float64 { return d.lanes[host].throttle.rate() }

// TestRefusalPausesAndHalves: a 429 without Retry-After pauses its host for --retry-delay and halves its rate, and
// those of no other host.
func TestRefusalPausesAndHalves(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
	d.addTasks(100, "a", "b")
	for range 40 {
		d.startAll()
		d.end("a", healthy())
		d.end("b", healthy())
	}
	d.advance(time.Second)
	d.startAll()
	d.end("a", throttled())
	if got := d.rateLimitOf("a"); got != 20 {
		t.Errorf("asked 40 times in a second, then at %g/s", got)
	}
	d.end("b", healthy())
	d.expectStarts("the other host goes on", "b")
	d.expectWait("a pause of a second", time.Second)
	d.advance(time.Second)
	d.expectStarts("then one", "a")
	d.end("a", healthy())
	if _, wait := d.Next(d.now); wait < 40*time.Millisecond || wait > 50*time.Millisecond {
		t.Errorf("the next follows after %s, want about 1/20 s", wait)
	}
	if d.rateLimitOf("b") != 0 || d.lanes["b"].pausedUntil.After(d.now) {
		t.Error("b is slowed down too")
	}
}

// TestConcurrentRefusalsCountOnce: the refusals of ten exchanges that started together are one.
func TestConcurrentRefusalsCountOnce(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(100, "a")
	d.startAll()
	for range 10 {
		d.end("a", throttled())
		d.advance(10 * time.Millisecond)
	}
	if got := d.rateLimitOf("a"); got != 5 {
		t.Errorf("ten exchanges that met one limit bring the rate to %g/s, want half of 10", got)
	}
	if got := d.lanes["a"].pausedUntil.Sub(began); got != time.Second {
		t.Errorf("and a pause of %s", got)
	}
}

// TestPauseGrowsWhileNothingSucceeds: 1, 2, 4 s and so on up to 16 times --retry-delay, while the rate is halved each
// time, to one in the longest pause.
func TestPauseGrowsWhileNothingSucceeds(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(100, "a")
	var pauses []time.Duration
	for range 8 {
		d.awaitStart() // the rate is below one in the pause by and by
		d.end("a", throttled())
		pauses = append(pauses, d.lanes["a"].pausedUntil.Sub(d.now))
		for len(d.exchanges) > 0 {
			d.end("a", throttled())
		}
		d.now = d.lanes["a"].pausedUntil
	}
	want := []time.Duration{1, 2, 4, 8, 16, 16, 16, 16}
	for i := range want {
		want[i] *= time.Second
	}
	if !slices.Equal(pauses, want) {
		t.Errorf("pauses %v, want %v", pauses, want)
	}
	if got := d.rateLimitOf("a"); got != 1.0/16 {
		t.Errorf("the rate is %g/s", got)
	}
	for _, v := range []judge.Verdict{healthy(), throttled()} {
		d.awaitStart()
		d.end("a", v)
	}
	if got := d.lanes["a"].pausedUntil.Sub(d.now); got != time.Second {
		t.Errorf("after a success the pauses begin anew: %s", got)
	}
}

// TestRetryAfterIsThePause: what the host asks for is what it gets, no more.
func TestRetryAfterIsThePause(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(100, "a")
	d.startAll()
	v := throttled()
	v.Pause = 100 * time.Millisecond
	d.end("a", v)
	if got := d.lanes["a"].pausedUntil.Sub(d.now); got != v.Pause {
		t.Errorf("paused for %s", got)
	}
}

// TestOnlySuccessSpeedsUp: step by step, and never past the rate that the options allow.
func TestOnlySuccessSpeedsUp(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostRate, l.HostConcurrency = 20, 1 })
	d.addTasks(2000, "a")
	d.startAll()
	d.end("a", throttled())
	if got := d.rateLimitOf("a"); got != 5 {
		t.Fatalf("held to %g/s", got)
	}
	for _, v := range []judge.Verdict{{Health: judge.Unknown}, {Health: judge.NoAnswer}} {
		for range 20 {
			d.advance(time.Minute)
			d.startAll()
			d.end("a", v)
		}
		if got := d.rateLimitOf("a"); got != 5 {
			t.Fatalf("answers of health %d bring the rate to %g/s", v.Health, got)
		}
	}
	last := 5.0
	steps := 0
	for ; d.rateLimitOf("a") > 0 && steps < 1000; steps++ {
		d.advance(time.Second)
		d.startAll()
		d.end("a", healthy())
		got := d.rateLimitOf("a")
		if got != 0 && (got <= last || got > 1.3*last) {
			t.Fatalf("a second of good answers brings %g/s to %g/s", last, got)
		}
		last = got
	}
	if want := int(2 * doublingTime.Seconds()); steps < want-1 || steps > want+1 {
		t.Fatalf("the whole rate is back after %d seconds of good answers", steps)
	}
	d.advance(time.Second)
	starts := d.runAll(20, noDelay)
	if took := starts[19].Sub(starts[0]); took < 940*time.Millisecond || took > 960*time.Millisecond {
		t.Errorf("20 at 20/s take %s", took)
	}
}

// TestEarlierExchangesChangeNoRate: ten exchanges that started together are one refusal, however their answers alternate.
func TestEarlierExchangesChangeNoRate(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(100, "a")
	d.startAll()
	for i := range 10 {
		d.advance(10 * time.Millisecond)
		if i%2 == 0 {
			d.end("a", throttled())
		} else {
			d.end("a", healthy())
		}
	}
	if got := d.rateLimitOf("a"); got != 5 {
		t.Errorf("held to %g/s", got)
	}
}

// TestRefusalNeverSpeedsUp: not past a rate of the user's own that is below what a refusal would allow.
func TestRefusalNeverSpeedsUp(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostRate = 1.0 / 3600 })
	d.addTasks(10, "a")
	d.startAll()
	d.end("a", throttled())
	d.advance(time.Hour)
	d.startAll()
	d.end("a", throttled())
	d.advance(59 * time.Minute)
	d.expectStarts("not before its hour", "")
	d.advance(time.Minute)
	d.expectStarts("but then", "a")
}

// TestSuccessAfterAPauseKeepsTheLimit: after a pause the host has hardly been asked, which does not make its limit one that
// nobody needs.
func TestSuccessAfterAPauseKeepsTheLimit(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Concurrency, l.HostConcurrency = 1000, 1000 })
	d.addTasks(10_000, "a")
	d.startAll()
	d.end("a", throttled())
	for len(d.exchanges) > 0 {
		d.end("a", throttled())
	}
	if got := d.rateLimitOf("a"); got != 500 {
		t.Fatalf("asked a thousand times in a second, then at %g/s", got)
	}
	d.advance(10 * time.Second)
	d.startAll()
	d.end("a", healthy())
	if got := d.rateLimitOf("a"); got < 500 || got > 1000 {
		t.Errorf("one success later at %g/s", got)
	}
	if got := strings.Fields(d.startAll()); len(got) > 2 {
		t.Errorf("%d start at once", len(got))
	}
}

// TestRandomRefusalsHardlySlowAHost: a host that refuses one request in fifty, however it is asked, is asked more gently
// and not let down.
func TestRandomRefusalsHardlySlowAHost(t *testing.T) {
	d := newPlanDriver(t, nil)
	n := 0
	for d.now.Before(began.Add(10 * time.Minute)) {
		d.addTasks(10, "a")
		d.startAll()
		if len(d.exchanges) == 0 {
			_, wait := d.Next(d.now)
			d.advance(wait)
			continue
		}
		d.advance(20 * time.Millisecond)
		for len(d.exchanges) > 0 {
			if n++; n%50 == 0 {
				d.end("a", throttled())
				continue
			}
			d.end("a", healthy())
		}
	}
	if perSecond := float64(n) / 600; perSecond < 8 {
		t.Errorf("asked %.1f times a second", perSecond)
	} else {
		t.Logf("asked %.1f times a second", perSecond)
	}
}

// TestErrorsBringARateBackAndNoFurther: a list of dead links, or of pages that are broken, says nothing against its
// host, nor for asking it more.
func TestErrorsBringARateBackAndNoFurther(t *testing.T) {
	for _, health := range []judge.Health{judge.Erroring} {
		d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
		d.addTasks(200, "a")
		d.startAll()
		d.end("a", throttled())
		for range 50 {
			d.awaitStart()
			d.advance(time.Second)
			d.end("a", judge.Verdict{Health: health, Failure: failure.New(failure.BadStatus, "404 Not Found")})
		}
		if got := d.rateLimitOf("a"); got < 10 || got > 13 {
			t.Errorf("health %d: asked ten times a second before, now held to %g/s", health, got)
		}
	}
}

// TestErrorsEndAStreakOfRefusals: where a host answers, if badly, its pauses begin anew.
func TestErrorsEndAStreakOfRefusals(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
	d.addTasks(100, "a")
	for range 4 {
		d.advance(time.Minute)
		d.startAll()
		d.end("a", throttled())
		if got := d.lanes["a"].pausedUntil.Sub(d.now); got != time.Second {
			t.Fatalf("paused for %s", got)
		}
		d.advance(time.Minute)
		d.startAll()
		d.end("a", judge.Verdict{Health: judge.Erroring})
	}
}

// TestAdaptiveOff: a Retry-After is obeyed all the same, and nothing else is done.
func TestAdaptiveOff(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Adaptive = false })
	d.addTasks(100, "a")
	d.startAll()
	d.end("a", throttled())
	d.expectStarts("no pause of our own", "a")
	v := throttled()
	v.Pause, v.Quota = time.Minute, judge.Quota{Remaining: 0, Reset: time.Hour}
	d.end("a", v)
	d.expectStarts("but the host's", "")
	d.advance(time.Minute)
	d.expectStarts("and no longer", "a")
	if d.lanes["a"].throttle != nil {
		t.Error("the rate is limited")
	}
}

// TestLimitIsKeptForAMinute: an idle host's limit is no more forgotten than its pause, until a minute has passed.
func TestLimitIsKeptForAMinute(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(1, "a")
	d.startAll()
	d.end("a", throttled())
	d.advance(59 * time.Second)
	d.startAll()
	d.addTasks(1, "a")
	if d.rateLimitOf("a") != 5 {
		t.Fatal("it is forgotten")
	}
	d.startAll()
	d.end("a", healthy())
	d.advance(2 * time.Minute)
	d.startAll()
	if len(d.lanes) != 0 {
		t.Error("it is remembered for ever")
	}
}

// TestQuotaIsKept: with three left for ten seconds, three start, however many are under way; the next window begins
// with the whole quota.
func TestQuotaIsKept(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 5 })
	d.addTasks(100, "a")
	d.expectStarts("as many as there are slots", "a a a a a")
	told := func(remaining int64) judge.Verdict {
		return judge.Verdict{Health: judge.Healthy, Quota: judge.Quota{Remaining: remaining, Reset: 10 * time.Second, Limit: 8}}
	}
	d.end("a", told(7)) // the four behind it will have taken four of the seven
	d.expectStarts("one place, and three left", "a")
	d.end("a", told(6))
	d.end("a", told(5))
	d.end("a", told(4))
	d.expectStarts("two left", "a a")
	d.end("a", told(3))
	d.expectStarts("none left", "")
	d.expectLimit(HoldPause)
	d.expectWait("for the next window", 10*time.Second)
	d.advance(10 * time.Second)
	d.expectStarts("as many as there are slots", "a a")
	more := 2
	for left := int64(7); len(d.exchanges) > 0; left-- {
		d.end("a", told(max(left-3, 0))) // of the five that had been under way three were counted in it
		if d.startAll() != "" {
			more++
		}
	}
	if more < 2 || more > 8 {
		t.Errorf("%d in the second window", more)
	}
}

// TestGuessedQuotaIsDropped: one answer that told of a quota does not bind the host for the rest of the run, where
// later ones tell of none.
func TestGuessedQuotaIsDropped(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(100, "a")
	d.startAll()
	d.end("a", judge.Verdict{Health: judge.Healthy, Quota: judge.Quota{Remaining: 0, Reset: time.Hour, Limit: 1}})
	for len(d.exchanges) > 0 {
		d.end("a", healthy()) // of starts before it
	}
	d.expectStarts("nothing is left", "")
	d.advance(time.Minute)
	d.expectStarts("one asks how things are", "a")
	d.end("a", healthy())
	if got := strings.Fields(d.startAll()); len(got) != 10 {
		t.Errorf("no quota any more, and %d start", len(got))
	}
}

// TestQuotasCountInOrderOfStarts: an answer that comes late tells of a time when more was left.
func TestQuotasCountInOrderOfStarts(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 3 })
	d.addTasks(100, "a")
	d.startAll()
	first := d.exchanges[0]
	d.exchanges = append(d.exchanges[1:], first)
	// the answers to the second, the third and the first start; others ask this host too
	for _, remaining := range []int64{1, 0, 9} {
		d.end("a", judge.Verdict{Health: judge.Healthy, Quota: judge.Quota{Remaining: remaining, Reset: time.Minute}})
	}
	d.expectStarts("nothing is left", "")
}

// TestQuotaOfAnHour: it is not waited for longer than --retry-max-delay; then a single request asks how things are.
func TestQuotaOfAnHour(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(100, "a")
	d.startAll()
	for len(d.exchanges) > 0 {
		d.end("a", judge.Verdict{Health: judge.Healthy, Quota: judge.Quota{Remaining: 0, Reset: time.Hour, Limit: 5000}})
	}
	d.expectWait("as long as is obeyed", time.Minute)
	d.advance(time.Minute)
	d.expectStarts("one", "a")
	d.end("a", judge.Verdict{Health: judge.Healthy, Quota: judge.Quota{Remaining: 4000, Reset: time.Hour, Limit: 5000}})
	if got := strings.Fields(d.startAll()); len(got) != 10 {
		t.Errorf("there is more again, and %d start", len(got))
	}
}
