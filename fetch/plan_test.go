package fetch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// A drive plays the scheduler to a plan, at times that the test names.
type drive struct {
	t *testing.T
	*plan
	now     time.Time
	flights []*task
	made    int64
}

func newDrive(t *testing.T, change func(*Options)) *drive {
	return &drive{t: t, plan: newPlan(options(change)), now: noon}
}

func (d *drive) pass(span time.Duration) { d.now = d.now.Add(span) }

// ask adds n Tasks for each host, named host.
func (d *drive) ask(n int, hosts ...string) {
	for _, host := range hosts {
		for range n {
			d.made++
			d.add(&task{seq: d.made, target: target{Target: Target{host: host}}}, d.now)
		}
	}
}

// start starts everything that may start now and returns the hosts, in order; a Task that ends without an exchange is "lost".
func (d *drive) start() string {
	var hosts []string
	for {
		t, _ := d.next(d.now)
		if t == nil {
			return strings.Join(hosts, " ")
		}
		d.flights = append(d.flights, t)
		if t.lost != nil {
			hosts = append(hosts, "lost")
			continue
		}
		hosts = append(hosts, t.host)
	}
}

// land ends the first flight to host with v, back in the plan where v says so.
func (d *drive) land(host string, v Verdict) *task {
	d.t.Helper()
	i := slices.IndexFunc(d.flights, func(t *task) bool { return t.host == host })
	if i < 0 {
		d.t.Fatalf("nothing flies to %s", host)
	}
	t := d.flights[i]
	d.flights = slices.Delete(d.flights, i, i+1)
	t.verdict = v
	d.done(t, d.now)
	if v.Fate != Final {
		t.notBefore = d.now.Add(v.Delay)
		d.add(t, d.now)
	}
	return t
}

func (d *drive) wants(what, want string) {
	d.t.Helper()
	if got := d.start(); got != want {
		d.t.Errorf("%s: started [%s], want [%s]", what, got, want)
	}
}

func (d *drive) waits(what string, want time.Duration) {
	d.t.Helper()
	if t, wait := d.next(d.now); t != nil || wait != want {
		d.t.Errorf("%s: started %v and waits %s, want %s", what, t, wait, want)
	}
}

func (d *drive) heldBy(want Limit) {
	d.t.Helper()
	if got, _ := d.holder(d.now); got != want {
		d.t.Errorf("held by %q, want %q", got, want)
	}
}

func TestConcurrencyBoundsTheRun(t *testing.T) {
	d := newDrive(t, func(o *Options) { o.Concurrency = 3 })
	d.ask(2, "a", "b", "c")
	d.wants("at first", "a b c")
	d.waits("until one lands", never)
	d.heldBy(LimitConcurrency)
	d.land("b", Verdict{})
	d.wants("one landed", "a")
}

func TestHostConcurrencyBoundsOneHost(t *testing.T) {
	d := newDrive(t, func(o *Options) { o.HostConcurrency = 2 })
	d.ask(4, "a")
	d.ask(1, "b")
	d.wants("two of a", "a a b")
	d.waits("until one of a lands", never)
	d.heldBy(LimitHostConcurrency)
	d.land("b", Verdict{})
	d.wants("b makes no room for a", "")
	d.land("a", Verdict{})
	d.wants("a does", "a")
}

// TestMostWorkGoesFirst: the host that will take longest has to be at its limit always; equals take turns.
func TestMostWorkGoesFirst(t *testing.T) {
	d := newDrive(t, func(o *Options) { o.Concurrency = 7 })
	d.ask(1, "c")
	d.ask(2, "b")
	d.ask(4, "a")
	d.wants("the longest first, then in turn", "a a b a c b a")
}

// TestSlowHostsHaveMoreWork: it is the time that counts, not the number of Tasks.
func TestSlowHostsHaveMoreWork(t *testing.T) {
	d := newDrive(t, func(o *Options) { o.Concurrency, o.HostConcurrency = 2, 1 })
	d.ask(2, "slow")
	d.ask(2, "quick")
	d.wants("nothing is known of either", "slow quick")
	d.pass(time.Millisecond)
	d.land("quick", Verdict{})
	d.pass(time.Second)
	d.land("slow", Verdict{})
	d.ask(3, "quick")
	d.wants("one slow page takes longer than four quick ones", "slow quick")
}

// TestPacedHostsHaveMoreWork: a rate of a host's own makes its Tasks last.
func TestPacedHostsHaveMoreWork(t *testing.T) {
	d := newDrive(t, func(o *Options) { o.Concurrency = 1 })
	d.ask(1, "paced")
	d.lanes["paced"].perSecond = 0.1
	d.ask(4, "free")
	d.ask(1, "paced")
	d.wants("two that take 20 s before four that take none", "paced")
}

// TestLongWaitsEndAmongNewcomers: nor do new hosts, one for each start, keep it waiting.
func TestLongWaitsEndAmongNewcomers(t *testing.T) {
	d := newDrive(t, func(o *Options) { o.Concurrency = 1 })
	d.ask(1, "small")
	d.ask(1000, "large")
	for n := 1; n <= 4*patientEvery; n++ {
		d.ask(1, fmt.Sprint("new", n))
		host := d.start()
		if host == "small" {
			return
		}
		d.land(host, Verdict{})
	}
	t.Error("it waits for ever")
}

// TestLongWaitsEnd: a host with little to do is served all the same while another one always has more.
func TestLongWaitsEnd(t *testing.T) {
	d := newDrive(t, func(o *Options) { o.Concurrency = 1 })
	d.ask(1, "small")
	d.ask(1000, "large")
	for n := 1; n <= 2*patientEvery; n++ {
		if d.start() == "small" {
			return
		}
		d.land("large", Verdict{})
	}
	t.Errorf("waits for more than %d starts of another host", 2*patientEvery)
}

func TestOrderWithinAHost(t *testing.T) {
	d := newDrive(t, func(o *Options) { o.HostConcurrency = 100 })
	d.ask(5, "a")
	d.start()
	for i, t := range d.flights {
		if t.seq != int64(i)+1 {
			d.t.Errorf("number %d started as %d", t.seq, i+1)
		}
	}
}

func TestPauseStillsItsOwnHostOnly(t *testing.T) {
	d := newDrive(t, func(o *Options) { o.HostConcurrency = 1 })
	d.ask(2, "a", "b")
	d.start()
	d.land("a", Verdict{Fate: Retry, Delay: 30 * time.Second, Pause: 30 * time.Second})
	d.wants("a is still", "")
	d.land("b", Verdict{})
	d.wants("b is not", "b")
	d.ask(1, "a")
	d.pass(30*time.Second - 1)
	d.wants("to the last moment", "")
	d.waits("for a", 1)
	d.heldBy(LimitPausedHosts)
	d.pass(1)
	d.wants("and then goes on", "a")
}

func TestShorterPauseDoesNotCutALongerOne(t *testing.T) {
	d := newDrive(t, nil)
	d.ask(3, "a")
	d.start()
	d.land("a", Verdict{Pause: 30 * time.Second})
	d.land("a", Verdict{Pause: time.Second})
	d.ask(1, "a")
	d.pass(2 * time.Second)
	d.wants("still", "")
	d.waits("for the longer", 28*time.Second)
}

func TestPauseOutlivesItsTasks(t *testing.T) {
	d := newDrive(t, nil)
	d.ask(1, "a")
	d.start()
	d.land("a", Verdict{Pause: time.Minute})
	d.pass(59 * time.Second)
	d.start()
	d.ask(1, "a")
	d.wants("a late task of a paused host waits too", "")
	d.pass(time.Second)
	d.wants("for its end", "a")
}

// TestBackOffDelaysNobodyElse: neither another host nor another Task of its own.
func TestBackOffDelaysNobodyElse(t *testing.T) {
	d := newDrive(t, func(o *Options) { o.HostConcurrency = 1 })
	d.ask(3, "a")
	d.start()
	first := d.land("a", Verdict{Fate: Retry, Delay: time.Second})
	d.wants("the next of the same host", "a")
	d.land("a", Verdict{})
	d.wants("and the next", "a")
	d.land("a", Verdict{})
	d.wants("only the first is left", "")
	d.waits("for its time", time.Second)
	d.heldBy(LimitPausedHosts)
	d.pass(time.Second)
	if d.start(); len(d.flights) != 1 || d.flights[0] != first {
		t.Errorf("flying: %v", d.flights)
	}
}

func TestWaitingTaskHoldsNoSlot(t *testing.T) {
	d := newDrive(t, func(o *Options) { o.Concurrency, o.HostConcurrency = 1, 1 })
	d.ask(1, "a", "b")
	d.wants("one at a time", "a")
	d.land("a", Verdict{Fate: Retry, Delay: time.Hour})
	d.wants("the slot is free", "b")
}

func TestHopGoesIntoTheLaneOfItsNewHost(t *testing.T) {
	d := newDrive(t, func(o *Options) { o.HostConcurrency = 1 })
	d.ask(1, "a")
	d.ask(1, "b")
	d.start()
	task := d.flights[0]
	d.flights = d.flights[1:]
	task.verdict = Verdict{Fate: Hop}
	task.host = "b"
	d.done(task, d.now)
	d.add(task, d.now)
	d.wants("b is full", "")
	d.land("b", Verdict{})
	d.wants("now it is not", "b")
	d.land("b", Verdict{})
	if len(d.lanes) != 0 {
		t.Errorf("%d lanes are left", len(d.lanes))
	}
}

func TestIdleLanesAreForgotten(t *testing.T) {
	d := newDrive(t, func(o *Options) { o.HostRate = 1 })
	for i := range 1000 {
		host := fmt.Sprint(i)
		d.ask(1, host)
		d.start()
		d.land(host, Verdict{})
	}
	d.pass(time.Second)
	d.start()
	if len(d.lanes) != 0 || d.waiting.len() != 0 || d.fading.len() != 0 {
		t.Errorf("%d lanes are left, %d wait", len(d.lanes), d.waiting.len()+d.fading.len())
	}
}

func TestUnusableLineNeedsNoHost(t *testing.T) {
	d := newDrive(t, func(o *Options) { o.Rate, o.Concurrency = 0.001, 1 })
	d.ask(2, "a")
	d.start()
	d.land("a", Verdict{})
	bad := &task{bad: &LineError{}}
	d.add(bad, d.now)
	if got, _ := d.next(d.now); got != bad {
		t.Fatal("an unusable line waits for a rate")
	}
	d.waits("it takes a worker, though", never)
	bad.verdict = Verdict{Failure: failf(InvalidRequest, "x")}
	d.done(bad, d.now)
	if d.running != 0 {
		t.Errorf("%d still run", d.running)
	}
}

func TestRestTakesAllThatWaits(t *testing.T) {
	d := newDrive(t, func(o *Options) { o.HostConcurrency = 1 })
	d.ask(3, "a", "b")
	d.start()
	d.land("a", Verdict{Fate: Retry, Delay: time.Second, Pause: time.Hour})
	if rest, _ := d.rest(d.now); len(rest) != 5 {
		t.Errorf("took %d, want 3 of a and 2 of b", len(rest))
	}
	d.heldBy("")
	d.land("b", Verdict{})
	d.pass(2 * time.Hour)
	d.wants("nothing is left", "")
}
