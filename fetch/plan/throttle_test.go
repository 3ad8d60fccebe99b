package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// TestRefusalPausesAndHalves: a 429 without Retry-After pauses its host for --retry-delay and halves its rate, and
// changes no other host's.
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
	if _, wait := d.Next(d.now); wait < 40*time.Millisecond || wait > 51*time.Millisecond {
		t.Errorf("the next follows after %s, want about 1/20 s", wait)
	}
	if d.rateLimitOf("b") != 0 || d.lanes["b"].pausedUntil.After(d.now) {
		t.Error("b is slowed down too")
	}
}

// TestConcurrentRefusalsCountOnce: the refusals of ten exchanges that were under way together halve the rate once.
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

// TestPauseGrowsWhileNothingSucceeds: pauses of refusals in a row are 1, 2, 4 s and so on up to 16 times --retry-delay,
// and the rate is halved each time, down to one start in the longest pause.
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

// TestRetryAfterIsThePause: with a Retry-After the pause is as long as that, not longer.
func TestRetryAfterIsThePause(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(100, "a")
	d.startAll()
	v := throttled()
	v.Hold = 100 * time.Millisecond
	d.end("a", v)
	if got := d.lanes["a"].pausedUntil.Sub(d.now); got != v.Hold {
		t.Errorf("paused for %s", got)
	}
}

// TestOnlySuccessSpeedsUp: the limit rises with accepted responses only, step by step, up to the rate that the options
// allow.
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
		if got != 0 && (got <= last || got > 2.01*last) {
			t.Fatalf("a second of good answers brings %g/s to %g/s", last, got)
		}
		last = got
	}
	if want := 4; steps < want-1 || steps > want+1 { // one to the rate refused at, the rest of doublingTime
		t.Fatalf("the whole rate is back after %d seconds of good answers", steps)
	}
	d.advance(time.Second)
	starts := d.runAll(20, noDelay)
	if took := starts[19].Sub(starts[0]); took < 940*time.Millisecond || took > 960*time.Millisecond {
		t.Errorf("20 at 20/s take %s", took)
	}
}

// TestRefusalNeverSpeedsUp: a refusal does not raise a rate of the user's own that is below leastRate.
func TestRefusalNeverSpeedsUp(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostRate = 1.0 / 3600 })
	d.addTasks(10, "a")
	d.startAll()
	d.end("a", throttled())
	d.advance(time.Hour + time.Second)
	d.startAll()
	d.end("a", throttled())
	d.advance(59 * time.Minute)
	d.expectStarts("not before its hour", "")
	d.advance(time.Minute + time.Second)
	d.expectStarts("but then", "a")
}

// TestSuccessAfterAPauseKeepsTheLimit: the few starts after a pause do not make the limit look unused, which would
// remove it.
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

// TestRandomRefusalsHardlySlowAHost: a host that refuses one request in fifty at any rate still gets eight a second.
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

// TestErrorsBringARateBackAndNoFurther: responses such as 404 raise the limit up to the rate at which the host refused,
// and not beyond.
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

// TestErrorsEndAStreakOfRefusals: after a response that is no refusal, even an error, pauses begin with the shortest
// again.
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

// TestAdaptiveOff: without Adaptive a Retry-After is obeyed, and neither refusals nor quotas limit the rate.
func TestAdaptiveOff(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Adaptive = false })
	d.addTasks(100, "a")
	d.startAll()
	d.end("a", throttled())
	d.expectStarts("no pause of our own", "a")
	v := throttled()
	v.Hold, v.Quotas = time.Minute, []judge.Quota{{Remaining: 0, Reset: time.Hour}}
	d.end("a", v)
	d.expectStarts("but the host's", "")
	d.advance(time.Minute)
	d.expectStarts("and no longer", "a")
	if d.lanes["a"].throttle != nil {
		t.Error("the rate is limited")
	}
}

// TestLimitIsKeptForAMinute: the limit of a host without Tasks is kept for throttleLifetime.
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
