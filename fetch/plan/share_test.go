package plan

import (
	"testing"
	"time"

	"batchfetch/fetch/judge"
)

// withShare changes the limits to those of hosts that all have one share.
func withShare(l *testLimits) {
	l.Host = func(string) HostLimits {
		own := HostLimits{Concurrency: l.HostConcurrency, Rate: l.HostRate, Share: "all"}
		own.RetryMaxDelay = l.RetryMaxDelay
		return own
	}
}

// TestQuotaOfAShare: three hosts that count their requests in one window of 30 are never refused, as it is told
// exactly.
func TestQuotaOfAShare(t *testing.T) {
	d := newPlanDriver(t, withShare)
	window := &fixedWindow{n: 30, every: 10 * time.Second}
	answers := make(map[*testTask]judge.Verdict)
	d.addTasks(50, "a", "b", "c")
	refusals, byHost := 0, map[string]int{}
	for len(d.exchanges)+d.Waiting() > 0 && d.now.Sub(began) < 2*time.Minute {
		under := len(d.exchanges)
		d.startAll()
		for _, each := range d.exchanges[under:] {
			ok, left, reset := window.take(d.now)
			answers[each] = withQuota(left, reset, 30)
			if !ok {
				refusals++
			}
		}
		d.advance(10 * time.Millisecond)
		for len(d.exchanges) > 0 && d.now.Sub(d.exchanges[0].Started) >= 50*time.Millisecond {
			each := d.exchanges[0]
			byHost[each.host]++
			d.end(each.host, answers[each])
		}
	}
	if refusals > 0 || byHost["a"] != 50 || byHost["b"] != 50 || byHost["c"] != 50 {
		t.Errorf("%d refused, ended %v", refusals, byHost)
	}
	if took := d.now.Sub(began); took > 46*time.Second {
		t.Errorf("took %s, best is 40 s", took)
	}
	if len(d.lanes) > 3 || d.shares["all"].active != 0 || d.shares["all"].buckets.unassigned != 0 {
		t.Errorf("%+v is left", d.shares["all"])
	}
}

// TestRefusalOfAShare: what one host asks for holds all of the share, and then each takes one request at first.
func TestRefusalOfAShare(t *testing.T) {
	d := newPlanDriver(t, withShare)
	d.addTasks(30, "a", "b", "c")
	d.startAll()
	v := refusal()
	v.Hold = 10 * time.Second
	d.end("b", v)
	for len(d.exchanges) > 0 {
		d.end(d.exchanges[0].host, healthy())
	}
	d.expectStarts("all are held", "")
	d.expectLimit(HoldPause)
	d.addTasks(1, "d")
	d.advance(9 * time.Second)
	d.expectStarts("one that comes later too", "")
	d.advance(time.Second)
	if d.startAll(); len(d.exchanges) != 4 {
		t.Errorf("%d start after the hold, want 4", len(d.exchanges))
	}
}

// TestClosureOfAShare: where one host asks for too long a wait, all of the share fail; the network failures of one are
// its own.
func TestClosureOfAShare(t *testing.T) {
	d := newPlanDriver(t, withShare)
	d.addTasks(2, "a", "b")
	d.startAll()
	for len(d.exchanges) > 1 {
		d.end(d.exchanges[0].host, healthy())
	}
	d.addTasks(2, "a")
	d.addTasks(3, "c")
	d.end(d.exchanges[0].host, refused(time.Hour))
	d.expectStarts("what waits is lost", "lost lost lost lost lost")
	d.addTasks(1, "d")
	d.expectStarts("and what comes later", "lost")

	d = newPlanDriver(t, func(l *testLimits) { l.HostMaxErrors = 2; withShare(l) })
	d.addTasks(9, "a")
	d.failAll("a")
	d.addTasks(1, "b")
	d.expectStarts("a is probed, and b is asked", "b")
}

// TestRateOfAShare: its rate is that of all hosts together, and each has its own number of exchanges.
func TestRateOfAShare(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostRate = 10; withShare(l) })
	d.addTasks(30, "a", "b", "c")
	starts := d.runAll(40, noDelay)
	if took := starts[39].Sub(starts[0]); took < 3900*time.Millisecond || took > 4*time.Second {
		t.Errorf("40 take %s, want 3.9 s", took)
	}

	d = newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 2; withShare(l) })
	d.addTasks(30, "a", "b", "c")
	if d.startAll(); len(d.exchanges) != 6 {
		t.Errorf("%d at once, want 6", len(d.exchanges))
	}
}
