package fetch

import (
	"time"

	"batchfetch/fetch/fdlimit"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/queue"
)

// maxLookupWorkers is how many lookups are under way at once: a Store over a network takes its time for each.
const maxLookupWorkers = 16

// A lookupQueue counts the scheduler's Tasks that are being looked up in the cache. They come back in any order: with
// an answer, or to be sent over the network.
type lookupQueue struct {
	waiting    queue.Queue[*task] // have not been given to a lookup worker
	inProgress int                // have been given to one and have not come back
	answered   int64              // have ended as successes with an answer from the cache
	workers    int                // that have been started
	maxWorkers int                // of them: mostLookupWorkers, or fewer where the process may open few files; 0 is not known yet
}

func (q *lookupQueue) len() int { return q.waiting.Len() + q.inProgress }

// route puts a Task where its next step is: into the plan, or before that into the lookup queue where its target
// has not been looked up.
func (s *scheduler) route(t *task, now time.Time) {
	if s.options.Cache == nil || t.lineError != nil || t.Verdict.Fate == judge.Retry || t.Verdict.Fate == judge.Restart {
		s.enqueue(t, now)
		return
	}
	s.lookupQueue.waiting.Push(t)
}

// enqueue gives a Task to the plan, under the origin that it asks next.
func (s *scheduler) enqueue(t *task, now time.Time) {
	if t.lineError != nil {
		s.plan.AddInvalid(&t.Task)
		return
	}
	t.updatePlanTask()
	s.plan.Add(&t.Task, t.Origin, now)
}

// startLookups gives waiting Tasks to lookup workers, as far as those have room, and starts more of them where there
// are too few. It never blocks.
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
		s.lookups <- q.waiting.Pop() // never blocks: there are at most its capacity out
	}
}

// takeLookup takes a Task back from a lookup worker.
func (s *scheduler) takeLookup(t *task) {
	s.lookupQueue.inProgress--
	now := time.Now()
	if t.fromCache {
		if t.failure() == nil { // Succeeded does not count what failed
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

// takeLookups takes back every Task that lies ready.
func (s *scheduler) takeLookups() {
	for n := len(s.lookedUp); n > 0; n-- {
		s.takeLookup(<-s.lookedUp)
	}
}

// dropLookups ends the Tasks that no lookup worker has been given; those that one has not begun with come back as they
// are.
func (s *scheduler) dropLookups() {
	s.lookupsClosed.Store(true)
	for s.lookupQueue.waiting.Len() > 0 {
		s.endUnstarted(s.lookupQueue.waiting.Pop())
	}
}

// waitsForLookups reports whether lookups are all that is left to wait for.
func (s *scheduler) waitsForLookups() bool {
	return s.lookupQueue.len() > 0 && s.plan.Waiting() == 0 && s.plan.Running() == 0
}
