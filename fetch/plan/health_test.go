package plan

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// TestDeadHostIsProbedThenDown: after 30 exchanges in a row without a response one probe at a time starts, after 1 s, 2
// s and 4 s; then the host is down and no Task of it starts.
func TestDeadHostIsProbedThenDown(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(100, "a")
	d.failAll("a")
	if got := d.lanes["a"].taskCount(); got != 61 { // nine were under way when the thirtieth failed
		t.Fatalf("%d of 100 wait", got)
	}
	d.expectLimit(HoldPause)
	for _, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		d.expectWait("for the probe", wait)
		d.advance(wait)
		d.expectStarts("a single probe", "a")
		d.expectLimit(HoldPause)
		d.advance(10 * time.Second)
		d.expectStarts("nothing beside it", "")
		d.end("a", noAnswer())
	}
	if lost := strings.Fields(d.startAll()); len(lost) != 50 { // as many as Concurrency
		t.Fatalf("%d end at once", len(lost))
	}
	const want = "not sent: 30 attempts in a row and 3 probes after them got no answer from the host, " +
		"the last one: connecting to a:80: connection refused"
	for _, f := range d.exchanges {
		if f.Lost == nil || f.Lost.Kind != failure.HostDown || f.Lost.Error() != want || !errors.Is(f.Lost, errRefusedDial) {
			t.Fatalf("ends as %v", f.Lost)
		}
	}
	d.addTasks(1, "a")
	d.exchanges, d.active = nil, 0
	if got := strings.Fields(d.startAll()); len(got) != 9 || got[8] != "lost" {
		t.Errorf("the others, and what comes later: %q", got)
	}
}

// TestHostThatAnsweredIsProbedForLonger: a host that has answered before may be restarting, and is probed after 8 s and
// 16 s, too. No Task is the probe twice, as each that fails uses up a retry.
func TestHostThatAnsweredIsProbedForLonger(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(101, "a")
	d.startAll()
	d.end("a", healthy())
	d.failAll("a")
	tried := map[*testTask]bool{}
	for _, seconds := range []time.Duration{1, 2, 4, 8, 16} {
		wait := seconds * time.Second
		d.expectWait("for the probe", wait)
		d.advance(wait)
		d.expectStarts("a single probe", "a")
		again := noAnswer()
		again.Fate, again.Delay = judge.Retry, wait/2
		d.exchanges[0].Attempts++
		if probe := d.end("a", again); tried[probe] {
			t.Errorf("the probe after %s has failed before", wait)
		} else {
			tried[probe] = true
		}
	}
	if !d.lanes["a"].health.down {
		t.Error("the host is not down after 31 s")
	}
}

// TestAnswerToAProbeBringsAHostBack: after any response to a probe Tasks start as usual, and the streak begins at zero.
func TestAnswerToAProbeBringsAHostBack(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(100, "a")
	d.failAll("a")
	d.advance(time.Second)
	d.expectStarts("a probe", "a")
	d.end("a", judge.Verdict{Health: judge.Erroring, Failure: failure.New(failure.BadStatus, "500")})
	if got := strings.Fields(d.startAll()); len(got) != 10 {
		t.Fatalf("%d start", len(got))
	}
	for range 10 {
		d.end("a", noAnswer())
	}
	if got := strings.Fields(d.startAll()); len(got) != 10 {
		t.Errorf("ten more failures bring probes to a host that has answered: %d start", len(got))
	}
}

// TestOnlyUnansweredInARowCount: a response ends the streak, a cancelled exchange does not, and with --host-max-errors
// 0 there is none.
func TestOnlyUnansweredInARowCount(t *testing.T) {
	for name, tt := range map[string]struct {
		with    func(*testLimits)
		between judge.Verdict
		probed  bool
	}{
		"nothing between":   {nil, judge.Verdict{}, true},
		"a page between":    {nil, judge.Verdict{Health: judge.Healthy}, false},
		"an error between":  {nil, judge.Verdict{Health: judge.Erroring}, false},
		"a pause between":   {nil, judge.Verdict{Health: judge.Refused}, false},
		"a cancel between":  {nil, judge.Verdict{Health: judge.Unknown}, true},
		"no limit":          {func(l *testLimits) { l.HostMaxErrors = 0 }, judge.Verdict{}, false},
		"a limit of twenty": {func(l *testLimits) { l.HostMaxErrors = 20 }, judge.Verdict{Health: judge.Healthy}, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newPlanDriver(t, func(l *testLimits) {
				l.HostConcurrency, l.Adaptive = 1, false
				if tt.with != nil {
					tt.with(l)
				}
			})
			d.addTasks(100, "a")
			for i := range 31 {
				d.startAll()
				if len(d.exchanges) == 0 {
					break
				}
				if i == 15 {
					d.end("a", tt.between)
					continue
				}
				d.end("a", noAnswer())
			}
			if probed := d.lanes["a"].health != nil && d.lanes["a"].health.probesOnly; probed != tt.probed {
				t.Errorf("only probes start: %v", probed)
			}
		})
	}
}

// TestEarlierExchangesAreNoProbes: exchanges that started before the first probe count where they bring a response, and
// not where they fail.
func TestEarlierExchangesAreNoProbes(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostMaxErrors = 3 })
	d.addTasks(20, "a")
	d.startAll()
	for range 9 {
		d.end("a", noAnswer())
	}
	h := d.lanes["a"].health
	if !h.probesOnly || h.probes != 0 {
		t.Fatalf("after nine failures: %+v", h)
	}
	d.advance(time.Second)
	d.expectStarts("a probe, with an older exchange under way", "a")
	d.end("a", judge.Verdict{Health: judge.Healthy}) // the older one
	if d.lanes["a"].health != nil {
		t.Error("an answer does not bring the host back")
	}
}

// TestCancelledProbeIsFollowedByAnother: a cancelled probe does not count as one that failed.
func TestCancelledProbeIsFollowedByAnother(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(100, "a")
	d.failAll("a")
	d.advance(time.Second)
	d.expectStarts("a probe", "a")
	d.end("a", judge.Verdict{Health: judge.Unknown, Failure: failure.New(failure.Canceled, "x")})
	d.expectStarts("another", "a")
	if d.lanes["a"].health.probes != 0 {
		t.Error("it counts")
	}
}

// TestTriedTasksOfADeadHostKeepTheirOwnReason: the kind host_down is only for Tasks without an exchange; others keep
// the option that their own failure names, too.
func TestTriedTasksOfADeadHostKeepTheirOwnReason(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostMaxErrors, l.HostConcurrency = 1, 1 })
	d.addTasks(2, "a")
	d.startAll()
	late := &failure.Failure{Kind: failure.Timeout, Err: errors.New("not done within 1s (--timeout)"), Option: "timeout"}
	d.end("a", judge.Verdict{Health: judge.NoAnswer, Fate: judge.Retry, Delay: time.Hour, Failure: late})
	for _, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		d.advance(wait)
		d.startAll()
		d.end("a", judge.Verdict{Health: judge.NoAnswer, Fate: judge.Retry, Failure: errRefusedDial})
	}
	d.expectStarts("both end", "lost lost")
	for _, f := range d.exchanges {
		const want = "; not retried: the host is down, " +
			"1 attempts in a row and 3 probes after them got no answer"
		if f.Lost.Kind != failure.Timeout && f.Lost.Kind != failure.Connect || !strings.HasSuffix(f.Lost.Error(), want) ||
			(f.Lost.Kind == failure.Timeout) != (f.Lost.Option == "timeout") {
			t.Errorf("ends as %s: %v, option %q", f.Lost.Kind, f.Lost, f.Lost.Option)
		}
	}
}

// TestBrokenOffPagesMakeNoHostDown: once a host has sent a response, connections that it ends early do not count
// towards being down: it is asked more slowly, and after 31 in a row paused four times, 15 s together. Before the first
// response they do.
func TestBrokenOffPagesMakeNoHostDown(t *testing.T) {
	for _, answered := range []bool{true, false} {
		d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
		d.addTasks(100, "a")
		d.startAll()
		if answered {
			d.end("a", judge.Verdict{Health: judge.Erroring})
		}
		for d.startAll(); len(d.exchanges) > 0; d.startAll() {
			d.end("a", judge.Verdict{Health: judge.NoAnswer, Failure: failure.New(failure.Reset, "the connection was reset")})
			if d.startAll(); answered && len(d.exchanges) == 0 {
				if _, wait := d.Next(d.now); wait > 0 {
					d.advance(wait)
				}
			}
		}
		if paused := d.now.Sub(began); answered && paused > 30*time.Second {
			t.Errorf("paused for %s", paused)
		}
		if waits := len(d.lanes) > 0; waits == answered {
			t.Errorf("a host that has answered before: %v; some wait: %v", answered, waits)
		}
	}
}

// TestProbesAreFarFromWhatFailed: a probe is taken from the end of the queue, so that 45 pages in a row without an
// response, among 300, do not make the host down.
func TestProbesAreFarFromWhatFailed(t *testing.T) {
	d := newSpillDriver(t, func(l *testLimits) { l.Lookahead = 100 })
	d.addTasks(300, "a")
	hangs := func(t *testTask) bool { return t.seq > 100 && t.seq <= 145 }
	good := 0
	for range 1000 {
		if d.startAll() == "" && len(d.exchanges) == 0 {
			if _, wait := d.Next(d.now); wait > 0 {
				d.advance(wait)
				continue
			}
			break
		}
		d.makeRoom(d.installmentSize(), d.now)
		v := healthy()
		if task := d.exchanges[0]; task.Lost != nil {
			t.Fatalf("%d good ones, then %v", good, task.Lost)
		} else if hangs(task) {
			v = judge.Verdict{Health: judge.NoAnswer, Failure: failure.New(failure.Stalled, "no data for 30s (--stall-timeout)")}
		} else {
			good++
		}
		d.end("a", v)
	}
	if good != 255 {
		t.Errorf("%d good ones are had, of 255", good)
	}
}

// TestDownHostStaysDownForTheRun: the lane of a host that is down does not expire while no Task is added to it.
func TestDownHostStaysDownForTheRun(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostMaxErrors = 1 })
	d.addTasks(1, "a")
	d.failAll("a")
	for i := range 3 {
		d.addTasks(1, "a")
		d.advance(4 * time.Second)
		d.expectStarts(fmt.Sprint("probe ", i), "a")
		d.end("a", noAnswer())
	}
	d.advance(24 * time.Hour)
	d.startAll()
	d.addTasks(1, "a")
	d.expectStarts("a day later", "lost")
}
