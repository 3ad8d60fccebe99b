package plan

import (
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// unavailable is the Verdict on a 503 with Retry-After: 5, as Varnish sends with each of its own.
func unavailable(ofPage bool) judge.Verdict {
	v := judge.Verdict{Fate: judge.Retry, Refusal: !ofPage, PerhapsPage: true, Health: judge.Refused,
		Delay: 5 * time.Second, Hold: 5 * time.Second, Failure: failure.New(failure.BadStatus, "503")}
	if ofPage {
		v.Health, v.Hold = judge.Overloaded, 0
	}
	return v
}

// playPages runs n Tasks, of which broken ones get a 503 with Retry-After: 5 each time and end after it is for their
// page, and others is the Verdict on the rest; it returns how many holds of the host that made.
func playPages(t *testing.T, d *planDriver, n int, broken func(*testTask) bool, others func(*testTask) judge.Verdict) (
	holds int,
) {
	t.Helper()
	d.addTasks(n, "a")
	for steps := 0; d.HasTasks("a"); steps++ {
		if steps > 100_000 {
			t.Fatal("the run does not end")
		}
		d.awaitStart()
		d.advance(20 * time.Millisecond)
		task, l := d.exchanges[0], d.lanes["a"]
		before := l.pausedUntil
		if !broken(task) {
			d.end("a", others(task))
			continue
		}
		v := unavailable(task.OfPage)
		if task.Refusals++; task.OfPage {
			v.Fate, task.Refusals = judge.Final, 0
		}
		d.end("a", v)
		if l.pausedUntil.After(before) {
			holds++
		}
	}
	return holds
}

// TestTroubledPages: once some 503 with Retry-After have turned out to be for their pages, the next ones hold the host
// no more.
func TestTroubledPages(t *testing.T) {
	d := newPlanDriver(t, nil)
	every := func(task *testTask) bool { return task.seq%50 == 7 }
	holds := playPages(t, d, 2000, every, func(*testTask) judge.Verdict { return healthy() })
	if holds < 2 || holds > 12 {
		t.Errorf("40 pages hold the host %d times", holds)
	}
	if took := d.now.Sub(began); took > 2*time.Minute {
		t.Errorf("that takes %s", took)
	}
}

// TestLimitIsNoTroubledPage: where requests that got a 503 with Retry-After are accepted later, each one holds the
// host, and none is for its page.
func TestLimitIsNoTroubledPage(t *testing.T) {
	d := newPlanDriver(t, nil)
	refused := 0
	once := func(task *testTask) bool {
		if task.OfPage {
			t.Fatalf("task %d is taken for a page in trouble", task.seq)
		}
		if task.seq%50 != 7 || task.Refusals > 1 {
			return false
		}
		refused++
		return true
	}
	holds := playPages(t, d, 2000, once, func(*testTask) judge.Verdict { return healthy() })
	if refused != 80 || holds < 40 {
		t.Errorf("%d refusals hold the host %d times", refused, holds)
	}
}

// TestOtherHoldsStay: a pause by 429 and the limit of the rate after it stay when 503s turn out to be for their pages.
func TestOtherHoldsStay(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(100, "a")
	d.awaitStart()
	l := d.lanes["a"]
	d.end("a", unavailable(false))
	d.advance(time.Second)
	limited := throttled()
	limited.Hold = 30 * time.Second
	d.end("a", limited)
	until := l.pausedUntil
	l.trouble.evidence = enoughEvidence - 0.1
	l.weighTrouble(d.now)
	if !l.trouble.isByPage() || l.pausedUntil != until || l.throttle.held == 0 {
		t.Errorf("paused until %s in place of %s, throttle %+v", l.pausedUntil, until, l.throttle)
	}
}
