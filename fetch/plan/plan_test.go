package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// began is the time at which every test of the plan begins.
var began = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// testLimits are limits that are the same for all hosts.
type testLimits struct {
	Limits
	HostConcurrency int
	HostRate        float64
}

// usualLimits are those of a plain command line, changed.
func usualLimits(change func(*testLimits)) *testLimits {
	l := &testLimits{HostConcurrency: 10, Limits: Limits{
		Concurrency:   50,
		Lookahead:     10000,
		SpillBytes:    12 << 20,
		Adaptive:      true,
		HostMaxErrors: 30,
		RetryDelay:    time.Second,
		RetryMaxDelay: time.Minute,
	}}
	if change != nil {
		change(l)
	}
	l.Host = func(string) (int, float64) { return l.HostConcurrency, l.HostRate }
	return l
}

// A testTask is the Owner of a Task in a test.
type testTask struct {
	Task
	host string
	seq  int64
}

func newTestTask(host string, seq int64) *testTask {
	t := &testTask{host: host, seq: seq}
	t.Owner = t
	return t
}

// addTo gives the Task to a plan, as one that may be spilled until it has been tried.
func (t *testTask) addTo(p *Plan, now time.Time) {
	t.Pristine = t.Attempts == 0
	p.Add(&t.Task, t.host, now)
}

// A planDriver plays the scheduler to a plan, at times that the test names.
type planDriver struct {
	t *testing.T
	*Plan
	now       time.Time
	exchanges []*testTask // under way, in the order of their starts
	lastSeq   int64
}

func newPlanDriver(t *testing.T, change func(*testLimits)) *planDriver {
	return &planDriver{t: t, Plan: New(usualLimits(change).Limits, nil), now: began}
}

func (d *planDriver) advance(span time.Duration) { d.now = d.now.Add(span) }

// addTasks adds n Tasks for each host, named host.
func (d *planDriver) addTasks(n int, hosts ...string) {
	for _, host := range hosts {
		for range n {
			d.lastSeq++
			newTestTask(host, d.lastSeq).addTo(d.Plan, d.now)
		}
	}
}

// nextTask is next for a Task of the driver's.
func (d *planDriver) nextTask() (*testTask, time.Duration) {
	t, wait := d.Next(d.now)
	if t == nil {
		return nil, wait
	}
	return t.Owner.(*testTask), wait
}

// startAll starts everything that may start now and returns the hosts, in order; a Task that ends without an exchange is
// "lost".
func (d *planDriver) startAll() string {
	var hosts []string
	for {
		t, _ := d.nextTask()
		if t == nil {
			return strings.Join(hosts, " ")
		}
		d.exchanges = append(d.exchanges, t)
		if t.Lost != nil {
			hosts = append(hosts, "lost")
			continue
		}
		hosts = append(hosts, t.host)
	}
}

// end ends the first exchange with host with v, and adds its Task again where v says so.
func (d *planDriver) end(host string, v judge.Verdict) *testTask {
	d.t.Helper()
	i := slices.IndexFunc(d.exchanges, func(t *testTask) bool { return t.host == host })
	if i < 0 {
		d.t.Fatalf("no exchange with %s is under way", host)
	}
	t := d.exchanges[i]
	d.exchanges = slices.Delete(d.exchanges, i, i+1)
	t.Verdict = v
	d.Done(&t.Task, d.now)
	if v.Fate != judge.Final {
		t.NotBefore = d.now.Add(v.Delay)
		t.addTo(d.Plan, d.now)
	}
	return t
}

func (d *planDriver) expectStarts(what, want string) {
	d.t.Helper()
	if got := d.startAll(); got != want {
		d.t.Errorf("%s: started [%s], want [%s]", what, got, want)
	}
}

func (d *planDriver) expectWait(what string, want time.Duration) {
	d.t.Helper()
	if t, wait := d.Next(d.now); t != nil || wait != want {
		d.t.Errorf("%s: started %v and waits %s, want %s", what, t, wait, want)
	}
}

func (d *planDriver) expectLimit(want Hold) {
	d.t.Helper()
	if got, _ := d.Limit(d.now); got != want {
		d.t.Errorf("limited by %d, want %d", got, want)
	}
}

func TestConcurrencyBoundsTheRun(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Concurrency = 3 })
	d.addTasks(2, "a", "b", "c")
	d.expectStarts("at first", "a b c")
	d.expectWait("until one ends", Never)
	d.expectLimit(HoldConcurrency)
	d.end("b", judge.Verdict{})
	d.expectStarts("one has ended", "a")
}

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

// TestMostWorkGoesFirst: the host that will take longest has to be at its limit always; equal ones alternate.
func TestMostWorkGoesFirst(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Concurrency = 7 })
	d.addTasks(1, "c")
	d.addTasks(2, "b")
	d.addTasks(4, "a")
	d.expectStarts("the longest first, then in turn", "a a b a c b a")
}

// TestSlowHostsHaveMoreWork: it is the time that counts, not the number of Tasks.
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

// TestPacedHostsHaveMoreWork: a rate of a host's own makes its Tasks last.
func TestPacedHostsHaveMoreWork(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Concurrency = 1 })
	d.addTasks(1, "paced")
	d.lanes["paced"].perSecond = 0.1
	d.addTasks(4, "free")
	d.addTasks(1, "paced")
	d.expectStarts("two that take 20 s before four that take none", "paced")
}

// TestLongWaitsEndAmongNewcomers: a host with little work is served all the same while there is a new host for each
// start.
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

// TestLongWaitsEnd: a host with little work is served all the same while another one always has more.
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

func TestPauseStopsItsOwnHostOnly(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
	d.addTasks(2, "a", "b")
	d.startAll()
	d.end("a", judge.Verdict{Fate: judge.Retry, Delay: 30 * time.Second, Pause: 30 * time.Second})
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

func TestShorterPauseDoesNotCutALongerOne(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(3, "a")
	d.startAll()
	d.end("a", judge.Verdict{Pause: 30 * time.Second})
	d.end("a", judge.Verdict{Pause: time.Second})
	d.addTasks(1, "a")
	d.advance(2 * time.Second)
	d.expectStarts("paused", "")
	d.expectWait("for the longer", 28*time.Second)
}

func TestPauseOutlivesItsTasks(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(1, "a")
	d.startAll()
	d.end("a", judge.Verdict{Pause: time.Minute})
	d.advance(59 * time.Second)
	d.startAll()
	d.addTasks(1, "a")
	d.expectStarts("a late task of a paused host waits too", "")
	d.advance(time.Second)
	d.expectStarts("for its end", "a")
}

// TestBackOffDelaysNobodyElse: the delay of a Task holds up neither another host nor another Task of its own host.
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

func TestWaitingTaskHoldsNoSlot(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Concurrency, l.HostConcurrency = 1, 1 })
	d.addTasks(1, "a", "b")
	d.expectStarts("one at a time", "a")
	d.end("a", judge.Verdict{Fate: judge.Retry, Delay: time.Hour})
	d.expectStarts("a delayed Task takes no place", "b")
}

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

func TestIdleLanesAreForgotten(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostRate = 1 })
	for i := range 1000 {
		host := fmt.Sprint(i)
		d.addTasks(1, host)
		d.startAll()
		d.end(host, judge.Verdict{})
	}
	d.advance(time.Second)
	d.startAll()
	if len(d.lanes) != 0 || d.timed.len() != 0 || d.expiring.len() != 0 {
		t.Errorf("%d lanes are left, %d wait", len(d.lanes), d.timed.len()+d.expiring.len())
	}
}

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

func TestRestTakesAllThatWaits(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
	d.addTasks(3, "a", "b")
	d.startAll()
	d.end("a", judge.Verdict{Fate: judge.Retry, Delay: time.Second, Pause: time.Hour})
	if rest, _ := d.Rest(d.now); len(rest) != 5 {
		t.Errorf("took %d, want 3 of a and 2 of b", len(rest))
	}
	d.expectLimit(HoldNone)
	d.end("b", judge.Verdict{})
	d.advance(2 * time.Hour)
	d.expectStarts("nothing is left", "")
}
