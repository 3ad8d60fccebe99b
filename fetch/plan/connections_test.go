package plan

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"batchfetch/fetch/judge"
)

// A keepingRun is a run in virtual time over hosts that keep connections: an exchange takes the latency of its host
// and, where no connection is idle, a dial. Latencies vary by a third.
type keepingRun struct {
	*Plan
	now       time.Time
	latency   func(host int) time.Duration
	dial      time.Duration
	idleTime  time.Duration // after which hosts close connections; 0 is never
	rng       *rand.Rand
	running   exchangeHeap
	idleSince map[string][]time.Time
	dials     int
}

// run makes exchanges with hosts, in turns, and returns the time that they take. counts has their number by host.
func (r *keepingRun) run(counts []int) time.Duration {
	r.now, r.rng, r.idleSince = began, rand.New(rand.NewPCG(1, 2)), map[string][]time.Time{}
	latencies := map[string]time.Duration{}
	left := 0
	for round := 0; ; round++ {
		added := false
		for i, n := range counts {
			if round < n {
				host := fmt.Sprintf("http://%d.test", i)
				latencies[host] = r.latency(i)
				t := newTestTask(host, int64(left+1))
				t.addTo(r.Plan, r.now)
				left, added = left+1, true
			}
		}
		if !added {
			break
		}
	}
	for left > 0 {
		for t, _ := r.Next(r.now); t != nil; t, _ = r.Next(r.now) {
			task := t.Owner.(*testTask)
			took := time.Duration(float64(latencies[task.host]) * (5 + 2*r.rng.Float64()) / 6)
			t.Connection = Connection{Kept: true}
			if !r.takeIdle(task.host) {
				r.dials++
				t.Connection.Dialed = r.dial
			}
			heap.Push(&r.running, timedTask{r.now.Add(took + t.Connection.Dialed), task})
		}
		r.now = r.running[0].at
		for len(r.running) > 0 && !r.running[0].at.After(r.now) {
			t := heap.Pop(&r.running).(timedTask).task
			r.idleSince[t.host] = append(r.idleSince[t.host], r.now)
			t.Verdict = judge.Verdict{Health: judge.Healthy}
			r.Done(&t.Task, r.now)
			left--
		}
	}
	return r.now.Sub(began)
}

// takeIdle takes the connection of a host that became idle last, and reports whether there was one.
func (r *keepingRun) takeIdle(host string) bool {
	idle := r.idleSince[host]
	if len(idle) == 0 {
		return false
	}
	last := idle[len(idle)-1]
	r.idleSince[host] = idle[:len(idle)-1]
	return r.idleTime == 0 || r.now.Sub(last) < r.idleTime
}

// even returns n counts that are the same.
func even(n, count int) []int {
	counts := make([]int, n)
	for i := range counts {
		counts[i] = count
	}
	return counts
}

// TestConnectionsAreFew: a run over hosts that keep connections makes few of them, and ends about as early as all
// exchanges at full concurrency, or those of the largest host at its own, would. The hosts close a connection that is
// idle for five seconds.
func TestConnectionsAreFew(t *testing.T) {
	quick := func(int) time.Duration { return 2 * time.Millisecond }
	far := func(int) time.Duration { return 100 * time.Millisecond }
	largest := even(100, 20)
	largest[57] = 2000
	unequal := make([]int, 1000)
	for i := range unequal {
		unequal[i] = 14_000 / (i + 1)
	}
	mixed := func(host int) time.Duration { return time.Duration(20+host*7919%180) * time.Millisecond }
	for name, tt := range map[string]struct {
		counts  []int
		latency func(int) time.Duration
		dial    time.Duration
		most    int     // connections
		longest float64 // as a multiple of the time of all exchanges at full concurrency
	}{
		"fewer hosts than exchanges at once": {even(50, 200), quick, time.Millisecond, 60, 1.35},
		"more hosts than that":               {even(200, 50), quick, time.Millisecond, 200, 1.1},
		"far hosts":                          {even(200, 10), far, 100 * time.Millisecond, 220, 1.15},
		"far hosts with TLS":                 {even(200, 10), far, 200 * time.Millisecond, 220, 1.25},
		"a few far hosts":                    {even(20, 100), far, 100 * time.Millisecond, 100, 1.2},
		"one host":                           {even(1, 1000), far, 100 * time.Millisecond, 10, 6.6},
		"one host with a few":                {even(1, 10), far, 100 * time.Millisecond, 10, 15},
		"many hosts":                         {even(5000, 10), far, 100 * time.Millisecond, 5500, 1.2},
		"unequal hosts":                      {unequal, mixed, 100 * time.Millisecond, 1500, 1.1},
		"one is the largest":                 {largest, far, 100 * time.Millisecond, 125, 3.5},
	} {
		t.Run(name, func(t *testing.T) {
			r := &keepingRun{Plan: New(usualLimits(func(l *testLimits) { l.Concurrency, l.Idle = 64, 1000 }).Limits, nil),
				latency: tt.latency, dial: tt.dial, idleTime: 5 * time.Second}
			took := r.run(tt.counts)
			var all time.Duration
			for i, n := range tt.counts {
				all += time.Duration(n) * tt.latency(i)
			}
			if ratio := 64 * took.Seconds() / all.Seconds(); r.dials > tt.most || ratio > tt.longest {
				t.Errorf("%d connections, want at most %d; %s is %.2f times the least, want at most %.2f", r.dials, tt.most,
					took, ratio, tt.longest)
			}
		})
	}
}

// endKept ends the oldest exchange with a host with a response, and a connection that is kept.
func (d *planDriver) endKept(host string, shared bool) {
	d.t.Helper()
	for _, t := range d.exchanges {
		if t.host == host {
			t.Connection = Connection{Kept: true, Shared: shared}
		}
	}
	d.end(host, healthy())
}

// TestAnotherConnectionWaits: where hosts have connections and almost all exchanges are under way, the next one waits
// for one of these; where a host closes connections, or shares them, it does not.
func TestAnotherConnectionWaits(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(d *planDriver)
		want string
	}{
		"kept":   {func(d *planDriver) { d.endKept("a", false) }, "a"},
		"shared": {func(d *planDriver) { d.endKept("a", true) }, "a a"},
		"closed": {func(d *planDriver) {
			d.endKept("b", false)
			d.end("a", healthy())
		}, "a b a"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newPlanDriver(t, func(l *testLimits) { l.Concurrency, l.Idle = 4, 10 })
			d.addTasks(3, "a", "b", "c")
			d.expectStarts("one of each", "a b c")
			d.advance(time.Millisecond)
			tt.end(d)
			d.expectStarts("then", tt.want)
		})
	}
}

// TestPartsOfAHostShareConnections: a lane that waits for a connection of another lane of its host starts when that one
// has ended.
func TestPartsOfAHostShareConnections(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) {
		l.Concurrency, l.Idle = 4, 10
		l.Limits.Host = func(host string) HostLimits { return HostLimits{Concurrency: 10, Within: host[:1]} }
	})
	d.addTasks(1, "b")
	d.startAll()
	d.advance(time.Millisecond)
	d.endKept("b", false)
	d.addTasks(1, "c", "a/v1", "a/v2")
	d.expectStarts("one part", "c a/v1")
	d.expectWait("another part", Never)
	d.endKept("a/v1", false)
	d.expectStarts("another part, over the same connection", "a/v2")
}

// TestShortageOfConnections: after an exchange that lacked what a connection takes, those over kept connections go
// first, and one of the others starts at a time, until one has got a connection.
func TestShortageOfConnections(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.Concurrency, l.Idle = 8, 10 })
	d.addTasks(2, "kept")
	d.addTasks(1, "short")
	d.expectStarts("both hosts", "kept short kept")
	d.advance(time.Millisecond)
	d.end("short", judge.Verdict{Shortage: true})
	d.addTasks(5, "a", "b")
	d.addTasks(1, "kept")
	d.endKept("kept", false)
	d.expectStarts("the kept one first, then one of the others", "kept a")
	d.expectWait("until the next of them", coldPause)
	d.advance(coldPause)
	d.expectStarts("the next", "b")
	d.exchanges[len(d.exchanges)-1].Connection.Dialed = time.Millisecond
	d.end("b", healthy())
	if d.isShort(d.now) {
		t.Error("a connection was made, and the shortage goes on")
	}
}

// TestTakeSurplus: of the idle connections to a host, those beyond one for each Task that waits are surplus; the lanes
// of parts of a host share them.
func TestTakeSurplus(t *testing.T) {
	for _, within := range []bool{false, true} {
		hosts := []string{"a", "a"}
		if within {
			hosts[1] = "a/v1"
		}
		d := newPlanDriver(t, func(l *testLimits) {
			l.Limits.Host = func(host string) HostLimits {
				limits := HostLimits{Concurrency: 3}
				if within {
					limits.Within = host[:1]
				}
				return limits
			}
		})
		d.addTasks(2, hosts...)
		d.startAll() // three of four
		d.endKept(d.exchanges[0].host, false)
		if n := d.TakeSurplus("a"); n != 0 {
			t.Errorf("within %t: %d surplus while a Task waits", within, n)
		}
		d.startAll()
		d.endKept(d.exchanges[0].host, false)
		if n := d.TakeSurplus("a"); n != 1 || d.TakeSurplus("a") != 0 || d.idle != 0 {
			t.Errorf("within %t: %d surplus while none waits, then %d idle", within, n, d.idle)
		}
	}
	if n := newPlanDriver(t, func(*testLimits) {}).TakeSurplus("a"); n != 0 {
		t.Errorf("%d surplus to an unknown host", n)
	}
}

// TestHasTasks: a host has Tasks while one waits or is under way, of a part of it too.
func TestHasTasks(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) {
		l.Limits.Host = func(host string) HostLimits { return HostLimits{Concurrency: 1, Within: host[:1]} }
	})
	d.addTasks(1, "a", "a/v1")
	d.startAll()
	for _, host := range []string{"a", "a/v1"} {
		if !d.HasTasks("a") {
			t.Errorf("none before the end of that of %s", host)
		}
		d.end(host, healthy())
		d.startAll()
	}
	if d.HasTasks("a") {
		t.Error("there are some after all have ended")
	}
}
