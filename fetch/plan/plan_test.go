package plan

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// TestConcurrencyBoundsTheRun: at most Concurrency exchanges are under way.
func TestConcurrencyBoundsTheRun(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Concurrency = 3 })
	d.addTasks(2, "a", "b", "c")
	d.expectStarts("at first", "a b c")
	d.expectWait("until one ends", Never)
	d.expectLimit(HoldConcurrency)
	d.end("b", judge.Verdict{})
	d.expectStarts("one has ended", "a")
}

// TestHostConcurrencyBoundsOneHost: at most HostConcurrency exchanges are under way with one host.
func TestHostConcurrencyBoundsOneHost(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 2 })
	d.addTasks(4, "a")
	d.addTasks(1, "b")
	d.expectStarts("two of a", "a a b")
	d.expectWait("until one of a ends", Never)
	d.expectLimit(HoldHostConcurrency)
	d.end("b", judge.Verdict{})
	d.expectStarts("the end of one of b frees no place of a", "")
	d.end("a", judge.Verdict{})
	d.expectStarts("the end of one of a does", "a")
}

// TestMostWorkGoesFirst: the lane with the most work starts a Task first, and lanes with equal work alternate.
func TestMostWorkGoesFirst(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Concurrency = 7 })
	d.addTasks(1, "c")
	d.addTasks(2, "b")
	d.addTasks(4, "a")
	d.expectStarts("the longest first, then in turn", "a a b a c b a")
}

// TestSlowHostsHaveMoreWork: work is measured in time, not in Tasks.
func TestSlowHostsHaveMoreWork(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Concurrency, l.HostConcurrency = 2, 1 })
	d.addTasks(2, "slow")
	d.addTasks(2, "quick")
	d.expectStarts("nothing is known of either", "slow quick")
	d.advance(time.Millisecond)
	d.end("quick", judge.Verdict{})
	d.advance(time.Second)
	d.end("slow", judge.Verdict{})
	d.addTasks(3, "quick")
	d.expectStarts("one slow page takes longer than four quick ones", "slow quick")
}

// TestPacedHostsHaveMoreWork: work includes the time that a rate limit takes.
func TestPacedHostsHaveMoreWork(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Concurrency = 1 })
	d.addTasks(1, "paced")
	d.lanes["paced"].perSecond = 0.1
	d.addTasks(4, "free")
	d.addTasks(1, "paced")
	d.expectStarts("two that take 20 s before four that take none", "paced")
}

// TestLongWaitsEndAmongNewcomers: a host with little work gets its start while a new host is added before each start.
func TestLongWaitsEndAmongNewcomers(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Concurrency = 1 })
	d.addTasks(1, "small")
	d.addTasks(1000, "large")
	for n := 1; n <= 4*longestIdleEvery; n++ {
		d.addTasks(1, fmt.Sprint("new", n))
		host := d.startAll()
		if host == "small" {
			return
		}
		d.end(host, judge.Verdict{})
	}
	t.Error("it never starts")
}

// TestLongWaitsEnd: a host with little work gets its start while another host always has more.
func TestLongWaitsEnd(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Concurrency = 1 })
	d.addTasks(1, "small")
	d.addTasks(1000, "large")
	for n := 1; n <= 2*longestIdleEvery; n++ {
		if d.startAll() == "small" {
			return
		}
		d.end("large", judge.Verdict{})
	}
	t.Errorf("waits for more than %d starts of another host", 2*longestIdleEvery)
}

// TestOrderWithinAHost: Tasks of one host start in the order in which they were added.
func TestOrderWithinAHost(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 100 })
	d.addTasks(5, "a")
	d.startAll()
	for i, t := range d.exchanges {
		if t.seq != int64(i)+1 {
			d.t.Errorf("number %d started as %d", t.seq, i+1)
		}
	}
}

// TestFirstOfAHost: a Task that is First starts before those of its host that wait.
func TestFirstOfAHost(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 100 })
	d.addTasks(3, "a")
	for seq := range int64(2) {
		first := newTestTask("a", 10+seq)
		first.First = true
		first.addTo(d.Plan, d.now)
	}
	d.startAll()
	var order []int64
	for _, started := range d.exchanges {
		order = append(order, started.seq)
	}
	if want := []int64{11, 10, 1, 2, 3}; !slices.Equal(order, want) {
		t.Errorf("started %v, want %v", order, want)
	}
}

// TestPauseStopsItsOwnHostOnly: a pause delays its own host to its last moment, and no other host.
func TestPauseStopsItsOwnHostOnly(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
	d.addTasks(2, "a", "b")
	d.startAll()
	d.end("a", judge.Verdict{Fate: judge.Retry, Delay: 30 * time.Second, Hold: 30 * time.Second})
	d.expectStarts("a is paused", "")
	d.end("b", judge.Verdict{})
	d.expectStarts("b is not paused", "b")
	d.addTasks(1, "a")
	d.advance(30*time.Second - 1)
	d.expectStarts("to the last moment", "")
	d.expectWait("for the end of the pause of a", 1)
	d.expectLimit(HoldPause)
	d.advance(1)
	d.expectStarts("then a starts", "a")
}

// TestShorterPauseDoesNotCutALongerOne: of two pauses the one that ends later counts.
func TestShorterPauseDoesNotCutALongerOne(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(3, "a")
	d.startAll()
	d.end("a", judge.Verdict{Hold: 30 * time.Second})
	d.end("a", judge.Verdict{Hold: time.Second})
	d.addTasks(1, "a")
	d.advance(2 * time.Second)
	d.expectStarts("paused", "")
	d.expectWait("for the longer", 28*time.Second)
}

// TestPauseOutlivesItsTasks: a pause is kept while its lane has no Tasks.
func TestPauseOutlivesItsTasks(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(1, "a")
	d.startAll()
	d.end("a", judge.Verdict{Hold: time.Minute})
	d.advance(59 * time.Second)
	d.startAll()
	d.addTasks(1, "a")
	d.expectStarts("a late task of a paused host waits too", "")
	d.advance(time.Second)
	d.expectStarts("for its end", "a")
}

// TestBackOffDelaysNobodyElse: the delay of one Task delays neither another host nor another Task of its host.
func TestBackOffDelaysNobodyElse(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
	d.addTasks(3, "a")
	d.startAll()
	first := d.end("a", judge.Verdict{Fate: judge.Retry, Delay: time.Second})
	d.expectStarts("the next of the same host", "a")
	d.end("a", judge.Verdict{})
	d.expectStarts("and the next", "a")
	d.end("a", judge.Verdict{})
	d.expectStarts("only the first is left", "")
	d.expectWait("for its time", time.Second)
	d.expectLimit(HoldPause)
	d.advance(time.Second)
	if d.startAll(); len(d.exchanges) != 1 || d.exchanges[0] != first {
		t.Errorf("under way: %v", d.exchanges)
	}
}

// TestWaitingTaskHoldsNoSlot: a delayed Task does not count towards Concurrency.
func TestWaitingTaskHoldsNoSlot(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Concurrency, l.HostConcurrency = 1, 1 })
	d.addTasks(1, "a", "b")
	d.expectStarts("one at a time", "a")
	d.end("a", judge.Verdict{Fate: judge.Retry, Delay: time.Hour})
	d.expectStarts("a delayed Task takes no place", "b")
}

// TestHopGoesIntoTheLaneOfItsNewHost: a redirected Task is bound by the limits of the host that it goes to.
func TestHopGoesIntoTheLaneOfItsNewHost(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
	d.addTasks(1, "a")
	d.addTasks(1, "b")
	d.startAll()
	task := d.exchanges[0]
	d.exchanges = d.exchanges[1:]
	task.Verdict = judge.Verdict{Fate: judge.Hop}
	task.host = "b"
	d.Done(&task.Task, d.now)
	task.addTo(d.Plan, d.now)
	d.expectStarts("b is full", "")
	d.end("b", judge.Verdict{})
	d.expectStarts("now it is not", "b")
	d.end("b", judge.Verdict{})
	if len(d.lanes) != 0 {
		t.Errorf("%d lanes are left", len(d.lanes))
	}
}

// TestIdleLanesAreDeleted: a lane without Tasks is deleted once its pace allows another start.
func TestIdleLanesAreDeleted(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostRate = 1 })
	for i := range 1000 {
		host := fmt.Sprint(i)
		d.addTasks(1, host)
		d.startAll()
		d.end(host, judge.Verdict{})
	}
	d.advance(oneASecond)
	d.startAll()
	if len(d.lanes) != 0 || d.timed.len() != 0 || d.expiring.len() != 0 {
		t.Errorf("%d lanes are left, %d wait", len(d.lanes), d.timed.len()+d.expiring.len())
	}
}

// TestUnusableLineNeedsNoHost: a Task without a host is bound by Concurrency only.
func TestUnusableLineNeedsNoHost(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Rate, l.Concurrency = 0.001, 1 })
	d.addTasks(2, "a")
	d.startAll()
	d.end("a", judge.Verdict{})
	invalid := new(Task)
	d.AddInvalid(invalid)
	if got, _ := d.Next(d.now); got != invalid {
		t.Fatal("an unusable line waits for a rate")
	}
	d.expectWait("it takes a worker, though", Never)
	invalid.Verdict = judge.Verdict{Failure: failure.New(failure.InvalidRequest, "x")}
	d.Done(invalid, d.now)
	if d.Running() != 0 {
		t.Errorf("%d run", d.Running())
	}
}

// TestRestTakesAllThatWaits: RemoveWaiting removes all waiting Tasks, delayed and paused ones too.
func TestRestTakesAllThatWaits(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
	d.addTasks(3, "a", "b")
	d.startAll()
	d.end("a", judge.Verdict{Fate: judge.Retry, Delay: time.Second, Hold: time.Hour})
	if rest, _ := d.RemoveWaiting(d.now); len(rest) != 5 {
		t.Errorf("took %d, want 3 of a and 2 of b", len(rest))
	}
	d.expectLimit(HoldNone)
	d.end("b", judge.Verdict{})
	d.advance(2 * time.Hour)
	d.expectStarts("nothing is left", "")
}
