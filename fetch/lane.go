package fetch

import (
	"container/heap"
	"fmt"
	"time"
)

// A lane is one host's queue of Tasks with its tokens, slots and pause. Its key is scheme://host:port.
type lane struct {
	host  string
	fresh queue[*task] // may start as far as they themselves go, in order of arrival
	later taskHeap     // back off until their time, then join the end of fresh
	slots int          // exchanges under way
	most  int          // of them
	pace  pace

	pausedUntil time.Time // the host asked for silence until then
	closedUntil time.Time // it asked for more silence than is obeyed; its Tasks fail until then
	refusals    int       // such answers in a row
	refused     *Failure  // the last of them

	queued bool      // in plan.ready
	full   bool      // its Tasks wait for a slot
	heap   *laneHeap // where it waits for a time; nil is nowhere
	place  int       // in heap
	at     time.Time // its time there
}

// refusalsToClose is how many requests in a row a host has to refuse for longer than --retry-max-delay
// until the others fail without being asked: one bad page does not speak for its host, and a host that means it is let be.
const refusalsToClose = 3

// newLane gives a host the limits that are its own, or else the run's.
func newLane(host string, o *Options) *lane {
	l := &lane{host: host, most: o.HostConcurrency}
	rate := o.HostRate
	if own := o.Hosts.Of(host); own != nil {
		l.most, rate = or(own.Concurrency, l.most), or(own.Rate, rate)
	}
	l.pace = newPace(rate)
	return l
}

func (l *lane) push(t *task, now time.Time) {
	if t.notBefore.After(now) {
		heap.Push(&l.later, t)
		return
	}
	l.fresh.push(t)
}

// ripen moves the Tasks whose back-off is over to the end of fresh.
func (l *lane) ripen(now time.Time) {
	for len(l.later) > 0 && !l.later[0].notBefore.After(now) {
		l.fresh.push(heap.Pop(&l.later).(*task))
	}
}

// start takes a slot, a token and the first Task.
func (l *lane) start(now time.Time) *task {
	l.slots++
	l.pace.spend(now)
	return l.fresh.pop()
}

func (l *lane) empty() bool { return l.fresh.len() == 0 && len(l.later) == 0 }

func (l *lane) startable(now time.Time) bool {
	l.ripen(now)
	return l.fresh.len() > 0 && l.slots < l.most && !l.pausedUntil.After(now) && !l.pace.due.After(now)
}

// nextStart returns when the first Task may start, slots aside; for an empty lane, when it may be forgotten.
func (l *lane) nextStart() time.Time {
	at := latest(l.pausedUntil, l.pace.due)
	if l.empty() {
		return latest(at, l.closedUntil)
	}
	if l.fresh.len() == 0 && len(l.later) > 0 {
		at = latest(at, l.later[0].notBefore)
	}
	return at
}

// paced reports whether the host's rate is what it waits for.
func (l *lane) paced() bool {
	return l.fresh.len() > 0 && l.pace.due.After(l.pausedUntil)
}

func (l *lane) closed(now time.Time) bool { return l.closedUntil.After(now) }

// judge notes a refusal, or an answer that ends a row of them, and reports whether the lane has just been closed.
func (l *lane) judge(v Verdict, now time.Time) bool {
	if !v.Refused {
		if !l.closed(now) {
			l.refusals = 0
		}
		return false
	}
	l.refusals++
	l.refused = v.Failure
	if l.refusals < refusalsToClose {
		return false
	}
	l.closedUntil = latest(l.closedUntil, now.Add(v.Failure.RetryAfter))
	return true
}

// enter makes the lane wait in a heap until a time, in place of wherever it waits.
func (l *lane) enter(into *laneHeap, until time.Time) {
	if l.heap != into {
		l.leave()
	}
	l.at = until
	if l.heap == into {
		heap.Fix(into, l.place)
		return
	}
	l.heap = into
	heap.Push(into, l)
}

// leave takes it out of where it waits.
func (l *lane) leave() {
	if l.heap != nil {
		heap.Remove(l.heap, l.place)
		l.heap = nil
	}
}

// refusal is the last word on a Task of a closed lane.
func (l *lane) refusal(now time.Time) *Failure {
	return &Failure{
		Kind:       RateLimited,
		Err:        fmt.Errorf("not asked: %d requests in a row were refused by the host, the last one so: %w", l.refusals, l.refused),
		RetryAfter: l.closedUntil.Sub(now),
	}
}

// clear takes every Task out.
func (l *lane) clear() []*task {
	tasks := make([]*task, 0, l.fresh.len()+len(l.later))
	for l.fresh.len() > 0 {
		tasks = append(tasks, l.fresh.pop())
	}
	tasks = append(tasks, l.later...)
	l.later = nil
	return tasks
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// A queue is first in, first out.
type queue[T any] struct {
	items []T
	head  int
}

func (q *queue[T]) len() int { return len(q.items) - q.head }

func (q *queue[T]) push(item T) {
	if q.head > 0 && len(q.items) == cap(q.items) && q.head >= len(q.items)/2 {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, item)
}

func (q *queue[T]) pop() T {
	var none T
	item := q.items[q.head]
	q.items[q.head] = none
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return item
}

type laneHeap []*lane

func (h laneHeap) Len() int           { return len(h) }
func (h laneHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h laneHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push is container/heap's.
func (h *laneHeap) Push(x any) {
	l := x.(*lane)
	l.place = len(*h)
	*h = append(*h, l)
}

// Pop is container/heap's.
func (h *laneHeap) Pop() any {
	last := len(*h) - 1
	l := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return l
}

type taskHeap []*task

func (h taskHeap) Len() int           { return len(h) }
func (h taskHeap) Less(i, j int) bool { return h[i].notBefore.Before(h[j].notBefore) }
func (h taskHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push is container/heap's.
func (h *taskHeap) Push(x any) { *h = append(*h, x.(*task)) }

// Pop is container/heap's.
func (h *taskHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return t
}
