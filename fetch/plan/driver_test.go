package plan

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// began is the time at which every test of the package begins.
var began = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// testLimits are Limits that are the same for all hosts.
type testLimits struct {
	Limits
	RetryMaxDelay   time.Duration
	HostConcurrency int
	HostRate        float64
}

// usualLimits returns the limits of a command line without flags, after change; a nil change changes nothing.
func usualLimits(change func(*testLimits)) *testLimits {
	l := &testLimits{HostConcurrency: 10, Limits: Limits{
		Concurrency:   50,
		Lookahead:     10000,
		SpillBytes:    12 << 20,
		Adaptive:      true,
		HostMaxErrors: 30,
		RetryDelay:    time.Second,
	}, RetryMaxDelay: time.Minute}
	if change != nil {
		change(l)
	}
	if l.Host == nil {
		l.Host = func(string) HostLimits {
			return HostLimits{Concurrency: l.HostConcurrency, Rate: l.HostRate, RetryMaxDelay: l.RetryMaxDelay}
		}
	}
	return l
}

// A testTask is the Owner of a Task in a test.
type testTask struct {
	Task
	host string
	seq  int64 // its place in the order of addition, from 1
}

func newTestTask(host string, seq int64) *testTask {
	t := &testTask{host: host, seq: seq}
	t.Owner = t
	return t
}

// addTo adds the Task to a plan; it is pristine until it has had an attempt.
func (t *testTask) addTo(p *Plan, now time.Time) {
	t.Pristine = t.Attempts == 0
	p.Add(&t.Task, t.host, now)
}

// An indexCodec is a Codec that keeps all Tasks in a list, and packs their indexes in it.
type indexCodec struct{ tasks []*Task }

// Pack implements Codec.
func (c *indexCodec) Pack(tasks []*Task) []byte {
	from := len(c.tasks)
	c.tasks = append(c.tasks, tasks...)
	packed := make([]byte, 0, 20*len(tasks))
	return binary.AppendUvarint(binary.AppendUvarint(packed, uint64(from)), uint64(len(tasks)))
}

// Unpack implements Codec.
func (c *indexCodec) Unpack(packed []byte) []*Task {
	from, n := binary.Uvarint(packed)
	count, _ := binary.Uvarint(packed[n:])
	return c.tasks[from : from+count]
}

// A planDriver calls a plan as the scheduler does, at times that the test sets.
type planDriver struct {
	t *testing.T
	*Plan
	now       time.Time
	exchanges []*testTask // under way, in the order of their starts
	lastSeq   int64
}

// newPlanDriver returns a driver whose plan spills no Task.
func newPlanDriver(t *testing.T, change func(*testLimits)) *planDriver {
	return &planDriver{t: t, Plan: New(usualLimits(change).Limits, nil), now: began}
}

// newSpillDriver returns a driver whose plan can spill Tasks.
func newSpillDriver(t *testing.T, change func(*testLimits)) *planDriver {
	return &planDriver{t: t, Plan: New(usualLimits(change).Limits, new(indexCodec)), now: began}
}

func (d *planDriver) advance(span time.Duration) { d.now = d.now.Add(span) }

// addTasks adds n Tasks for each of the hosts, one host after the other.
func (d *planDriver) addTasks(n int, hosts ...string) {
	for _, host := range hosts {
		for range n {
			d.lastSeq++
			newTestTask(host, d.lastSeq).addTo(d.Plan, d.now)
		}
	}
}

// nextTask calls Next, and returns the Owner of the Task.
func (d *planDriver) nextTask() (*testTask, time.Duration) {
	t, wait := d.Next(d.now)
	if t == nil {
		return nil, wait
	}
	return t.Owner.(*testTask), wait
}

// startAll starts all Tasks that may start now and returns their hosts, in order and separated by spaces. A Task that
// ends without an exchange is written as "lost".
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

// awaitStart advances the time until an exchange is under way.
func (d *planDriver) awaitStart() {
	for d.startAll(); len(d.exchanges) == 0; d.startAll() {
		_, wait := d.Next(d.now)
		d.advance(wait)
	}
}

// end ends the oldest exchange with a host with Verdict v, and adds its Task again unless the Fate is Final.
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

// failAll ends every exchange with a host without a response, until no more start now.
func (d *planDriver) failAll(host string) {
	d.t.Helper()
	for d.startAll(); len(d.exchanges) > 0; d.startAll() {
		d.end(host, noAnswer())
	}
}

// runAll starts n Tasks and ends each at once. Each starts at the time that the plan says, plus what late returns.
func (d *planDriver) runAll(n int, late func() time.Duration) (starts []time.Time) {
	d.t.Helper()
	for len(starts) < n {
		t, wait := d.Next(d.now)
		if t == nil {
			if wait <= 0 {
				d.t.Fatalf("after %d starts the plan waits %s", len(starts), wait)
			}
			d.advance(wait + late())
			continue
		}
		starts = append(starts, d.now)
		d.Done(t, d.now)
	}
	return starts
}

// noDelay is a late function for runAll: every start is on time.
func noDelay() time.Duration { return 0 }

// expectStarts starts all that may start and compares it with want, in the form of startAll.
func (d *planDriver) expectStarts(what, want string) {
	d.t.Helper()
	if got := d.startAll(); got != want {
		d.t.Errorf("%s: started [%s], want [%s]", what, got, want)
	}
}

// expectWait checks that no Task may start now, and the wait.
func (d *planDriver) expectWait(what string, want time.Duration) {
	d.t.Helper()
	if t, wait := d.Next(d.now); t != nil || wait != want {
		d.t.Errorf("%s: started %v and waits %s, want %s", what, t, wait, want)
	}
}

// expectLimit checks what keeps the next Task from starting.
func (d *planDriver) expectLimit(want Hold) {
	d.t.Helper()
	if got, _ := d.CurrentHold(d.now); got != want {
		d.t.Errorf("limited by %d, want %d", got, want)
	}
}

// rateLimitOf is the limit of a host's throttle, in starts a second; 0 is no limit.
func (d *planDriver) rateLimitOf(host string) float64 { return d.lanes[host].throttle.rate() }

// healthy is the Verdict on an exchange with an accepted response.
func healthy() judge.Verdict { return judge.Verdict{Health: judge.Healthy} }

// throttled is the Verdict on a 429 without Retry-After.
func throttled() judge.Verdict {
	return judge.Verdict{Health: judge.Refused, Failure: failure.New(failure.RateLimited, "429")}
}

// refused is the Verdict on a response that asks for a longer wait than RetryMaxDelay.
func refused(wait time.Duration) judge.Verdict {
	f := &failure.Failure{Kind: failure.RateLimited, Err: errRefused, RetryAfter: wait}
	return judge.Verdict{TooLong: true, Failure: f}
}

var errRefused = failure.New(failure.RateLimited, "the host asks to wait 1h")

// noAnswer is the Verdict on an exchange without a response.
func noAnswer() judge.Verdict {
	return judge.Verdict{Health: judge.NoAnswer, Failure: errRefusedDial}
}

var errRefusedDial = failure.New(failure.Connect, "connecting to a:80: connection refused")
