package fetch

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A simulation plays hosts to a plan on a clock of its own: every flight takes a random time and ends at random.
type simulation struct {
	t       *testing.T
	rng     *rand.Rand
	plan    *plan
	now     time.Time
	flying  map[*task]time.Time // and when it lands
	pending int                 // not yet asked
	alive   map[int64]bool      // in the plan or flying
	ended   map[int64]bool
	onHost  map[string]int
	starts  map[string][]time.Time
	all     []time.Time
	silence map[string]time.Time
	hosts   int
}

func newSimulation(t *testing.T, seed uint64) *simulation {
	rng := rand.New(rand.NewPCG(seed, 7))
	o := options(func(o *Options) {
		o.Concurrency, o.HostConcurrency = 1+rng.IntN(20), 1+rng.IntN(5)
		o.Rate = []float64{0, 0, 3, 50, 1000}[rng.IntN(5)]
		o.HostRate = []float64{0, 0, 1, 20, 500}[rng.IntN(5)]
	})
	return &simulation{t: t, rng: rng, plan: newPlan(o), now: noon, pending: 300, hosts: 1 + rng.IntN(12),
		flying: map[*task]time.Time{}, alive: map[int64]bool{}, ended: map[int64]bool{},
		onHost: map[string]int{}, starts: map[string][]time.Time{}, silence: map[string]time.Time{}}
}

func (s *simulation) span(most time.Duration) time.Duration {
	return time.Duration(s.rng.Int64N(int64(most)))
}

func (s *simulation) host() string { return fmt.Sprintf("http://%d.test", s.rng.IntN(s.hosts)) }

// run goes from event to event until everything has ended.
func (s *simulation) run() {
	for steps := 0; s.pending > 0 || len(s.alive) > 0; steps++ {
		if steps > 200000 {
			s.t.Fatalf("no end: %d wait, %d fly", s.plan.size, len(s.flying))
		}
		if s.pending > 0 && s.rng.IntN(3) > 0 {
			s.ask()
		}
		wait := s.startAll()
		if s.pending == 0 && len(s.alive) > 0 && wait == never && len(s.flying) == 0 {
			s.t.Fatalf("%d tasks wait for nothing", len(s.alive))
		}
		s.sleep(wait)
		s.landAll()
	}
}

func (s *simulation) ask() {
	for range min(s.pending, 1+s.rng.IntN(20)) {
		t := &task{seq: int64(s.pending), target: target{Target: Target{host: s.host()}}}
		if s.rng.IntN(50) == 0 {
			t.target, t.bad = target{}, &LineError{}
		}
		s.pending--
		s.alive[t.seq] = true
		s.plan.add(t, s.now)
	}
}

// startAll starts what may start, checks each against the limits, and returns the plan's wait.
func (s *simulation) startAll() time.Duration {
	for {
		t, wait := s.plan.next(s.now)
		if t == nil {
			if wait != never && wait <= 0 {
				s.t.Fatalf("nothing starts, and the wait is %s", wait)
			}
			return wait
		}
		if !s.alive[t.seq] {
			s.t.Fatalf("task %d starts after its end", t.seq)
		}
		if _, twice := s.flying[t]; twice {
			s.t.Fatalf("task %d flies twice", t.seq)
		}
		s.flying[t] = s.now.Add(s.span(2 * time.Second))
		if len(s.flying) > s.plan.options.Concurrency {
			s.t.Fatalf("%d fly at once", len(s.flying))
		}
		if t.bad == nil && t.lost == nil {
			s.check(t)
		}
	}
}

func (s *simulation) check(t *task) {
	s.onHost[t.host]++
	if s.onHost[t.host] > s.plan.options.HostConcurrency {
		s.t.Fatalf("%d fly to %s at once", s.onHost[t.host], t.host)
	}
	if s.silence[t.host].After(s.now) {
		s.t.Fatalf("%s is asked %s before its pause is over", t.host, s.silence[t.host].Sub(s.now))
	}
	if t.notBefore.After(s.now) {
		s.t.Fatalf("task %d starts %s before its back-off is over", t.seq, t.notBefore.Sub(s.now))
	}
	s.starts[t.host] = append(s.starts[t.host], s.now)
	s.all = append(s.all, s.now)
}

// sleep goes to the next event: a landing, the plan's wait, or sometimes an earlier moment.
func (s *simulation) sleep(wait time.Duration) {
	next := s.now.Add(time.Second)
	if wait != never {
		next = s.now.Add(wait + s.span(3*time.Millisecond))
	}
	for _, at := range s.flying {
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

func (s *simulation) landAll() {
	bySeq := func(a, b *task) int { return int(a.seq - b.seq) }
	for _, t := range slices.SortedFunc(maps.Keys(s.flying), bySeq) {
		if s.flying[t].After(s.now) {
			continue
		}
		delete(s.flying, t)
		exchanged := t.bad == nil && t.lost == nil
		host := t.host
		t.verdict = Verdict{}
		if exchanged {
			s.onHost[host]--
			t.verdict = s.verdict()
		}
		s.plan.done(t, s.now)
		if pause := t.verdict.Pause; pause > 0 {
			s.silence[host] = latest(s.silence[host], s.now.Add(pause))
		}
		if t.verdict.Fate == Final {
			if s.ended[t.seq] {
				s.t.Fatalf("task %d ends twice", t.seq)
			}
			s.ended[t.seq] = true
			delete(s.alive, t.seq)
			continue
		}
		if t.verdict.Fate == Hop {
			t.host = s.host()
		}
		t.notBefore = s.now.Add(t.verdict.Delay)
		s.plan.add(t, s.now)
	}
}

func (s *simulation) verdict() Verdict {
	switch s.rng.IntN(20) {
	case 0, 1:
		return Verdict{Fate: Hop}
	case 2, 3:
		return Verdict{Fate: Retry, Delay: s.span(5 * time.Second), Failure: failf(Reset, "x")}
	case 4:
		wait := s.span(5 * time.Second)
		return Verdict{Fate: Retry, Delay: wait, Pause: wait, Failure: failf(RateLimited, "x")}
	case 5:
		return refusal(s.span(30 * time.Second))
	}
	return Verdict{}
}

// TestPlanKeepsItsPromises: whatever hosts do, no limit is passed, no pause or back-off is cut short,
// every Task ends exactly once, and in the end the plan holds nothing.
func TestPlanKeepsItsPromises(t *testing.T) {
	for seed := range uint64(150) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			s := newSimulation(t, seed)
			s.run()
			if len(s.ended) != 300 {
				t.Errorf("%d of 300 ended", len(s.ended))
			}
			o := s.plan.options
			s.checkRate(o.Rate, s.all)
			for _, starts := range s.starts {
				s.checkRate(o.HostRate, starts)
			}
			s.now = s.now.Add(time.Hour)
			s.startAll()
			p := s.plan
			if p.size != 0 || p.running != 0 || p.full.len() != 0 || len(p.lanes) != 0 || p.waiting.len() != 0 || p.fading.len() != 0 || p.held != [holds]int{} {
				t.Errorf("left: %d tasks, %d running, %d full, %d lanes, %d waiting, %d fading, held %v", p.size, p.running, p.full.len(), len(p.lanes), p.waiting.len(), p.fading.len(), p.held)
			}
		})
	}
}

func (s *simulation) checkRate(perSecond float64, starts []time.Time) {
	if perSecond == 0 {
		return
	}
	for _, span := range []time.Duration{5 * time.Millisecond, time.Second, 10 * time.Second} {
		if got := busiest(starts, span); float64(got) > 1+perSecond*(span+lateness).Seconds()+1e-6 {
			s.t.Errorf("%d starts in %s at %g/s", got, span, perSecond)
		}
	}
}

// TestSteadyHostsAreNotHeldUp: while one host pauses, backs off and refuses, the others take no longer than without it.
func TestSteadyHostsAreNotHeldUp(t *testing.T) {
	took := func(troubled bool) time.Duration {
		d := newDrive(t, func(o *Options) { o.HostConcurrency = 2 })
		d.ask(50, "steady")
		if troubled {
			d.ask(50, "trouble")
		}
		for steps := 0; ; steps++ {
			d.start()
			d.pass(100 * time.Millisecond)
			for _, flight := range append([]*task(nil), d.flights...) {
				v := Verdict{}
				if flight.host == "trouble" {
					v = Verdict{Fate: Retry, Delay: time.Duration(steps) * time.Second, Pause: time.Duration(steps%3) * time.Second}
				}
				d.land(flight.host, v)
			}
			if l := d.lanes["steady"]; l == nil {
				return d.now.Sub(noon)
			}
		}
	}
	if alone, beside := took(false), took(true); alone != beside {
		t.Errorf("takes %s alone and %s beside a troubled host", alone, beside)
	}
}
