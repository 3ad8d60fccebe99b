package plan

import (
	"container/heap"
	"math/rand/v2"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// An apiRun is a run in virtual time against one host that limits its requests. Requests are counted some time after
// their start, in any order, and answered when their latency is over.
type apiRun struct {
	t       *testing.T
	rng     *rand.Rand
	plan    *Plan
	now     time.Time
	latency time.Duration // of an exchange; half of it, at random, is the time until it is counted
	// answer is the response to the request that is counted at now, when so many others are under way.
	answer func(path string, now time.Time, underWay int) judge.Verdict
	events eventHeap
	onHost int // requests that were counted and are not answered

	open, asked, refused, succeeded, lost int
	ended                                 time.Time
	byPath                                map[string]time.Time // when the last request of each path ended
}

// An apiEvent is the time at which a request is counted, or answered.
type apiEvent struct {
	at      time.Time
	task    *testTask
	counted bool
}

// eventHeap is a heap of events for container/heap, with the earliest on top.
type eventHeap []apiEvent

func (h eventHeap) Len() int           { return len(h) }
func (h eventHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h eventHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *eventHeap) Push(x any) { *h = append(*h, x.(apiEvent)) }

// Pop implements heap.Interface.
func (h *eventHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

func newAPIRun(t *testing.T, seed uint64, change func(*testLimits)) *apiRun {
	return &apiRun{t: t, rng: rand.New(rand.NewPCG(seed, 21)), plan: New(usualLimits(change).Limits, nil), now: began,
		latency: 20 * time.Millisecond, byPath: map[string]time.Time{}}
}

// run asks n requests of each path, in turns, and returns how long that took.
func (r *apiRun) run(n int, paths ...string) time.Duration {
	for i := range n * len(paths) {
		t := newTestTask("a", int64(i))
		t.Path = paths[i%len(paths)]
		t.addTo(r.plan, r.now)
		r.open++
	}
	for steps := 0; r.open > 0; steps++ {
		if steps > 100*n*len(paths)+10_000 {
			r.t.Fatalf("no end: %d are left after %s, %d asked", r.open, r.now.Sub(began), r.asked)
		}
		r.step()
	}
	return r.ended.Sub(began)
}

// step starts what may start, and goes to the next event.
func (r *apiRun) step() {
	started, wait := r.plan.Next(r.now)
	for ; started != nil; started, wait = r.plan.Next(r.now) {
		t := started.Owner.(*testTask)
		if t.Lost != nil {
			r.lost++
			r.end(t, judge.Verdict{})
			continue
		}
		r.asked++
		until := time.Duration(r.rng.Int64N(int64(r.latency/2) + 1))
		heap.Push(&r.events, apiEvent{r.now.Add(until), t, false})
	}
	next := r.now.Add(time.Hour)
	if wait != Never {
		next = r.now.Add(wait)
	}
	if len(r.events) > 0 && !r.events[0].at.After(next) {
		r.happen(heap.Pop(&r.events).(apiEvent))
		return
	}
	if r.open == 0 {
		return
	}
	if wait == Never {
		r.t.Fatalf("%d requests wait for nothing", r.open)
	}
	r.now = next
}

// happen advances the time to an event.
func (r *apiRun) happen(e apiEvent) {
	if e.at.After(r.now) {
		r.now = e.at
	}
	if !e.counted {
		e.task.Verdict = r.answer(e.task.Path, r.now, r.onHost)
		r.onHost++
		answered := e.task.Started.Add(r.latency)
		heap.Push(&r.events, apiEvent{answered, e.task, true})
		return
	}
	r.onHost--
	r.end(e.task, e.task.Verdict)
}

// end ends an exchange. What was refused or failed is asked again.
func (r *apiRun) end(t *testTask, v judge.Verdict) {
	t.Verdict = v
	r.plan.Done(&t.Task, r.now)
	switch {
	case t.Lost != nil:
	case v.Failure == nil:
		r.succeeded++
		r.byPath[t.Path] = r.now
	case v.Refusal || v.Health == judge.Overloaded:
		r.refused++
		if t.Refusals++; v.TooLong {
			r.lost++
			break
		}
		if !v.Refusal {
			t.Refusals = 0
			t.Attempts++
		}
		t.NotBefore = r.now.Add(time.Duration(r.rng.Int64N(int64(time.Second))))
		t.addTo(r.plan, r.now)
		return
	}
	r.open--
	r.ended = r.now
}

// refusal is the Verdict on a request that the host refused.
func refusal() judge.Verdict {
	return judge.Verdict{Fate: judge.Retry, Refusal: true, Health: judge.Refused,
		Failure: failure.New(failure.RateLimited, "429")}
}

// A fixedWindow is a quota of n requests in a window that begins with the first request after the one before.
type fixedWindow struct {
	n     int64
	every time.Duration
	end   time.Time
	used  int64
}

// take counts a request, and reports whether it is allowed, how many are left, and when the window ends.
func (w *fixedWindow) take(now time.Time) (ok bool, left int64, reset time.Duration) {
	if !now.Before(w.end) {
		w.end, w.used = now.Add(w.every), 0
	}
	if w.used < w.n {
		w.used++
		ok = true
	}
	return ok, w.n - w.used, w.end.Sub(now)
}

// roundUp is the duration in whole seconds, not shorter.
func roundUp(d time.Duration) time.Duration { return (d + time.Second - 1).Truncate(time.Second) }
