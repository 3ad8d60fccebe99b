package plan

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// A queueRun is a run of Tasks of one host in virtual time that makes so many pages at once, in the order of the
// requests. A request that waits for a response for longer than patience stalls, and is retried.
type queueRun struct {
	*planDriver
	service  time.Duration // that a page takes
	makers   int           // pages that are made at once
	diligent bool          // it makes pages for requests that have stalled, too
	hangs    float64       // the share of the pages that are never made, though their request takes a place

	rng      *rand.Rand
	underWay []*queuedRequest // in the order of their starts
	queue    []*queuedRequest // those whose page is not begun, in that order
	making   []*queuedRequest // those whose page is made
	stalls   int
	came     int           // pages that came
	spent    time.Duration // that all exchanges took together
}

const patience = 30 * time.Second

type queuedRequest struct {
	task    *testTask
	started time.Time
	made    time.Time // when the page is
	gone    bool      // it has ended
}

// play runs n Tasks, atOnce at most, and returns how long that takes.
func (r *queueRun) play(t *testing.T, n, atOnce int) time.Duration {
	t.Helper()
	r.planDriver = newPlanDriver(t, func(l *testLimits) { l.HostConcurrency, l.Concurrency = atOnce, atOnce })
	r.rng = rand.New(rand.NewPCG(7, 8))
	r.addTasks(n, "a")
	for len(r.underWay) > 0 || r.HasTasks("a") {
		if r.now.Sub(began) > 5*time.Hour {
			t.Fatal("the run does not end")
		}
		task, wait := r.nextTask()
		for ; task != nil || wait == 0; task, wait = r.nextTask() {
			if task.Lost == nil {
				task.Attempts++
				q := &queuedRequest{task: task, started: r.now}
				r.underWay, r.queue = append(r.underWay, q), append(r.queue, q)
			}
		}
		r.advance(r.untilNext(wait))
		r.serve()
		r.endStalled()
	}
	return r.now.Sub(began)
}

// untilNext is how long it takes until a page is made, a request has waited for too long, or a Task may start after
// wait: whole steps of 5 ms, at least one.
func (r *queueRun) untilNext(wait time.Duration) time.Duration {
	const step = 5 * time.Millisecond
	next := r.now.Add(time.Hour)
	if wait != Never {
		next = r.now.Add(wait)
	}
	if len(r.underWay) > 0 {
		next = earliest(next, r.underWay[0].started.Add(patience))
	}
	if len(r.making) < r.makers && len(r.queue) > 0 {
		next = r.now
	}
	for _, q := range r.making {
		next = earliest(next, q.made)
	}
	return max((next.Sub(r.now) + step - 1).Truncate(step), step)
}

// serve ends the exchanges whose page is made, and begins others.
func (r *queueRun) serve() {
	r.making = slices.DeleteFunc(r.making, func(q *queuedRequest) bool {
		if q.made.After(r.now) {
			return false
		}
		if !q.gone {
			r.came++
			r.end(q, healthy())
		}
		return true
	})
	for len(r.making) < r.makers && len(r.queue) > 0 {
		q := r.queue[0]
		r.queue = r.queue[1:]
		if q.gone && !r.diligent {
			continue
		}
		q.made = r.now.Add(r.service)
		if r.rng.Float64() < r.hangs {
			q.made = r.now.Add(2 * patience)
		}
		r.making = append(r.making, q)
	}
}

func (r *queueRun) end(q *queuedRequest, v judge.Verdict) {
	q.gone = true
	r.spent += r.now.Sub(q.started)
	r.underWay = slices.DeleteFunc(r.underWay, func(other *queuedRequest) bool { return other == q })
	q.task.Verdict = v
	r.Done(&q.task.Task, r.now)
}

// endStalled ends the exchanges that have waited for too long. The fourth attempt is the last one.
func (r *queueRun) endStalled() {
	for _, q := range slices.Clone(r.underWay) {
		if r.now.Sub(q.started) < patience {
			continue
		}
		r.stalls++
		v := judge.Verdict{Fate: judge.Final, Health: judge.NoAnswer,
			Failure: failure.New(failure.Stalled, "no data for 30s")}
		if q.task.Attempts <= 3 {
			v.Fate, v.Delay = judge.Retry, time.Duration(r.rng.Int64N(int64(time.Second)))
		}
		r.end(q, v)
		if v.Fate == judge.Retry {
			q.task.NotBefore = r.now.Add(v.Delay)
			q.task.addTo(r.Plan, r.now)
		}
	}
}

// TestHostThatQueues: a host that makes one page after the other, or a few at once, is asked for as many at once as it
// makes in a part of the time after which a request stalls. Of 80 pages of 670 ms that a server of Node.js 26.12 made
// one after the other (Bottleneck 2.19.5, maxConcurrent 1) 36 were lost with 10 at once and a patience of 5 s, in
// 130 s, and 73 with 64 at once; they take 54 s, and each comes where few are requested at once.
func TestHostThatQueues(t *testing.T) {
	for _, tt := range []struct {
		name      string
		service   time.Duration
		makers    int
		diligent  bool
		atOnce, n int
		slower    float64 // at most, than its pages alone take
	}{
		{"a few at once", 4 * time.Second, 1, false, 10, 200, 1.1},
		{"a few at once, made for no one", 4 * time.Second, 1, true, 10, 200, 1.1},
		{"many at once", 4 * time.Second, 1, false, 64, 200, 1.1},
		{"many at once, made for no one", 4 * time.Second, 1, true, 64, 200, 1.5},
		{"quick pages", time.Second, 1, false, 64, 500, 1.1},
		{"quick pages, made for no one", time.Second, 1, true, 64, 500, 1.2},
		{"slow pages", 12 * time.Second, 1, false, 10, 100, 1.1},
		{"slow pages, made for no one", 12 * time.Second, 1, true, 10, 100, 1.2},
		{"three at once", 6 * time.Second, 3, true, 64, 300, 1.3},
		{"enough patience", 2 * time.Second, 1, false, 10, 200, 1.01},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &queueRun{service: tt.service, makers: tt.makers, diligent: tt.diligent}
			took := r.play(t, tt.n, tt.atOnce)
			slower := took.Seconds() / (tt.service.Seconds() * float64(tt.n) / float64(tt.makers))
			if r.came < tt.n || slower > tt.slower {
				t.Errorf("%d stalls, %d of %d came, %s, %.2f times the least", r.stalls, r.came, tt.n, took, slower)
			}
		})
	}
}

// TestHangingPages: a host that makes all its pages at once, but for some that never come, is asked for as many at once
// as before, however long they take, but for a try now and then.
func TestHangingPages(t *testing.T) {
	for _, service := range []time.Duration{100 * time.Millisecond, 5 * time.Second, 12 * time.Second, 20 * time.Second,
		28 * time.Second} {
		for _, hangs := range []float64{0.02, 0.1, 0.3, 0.6} {
			r := &queueRun{service: service, makers: 1000, hangs: hangs}
			took := r.play(t, 300, 10)
			if least := r.spent / 10; took > least*8/5+patience {
				t.Errorf("%s, a share of %g: %d stalls, %s, %s at least", service, hangs, r.stalls, took, least)
			}
		}
	}
}
