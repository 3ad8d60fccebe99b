package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// TestLongWaitClosesALane: after a response that asks for a longer wait than RetryMaxDelay the Tasks that wait for the
// host, and those added later, fail without an exchange.
func TestLongWaitClosesALane(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(12, "a")
	d.addTasks(1, "b")
	d.startAll()
	d.end("a", refused(time.Hour))
	d.addTasks(2, "a")
	var lost int
	for {
		task, _ := d.nextTask()
		if task == nil {
			break
		}
		if task.Lost == nil || task.Lost.Kind != failure.RateLimited || task.Lost.RetryAfter != time.Hour ||
			!errors.Is(task.Lost, errRefused) {
			t.Fatalf("task %d is asked of a closed host: %v", task.seq, task.Lost)
		}
		task.Verdict = judge.Verdict{Failure: task.Lost}
		d.Done(&task.Task, d.now)
		lost++
	}
	if lost != 4 { // the two that waited and the two that came later
		t.Errorf("%d tasks are lost", lost)
	}
	d.end("b", judge.Verdict{})
	if d.Running() != len(d.exchanges) || d.Waiting() != 0 {
		t.Errorf("%d run of %d, %d wait", d.Running(), len(d.exchanges), d.Waiting())
	}
}

// TestClosedLaneOpensWhenItsTimeIsOver: a lane is closed for as long as the host asked for, and is kept that long.
func TestClosedLaneOpensWhenItsTimeIsOver(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(3, "a")
	d.startAll()
	for range 3 {
		d.end("a", refused(time.Hour))
	}
	d.advance(time.Hour - 1)
	d.startAll() // would delete a lane that expires too early
	if len(d.lanes) != 1 {
		t.Fatal("a lane is forgotten while it is closed")
	}
	d.addTasks(1, "a")
	if task, _ := d.nextTask(); task == nil || task.Lost == nil {
		t.Fatalf("got %v", task)
	}
	d.advance(1)
	d.addTasks(1, "a")
	if task, _ := d.nextTask(); task == nil || task.Lost != nil {
		t.Errorf("the host is not asked again after its hour: %v", task)
	}
}

// TestTenRefusalsInARowCloseALane: a host that has refused ten times in a row, each time after its pause, and for 100
// times RetryDelay, is closed for RetryMaxDelay; a response between them ends the streak.
func TestTenRefusalsInARowCloseALane(t *testing.T) {
	for _, between := range []bool{false, true} {
		d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
		d.addTasks(100, "a")
		for i := range 10 {
			d.awaitStart()
			if between && i == 5 {
				d.end("a", healthy())
				d.awaitStart()
			}
			v := refusal()
			v.Hold, v.Delay = 12*time.Second, 12*time.Second
			d.end("a", v)
		}
		task, _ := d.nextTask()
		if closed := task != nil && task.Lost != nil; closed == between {
			t.Errorf("a response between: %v; closed: %v", between, closed)
		}
	}
}

// TestHostThatFailsAtAllRequestsIsGivenUp: where a host has responded to all by an error (judge.Overloaded) for two
// minutes, what was not sent is lost as host_down, and what was keeps its failure: the host has no limit.
func TestHostThatFailsAtAllRequestsIsGivenUp(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
	d.addTasks(1000, "a")
	v := judge.Verdict{Fate: judge.Retry, Health: judge.Overloaded, Failure: failure.New(failure.BadStatus, "500")}
	v.Delay = time.Hour
	lost := make(map[failure.Kind]int)
	for lost[failure.HostDown]+lost[failure.BadStatus] < 1000 {
		d.awaitStart()
		d.advance(time.Millisecond)
		task := d.exchanges[0]
		if task.Lost == nil {
			d.end("a", v)
			continue
		}
		if took := d.now.Sub(began); took < 2*time.Minute || took > 3*time.Minute {
			t.Fatalf("given up after %s", took)
		}
		if wasSent := !task.Started.IsZero(); wasSent != (task.Lost.Kind == failure.BadStatus) {
			t.Errorf("sent: %v; lost as %v", wasSent, task.Lost)
		}
		lost[task.Lost.Kind]++
		d.end("a", judge.Verdict{Fate: judge.Final})
	}
	if lost[failure.HostDown] == 0 || lost[failure.BadStatus] == 0 {
		t.Errorf("lost: %v; want some as host_down and some as status", lost)
	}
}

// TestShortRefusalsDoNotCloseALaneSoon: a host that asks for a second each time is asked for as long as one that says
// nothing: it may be about to start.
func TestShortRefusalsDoNotCloseALaneSoon(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
	d.addTasks(100, "a")
	for refusals := 1; ; refusals++ {
		d.awaitStart()
		v := refusal()
		v.Hold, v.Delay = time.Second, time.Second
		d.end("a", v)
		if task, _ := d.nextTask(); task != nil && task.Lost != nil {
			if refusals < 90 || refusals > 110 {
				t.Errorf("closed after %d refusals in as many seconds", refusals)
			}
			return
		}
	}
}

// TestRefusedTasksAreRepeated: a host that has refused three times in a row is asked for the last one again, before
// others: it may have prepared that meanwhile. After eight times it is the turn of others.
func TestRefusedTasksAreRepeated(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
	d.addTasks(100, "a")
	var order []int64
	for range 13 {
		d.awaitStart()
		task := d.exchanges[0]
		order = append(order, task.seq)
		task.Refusals++
		v := refusal()
		v.Hold, v.Delay = time.Second, time.Second
		d.end("a", v)
	}
	if want := []int64{1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4}; !slices.Equal(order, want) {
		t.Errorf("asked for %d, want %d", order, want)
	}
}

// TestExchangesOfAClosedLaneEndAsUsual: exchanges that are under way when their lane is closed end as usual, and their
// retries fail.
func TestExchangesOfAClosedLaneEndAsUsual(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(5, "a")
	d.startAll()
	for range 3 {
		d.end("a", refused(time.Hour))
	}
	d.end("a", judge.Verdict{})
	d.end("a", judge.Verdict{Fate: judge.Retry, Delay: time.Second})
	if task, _ := d.nextTask(); task == nil || task.Lost == nil {
		t.Errorf("a retry into a closed lane is not lost: %v", task)
	}
}

// TestLaterShorterRefusalDoesNotReopen: the end of an exchange that started before the lane was closed does not open it
// earlier.
func TestLaterShorterRefusalDoesNotReopen(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(6, "a")
	d.startAll()
	d.end("a", refused(time.Hour))
	d.end("a", refused(2*time.Minute))
	d.advance(time.Minute)
	d.end("a", judge.Verdict{})
	d.advance(30 * time.Minute)
	d.addTasks(1, "a")
	task, _ := d.nextTask()
	if task == nil || task.Lost == nil {
		t.Fatalf("the lane is open after 31 minutes: %v", task)
	}
	if task.Lost.RetryAfter != 29*time.Minute {
		t.Errorf("closed for another %s", task.Lost.RetryAfter)
	}
	const want = "not sent: the host asks to wait 1h"
	if task.Lost.Error() != want {
		t.Errorf("says %q", task.Lost)
	}
}

// TestExpiringHostsAreBounded: lanes without Tasks are kept until they expire, but only a limited number of them; those
// that expire soonest are deleted early.
func TestExpiringHostsAreBounded(t *testing.T) {
	const window = 3
	d := newPlanDriver(t, func(l *testLimits) { l.Lookahead, l.HostRate = window, 1.0/3600 })
	d.addTasks(1, "paused")
	d.startAll()
	d.end("paused", judge.Verdict{Hold: 48 * time.Hour})
	for i := range 1000 {
		d.advance(time.Millisecond)
		host := fmt.Sprint(i)
		d.addTasks(1, host)
		d.expectStarts("a host of its own", host)
		d.end(host, judge.Verdict{})
		if most := expiringPerRequest * window; len(d.lanes) > most || d.expiring.len() > most {
			t.Fatalf("%d hosts are remembered after %d", len(d.lanes), i+1)
		}
	}
	d.addTasks(1, "999", "paused")
	d.expectStarts("what is due last is remembered", "")
	d.addTasks(1, "0")
	d.expectStarts("what is due soonest is not", "0")
	if expiringPerRequest != 10 {
		t.Errorf("%d hosts for each request that may wait", expiringPerRequest)
	}
}

// TestHostsWithTasksNeverExpire: the number of lanes with Tasks has no such bound.
func TestHostsWithTasksNeverExpire(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Lookahead, l.HostRate, l.Concurrency = 1, 1.0/3600, 1000 })
	for i := range 100 {
		d.addTasks(2, fmt.Sprint(i))
	}
	d.startAll()
	for i := range 100 {
		d.end(fmt.Sprint(i), judge.Verdict{})
	}
	if len(d.lanes) != 100 || d.Waiting() != 100 {
		t.Errorf("%d hosts and %d tasks are remembered", len(d.lanes), d.Waiting())
	}
	d.advance(time.Hour + time.Second)
	if started := strings.Fields(d.startAll()); len(started) != 100 {
		t.Errorf("%d of them start", len(started))
	}
}
