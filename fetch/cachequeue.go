package fetch

import (
	"time"

	"batchfetch/fetch/fdlimit"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/queue"
)

// maxLookupWorkers is the most lookups under way at once. There are several because each may wait for a Store over a
// network.
const maxLookupWorkers = 16

// A lookupQueue is the scheduler's Tasks that are to be looked up in the cache, oldest first, and the counts of those
// that are being looked up. The scheduler's lock guards it. Tasks come back in any order.
type lookupQueue struct {
	waiting    queue.Queue[*task] // not sent to a lookup worker yet
	inProgress int                // Tasks sent to one and not taken back
	answered   int64              // Tasks that have ended as successes with a stored response
	workers    int                // lookup workers started
	maxWorkers int                // at most maxLookupWorkers, fewer where few files may be open; 0 is not known yet
}

// len returns the number of Tasks that have not come back.
func (q *lookupQueue) len() int { return q.waiting.Len() + q.inProgress }

// route adds a Task to the lookup queue where its target has not been looked up in the cache, else to the plan.
func (s *scheduler) route(t *task, now time.Time) {
	if s.options.Robots && s.robots.holds(s, t, now) {
		return
	}
	again := t.Verdict.Fate == judge.Retry || t.Verdict.Fate == judge.Restart
	if s.options.Cache == nil || t.lineError != nil || t.Lost != nil || again {
		s.enqueue(t, now)
		return
	}
	s.lookupQueue.waiting.Push(t)
}

// enqueue adds a Task to the plan, in the lane of its next exchange.
func (s *scheduler) enqueue(t *task, now time.Time) {
	if t.lineError != nil || t.Lost != nil {
		s.plan.AddInvalid(&t.Task)
		return
	}
	t.updatePlanTask()
	s.plan.Add(&t.Task, t.target.lane, now)
}

// startLookups sends waiting Tasks to the lookup workers, as far as the channel has room, and starts more workers where
// there are too few. It never blocks.
func (s *scheduler) startLookups() {
	q := &s.lookupQueue
	if q.maxWorkers == 0 {
		q.maxWorkers = min(maxLookupWorkers, fdlimit.Exchanges())
	}
	for q.waiting.Len() > 0 && q.inProgress < cap(s.lookups) {
		if q.workers < min(q.maxWorkers, q.len()) {
			q.workers++
			s.startLookupWorker()
		}
		q.inProgress++
		s.lookups <- q.waiting.Pop() // never blocks: no more are in progress than its capacity
	}
}

// takeLookup takes a Task back from a lookup worker.
func (s *scheduler) takeLookup(t *task, now time.Time) {
	s.lookupQueue.inProgress--
	if t.fromCache {
		if t.failure() == nil { // as Succeeded, which uncommitted subtracts it from
			s.lookupQueue.answered++
		}
		s.endTask(t, now)
		return
	}
	if s.isStopped() {
		s.endUnstarted(t)
		return
	}
	s.enqueue(t, now)
}

// dropLookups ends the Tasks that have not been sent to a lookup worker; those that have been sent and are not begun
// come back as they are.
func (s *scheduler) dropLookups() {
	s.lookupsClosed.Store(true)
	for s.lookupQueue.waiting.Len() > 0 {
		s.endUnstarted(s.lookupQueue.waiting.Pop())
	}
}

// waitsForLookups reports whether no Task is in the plan or under way but those that are being looked up.
func (s *scheduler) waitsForLookups() bool {
	return s.lookupQueue.len() > 0 && s.plan.Waiting() == 0 && s.plan.Running() == 0
}
