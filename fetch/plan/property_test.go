package plan

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// A simulation is a run in virtual time in which every exchange takes a random time and ends with a random Verdict.
type simulation struct {
	t          *testing.T
	rng        *rand.Rand
	limits     *testLimits
	plan       *Plan
	now        time.Time
	running    map[*testTask]time.Time // exchanges under way, and when they end
	pending    int                     // Tasks not added yet
	unfinished map[int64]bool          // in the plan or under way
	ended      map[int64]bool
	onHost     map[string]int
	starts     map[string][]time.Time
	allStarts  []time.Time
	pauses     map[string]time.Time // of hosts, and when they end
	hosts      int
}

func newSimulation(t *testing.T, seed uint64) *simulation {
	rng := rand.New(rand.NewPCG(seed, 7))
	l := usualLimits(func(l *testLimits) {
		l.Concurrency, l.HostConcurrency = 1+rng.IntN(20), 1+rng.IntN(5)
		l.Rate = []float64{0, 0, 3, 50, 1000}[rng.IntN(5)]
		l.HostRate = []float64{0, 0, 1, 20, 500}[rng.IntN(5)]
	})
	return &simulation{t: t, rng: rng, limits: l, plan: New(l.Limits, nil), now: began, pending: 300,
		hosts:   1 + rng.IntN(12),
		running: map[*testTask]time.Time{}, unfinished: map[int64]bool{}, ended: map[int64]bool{},
		onHost: map[string]int{}, starts: map[string][]time.Time{}, pauses: map[string]time.Time{}}
}

// randomSpan returns a random duration below most.
func (s *simulation) randomSpan(most time.Duration) time.Duration {
	return time.Duration(s.rng.Int64N(int64(most)))
}

func (s *simulation) randomHost() string { return fmt.Sprintf("http://%d.test", s.rng.IntN(s.hosts)) }

// run goes from event to event until all Tasks have ended.
func (s *simulation) run() {
	for steps := 0; s.pending > 0 || len(s.unfinished) > 0; steps++ {
		if steps > 200000 {
			s.t.Fatalf("no end: %d wait, %d run", s.plan.Waiting(), len(s.running))
		}
		if s.pending > 0 && s.rng.IntN(3) > 0 {
			s.addTasks()
		}
		wait := s.startAll()
		if s.pending == 0 && len(s.unfinished) > 0 && wait == Never && len(s.running) == 0 {
			s.t.Fatalf("%d tasks wait for nothing", len(s.unfinished))
		}
		s.sleepUntilEvent(wait)
		s.endAll()
	}
}

// addTasks adds up to 20 Tasks, some of them without a host.
func (s *simulation) addTasks() {
	for range min(s.pending, 1+s.rng.IntN(20)) {
		t := newTestTask(s.randomHost(), int64(s.pending))
		invalid := s.rng.IntN(50) == 0
		s.pending--
		s.unfinished[t.seq] = true
		if invalid {
			t.host = ""
			s.plan.AddInvalid(&t.Task)
			continue
		}
		t.addTo(s.plan, s.now)
	}
}

// startAll starts all that may start, checks each start against the limits, and returns the plan's wait.
func (s *simulation) startAll() time.Duration {
	for {
		started, wait := s.plan.Next(s.now)
		if started == nil {
			if wait != Never && wait <= 0 {
				s.t.Fatalf("nothing starts, and the wait is %s", wait)
			}
			return wait
		}
		t := started.Owner.(*testTask)
		if !s.unfinished[t.seq] {
			s.t.Fatalf("task %d starts after its end", t.seq)
		}
		if _, twice := s.running[t]; twice {
			s.t.Fatalf("task %d runs twice", t.seq)
		}
		s.running[t] = s.now.Add(s.randomSpan(2 * time.Second))
		if len(s.running) > s.limits.Concurrency {
			s.t.Fatalf("%d run at once", len(s.running))
		}
		if t.host != "" && t.Lost == nil {
			s.checkStart(t)
		}
	}
}

// checkStart checks the start of a Task against all limits of its host.
func (s *simulation) checkStart(t *testTask) {
	s.onHost[t.host]++
	if s.onHost[t.host] > s.limits.HostConcurrency {
		s.t.Fatalf("%d run at once with %s", s.onHost[t.host], t.host)
	}
	if s.pauses[t.host].After(s.now) {
		s.t.Fatalf("%s is asked %s before its pause is over", t.host, s.pauses[t.host].Sub(s.now))
	}
	if t.NotBefore.After(s.now) {
		s.t.Fatalf("task %d starts %s before its back-off is over", t.seq, t.NotBefore.Sub(s.now))
	}
	s.starts[t.host] = append(s.starts[t.host], s.now)
	s.allStarts = append(s.allStarts, s.now)
}

// sleepUntilEvent advances the time to the next event: the end of an exchange, that of the plan's wait, or at random an
// earlier time.
func (s *simulation) sleepUntilEvent(wait time.Duration) {
	next := s.now.Add(time.Second)
	if wait != Never {
		next = s.now.Add(wait + s.randomSpan(3*time.Millisecond))
	}
	for _, at := range s.running {
		if at.Before(next) {
			next = at
		}
	}
	if s.rng.IntN(10) == 0 {
		next = s.now.Add(next.Sub(s.now) / 2)
	}
	if next.After(s.now) {
		s.now = next
	}
}

// endAll ends the exchanges whose time is over, and adds their Tasks again unless the Fate is Final.
func (s *simulation) endAll() {
	bySeq := func(a, b *testTask) int { return int(a.seq - b.seq) }
	for _, t := range slices.SortedFunc(maps.Keys(s.running), bySeq) {
		if s.running[t].After(s.now) {
			continue
		}
		delete(s.running, t)
		exchanged := t.host != "" && t.Lost == nil
		host := t.host
		t.Verdict = judge.Verdict{}
		if exchanged {
			s.onHost[host]--
			t.Verdict = s.randomVerdict()
		}
		s.plan.Done(&t.Task, s.now)
		if pause := t.Verdict.Hold; pause > 0 {
			s.pauses[host] = latest(s.pauses[host], s.now.Add(pause))
		}
		if t.Verdict.Fate == judge.Final {
			if s.ended[t.seq] {
				s.t.Fatalf("task %d ends twice", t.seq)
			}
			s.ended[t.seq] = true
			delete(s.unfinished, t.seq)
			continue
		}
		if t.Verdict.Fate == judge.Hop {
			t.host = s.randomHost()
		}
		t.NotBefore = s.now.Add(t.Verdict.Delay)
		t.addTo(s.plan, s.now)
	}
}

func (s *simulation) randomVerdict() judge.Verdict {
	switch s.rng.IntN(20) {
	case 0, 1:
		return judge.Verdict{Fate: judge.Hop}
	case 2, 3:
		reset := failure.New(failure.Reset, "x")
		return judge.Verdict{Fate: judge.Retry, Delay: s.randomSpan(5 * time.Second), Failure: reset}
	case 4:
		wait := s.randomSpan(5 * time.Second)
		return judge.Verdict{Fate: judge.Retry, Delay: wait, Hold: wait, Failure: failure.New(failure.RateLimited, "x")}
	case 5:
		return refused(s.randomSpan(30 * time.Second))
	}
	return judge.Verdict{}
}

// TestPlanKeepsItsPromises: for random hosts no limit is exceeded, no pause or back-off is cut short, every Task ends
// exactly once, and at the end the plan has no Task and no lane.
func TestPlanKeepsItsPromises(t *testing.T) {
	for seed := range uint64(150) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			s := newSimulation(t, seed)
			s.run()
			if len(s.ended) != 300 {
				t.Errorf("%d of 300 ended", len(s.ended))
			}
			s.checkRate(s.limits.Rate, s.allStarts)
			for _, starts := range s.starts {
				s.checkRate(s.limits.HostRate, starts)
			}
			s.now = s.now.Add(time.Hour)
			s.startAll()
			p := s.plan
			lanes := []int{len(p.lanes), p.busy.len(), p.timed.len(), p.expiring.len()}
			if p.Waiting() != 0 || p.Running() != 0 || slices.Max(lanes) != 0 || p.tasksByHold != [holdKinds]int{} {
				t.Errorf("left: %d tasks, %d running, lanes (all, busy, timed, expiring) %d, held %v",
					p.Waiting(), p.Running(), lanes, p.tasksByHold)
			}
		})
	}
}

// checkRate checks that no interval has more starts than a rate allows; perSecond 0 allows any number.
func (s *simulation) checkRate(perSecond float64, starts []time.Time) {
	if perSecond == 0 {
		return
	}
	for _, span := range []time.Duration{5 * time.Millisecond, time.Second, 10 * time.Second} {
		if got := mostStartsWithin(starts, span); float64(got) > 1+perSecond*(span+lateness).Seconds()+1e-6 {
			s.t.Errorf("%d starts in %s at %g/s", got, span, perSecond)
		}
	}
}

// TestSteadyHostsAreNotHeldUp: while one host pauses, backs off and refuses, the others take no longer than without it.
func TestSteadyHostsAreNotHeldUp(t *testing.T) {
	took := func(troubled bool) time.Duration {
		d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 2 })
		d.addTasks(50, "steady")
		if troubled {
			d.addTasks(50, "trouble")
		}
		for steps := 0; ; steps++ {
			d.startAll()
			d.advance(100 * time.Millisecond)
			for _, x := range slices.Clone(d.exchanges) {
				v := judge.Verdict{}
				if x.host == "trouble" {
					v = judge.Verdict{Fate: judge.Retry, Delay: time.Duration(steps) * time.Second}
					v.Hold = time.Duration(steps%3) * time.Second
				}
				d.end(x.host, v)
			}
			if l := d.lanes["steady"]; l == nil {
				return d.now.Sub(began)
			}
		}
	}
	if alone, beside := took(false), took(true); alone != beside {
		t.Errorf("takes %s alone and %s beside a troubled host", alone, beside)
	}
}
