package plan

import (
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// TestMixedVolleyNarrowsAHost: where a host refuses some of the exchanges that are under way together, and accepts the
// others, their number is limited in place of the rate. Where one more is accepted later, it is not any more; where
// that is refused, it is tried again later.
func TestMixedVolleyNarrowsAHost(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(1000, "a")
	d.startAll()
	for i := range 10 {
		d.advance(10 * time.Millisecond)
		if i < 6 {
			d.end("a", throttled())
		} else {
			d.end("a", healthy())
		}
	}
	if got := d.rateLimitOf("a"); got != 0 {
		t.Errorf("held to %g/s", got)
	}
	d.advance(time.Second)
	d.expectStarts("as many as were accepted", "a a a a")
	d.advance(3 * time.Second)
	d.end("a", healthy())
	d.expectStarts("one more", "a a")
	d.end("a", throttled())
	d.end("a", healthy())
	d.expectStarts("it was refused", "a")
	d.advance(time.Millisecond)
	for range 4 {
		d.end("a", healthy())
		d.expectStarts("one for one", "a")
	}
	d.advance(3 * time.Second)
	d.end("a", healthy())
	d.expectStarts("not so soon again", "a")
	d.advance(2 * time.Second)
	d.end("a", healthy())
	d.expectStarts("but later", "a a")
	d.advance(time.Second)
	for range 15 {
		d.end("a", healthy())
		d.startAll()
	}
	if got := len(strings.Fields(d.startAll())); got+len(d.exchanges) < 10 {
		t.Errorf("five are accepted, and %d are under way", len(d.exchanges))
	}
}

// TestConcurrencyLimitOfAHost: a host that refuses what is more than four at once gets four at once, with few refusals.
func TestConcurrencyLimitOfAHost(t *testing.T) {
	r := newAPIRun(t, 1, nil)
	r.latency = 500 * time.Millisecond
	r.answer = func(_ string, _ time.Time, underWay int) judge.Verdict {
		if underWay >= 4 {
			return refusal()
		}
		return healthy()
	}
	if took := r.run(200, "/"); took > 35*time.Second || r.refused > 50 || r.succeeded != 200 {
		t.Errorf("200 take %s, the least is 25 s; %d are refused", took, r.refused)
	}
}

// TestLoadLimitOfAHost: a host that refuses for its load takes ten at once and some that follow until it has one, and
// then two at once: the number is lowered until it is low enough, and the rate is not.
func TestLoadLimitOfAHost(t *testing.T) {
	r := newAPIRun(t, 1, nil)
	r.latency = 500 * time.Millisecond
	asked := 0
	r.answer = func(_ string, _ time.Time, underWay int) judge.Verdict {
		if asked++; asked <= 14 || underWay < 2 {
			return healthy()
		}
		v := refusal()
		v.Failure.Overload = true
		return v
	}
	if took := r.run(200, "/"); took > 65*time.Second || r.refused > 30 || r.succeeded != 200 {
		t.Errorf("200 take %s, the least is 48 s; %d are refused", took, r.refused)
	}
}

// TestToldRefusalIsFollowedByOne: after a wait that a refusal asked for, one exchange asks how things are; each second
// response adds one more.
func TestToldRefusalIsFollowedByOne(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(1000, "a")
	d.startAll()
	for len(d.exchanges) > 0 {
		v := refusal()
		v.Hold = 100 * time.Millisecond
		d.end("a", v)
	}
	d.advance(100 * time.Millisecond)
	most := 0
	for i := range 40 {
		d.advance(time.Second)
		d.startAll()
		if most = max(most, len(d.exchanges)); i == 0 && most != 1 {
			t.Fatalf("%d start after the hold", most)
		}
		d.end("a", healthy())
		d.startAll()
	}
	if d.lanes["a"].throttle.slowStart.most != 0 {
		t.Errorf("at most %d at once", most)
	}
}

// TestStalledConnection: after a connection that exchanges shared has stalled, the host's next exchanges go one at a
// time until it answers; a page that stalls while the host answers others changes nothing.
func TestStalledConnection(t *testing.T) {
	stalled := judge.Verdict{Health: judge.Erroring, Stalled: true, Failure: failure.New(failure.Stalled, "stalled")}
	d := newPlanDriver(t, nil)
	d.addTasks(1000, "a")
	d.startAll()
	d.advance(30 * time.Second)
	for range 9 {
		d.end("a", stalled)
	}
	d.expectStarts("while one is under way", "")
	d.end("a", stalled)
	d.expectStarts("after all have stalled", "a")
	d.advance(time.Second)
	d.end("a", stalled)
	d.expectStarts("after that has stalled too", "a")
	for range 30 {
		d.advance(time.Second)
		d.end("a", healthy())
		d.startAll()
	}
	if n := len(d.exchanges); n != 10 {
		t.Errorf("%d are under way after 30 answers", n)
	}
	d.advance(time.Second)
	d.end("a", healthy())
	d.end("a", stalled)
	d.expectStarts("after a page has stalled", "a a")
}

// TestSlowStartAfterAHold: after a hold one exchange follows, and where exchanges take long as many more as the host
// has taken before: those since the last hold or, with the first one, those that were under way.
func TestSlowStartAfterAHold(t *testing.T) {
	for _, tt := range []struct {
		name  string
		start slowStart
		quick bool
		want  int // may be under way after one response
	}{
		{"the first hold", slowStart{}, true, 9},
		{"after some responses", slowStart{accepted: 4}, true, 3},
		{"a hold after a hold", slowStart{most: 1}, true, 1},
		{"short exchanges", slowStart{}, false, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.start
			s.hold(10, tt.quick)
			if s.most != 1 {
				t.Errorf("%d at once after the hold", s.most)
			}
			if s.widen(50); s.most != tt.want {
				t.Errorf("%d at once after a response, want %d", s.most, tt.want)
			}
		})
	}
}
