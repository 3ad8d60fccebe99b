package plan

import (
	"testing"
	"time"
)

// withPart changes the limits to those of a host a, of which a/part has a lane of its own.
func withPart(whole, part HostLimits) func(*testLimits) {
	whole.RetryMaxDelay, part.RetryMaxDelay = time.Minute, time.Minute
	whole.Within, part.Within = "a", "a"
	return func(l *testLimits) {
		l.Host = func(host string) HostLimits {
			if host == "a/part" {
				return part
			}
			return whole
		}
	}
}

// TestPartThatIsOut: what one part of a host asks for holds no Task of the other, nor does its quota or its closure.
func TestPartThatIsOut(t *testing.T) {
	d := newPlanDriver(t, withPart(HostLimits{Concurrency: 2}, HostLimits{Concurrency: 1}))
	d.addTasks(5, "a/part")
	d.startAll()
	d.end("a/part", withQuota(0, 30*time.Second, 10))
	d.addTasks(9, "a")
	d.expectStarts("the rest of the host", "a a")
	v := refusal()
	v.Hold = 10 * time.Second
	d.end("a", v)
	d.end("a", healthy())
	d.expectStarts("the rest is held, with its part", "")
	d.advance(11 * time.Second)
	d.expectStarts("the rest is held no more, and takes one at first", "a")
	d.advance(20 * time.Second)
	d.expectStarts("the part has its quota back", "a/part")
	d.end("a/part", refused(time.Hour))
	d.end("a", healthy())
	d.expectStarts("the part is closed, and not the rest", "lost lost lost a")
}

// TestLimitsOfAHostBoundItsParts: its concurrency and its rate hold for all of its lanes together, and each part has
// its own beside.
func TestLimitsOfAHostBoundItsParts(t *testing.T) {
	d := newPlanDriver(t, withPart(HostLimits{Concurrency: 3}, HostLimits{Concurrency: 2}))
	d.addTasks(9, "a", "a/part")
	d.startAll()
	if len(d.exchanges) != 3 {
		t.Errorf("%d at once, want 3", len(d.exchanges))
	}
	d.expectLimit(HoldHostConcurrency)
	for range 14 {
		d.end(d.exchanges[0].host, healthy())
		d.startAll()
		parts := 0
		for _, of := range d.exchanges {
			if of.host == "a/part" {
				parts++
			}
		}
		if len(d.exchanges) != 3 || parts > 2 {
			t.Fatalf("%d at once, %d of the part, want 3 and at most 2", len(d.exchanges), parts)
		}
	}

	d = newPlanDriver(t, withPart(HostLimits{Concurrency: 9, Rate: 10}, HostLimits{Concurrency: 9, Rate: 1}))
	d.addTasks(9, "a/part")
	d.addTasks(90, "a")
	d.expectStarts("one, whichever it is", "a/part")
	d.expectLimit(HoldHostRate)
	all, parts := 1, 1
	for d.now.Sub(began) < 4*time.Second {
		d.advance(time.Millisecond)
		for len(d.exchanges) > 0 {
			d.end(d.exchanges[0].host, healthy())
		}
		if d.startAll(); len(d.exchanges) > 0 {
			all += len(d.exchanges)
			if d.exchanges[0].host == "a/part" {
				parts++
			}
		}
	}
	if all < 38 || all > 40 || parts != 4 {
		t.Errorf("%d in 4 s, %d of the part, want 40 and 4", all, parts)
	}
}

// TestPartsLeaveNothing: what a host and its parts have in common goes with the last of their lanes.
func TestPartsLeaveNothing(t *testing.T) {
	d := newPlanDriver(t, withPart(HostLimits{Concurrency: 1}, HostLimits{Concurrency: 1}))
	d.addTasks(2, "a/part", "a")
	for range 4 {
		d.awaitStart()
		d.end(d.exchanges[0].host, healthy())
	}
	d.expectStarts("nothing is left", "")
	if len(d.lanes)+len(d.hosts) > 0 {
		t.Errorf("%d lanes and %d hosts are kept", len(d.lanes), len(d.hosts))
	}
}
