package fetch

import "time"

// A lookupQueue is the scheduler's view of the lookups: Tasks go out to the lookers and come back, in whatever order, with an answer
// from the cache or to be sent over the network.
type lookupQueue struct {
	waiting  queue[*task] // have not been given to a looker
	out      int          // have been given to one
	answered int64        // ended as successes with an answer from the cache
	lookers  int
	most     int // of them: fewer where the process may open few files
}

func (q *lookupQueue) len() int { return q.waiting.len() + q.out }

// place puts a Task where its next step is: into its lane, or before the cache where that has not been asked.
func (s *scheduler) place(t *task, now time.Time) {
	if s.options.Cache == nil || t.bad != nil || t.Verdict.Fate == Retry || t.Verdict.Fate == Restart {
		s.enqueue(t, now)
		return
	}
	s.asking.waiting.push(t)
}

// enqueue gives a task to the plan, under the origin that it asks next.
func (s *scheduler) enqueue(t *task, now time.Time) {
	if t.bad != nil {
		s.plan.addInvalid(&t.Task)
		return
	}
	t.describe()
	s.plan.add(&t.Task, t.host, now)
}

// lookUp gives waiting Tasks to lookers, as far as those have room. It never blocks.
func (s *scheduler) lookUp() {
	if s.asking.most == 0 {
		s.asking.most = min(lookers, MostConcurrency())
	}
	for s.asking.waiting.len() > 0 && s.asking.out < cap(s.lookups) {
		if s.asking.lookers < min(s.asking.most, s.asking.len()) {
			s.asking.lookers++
			s.hireLooker()
		}
		s.asking.out++
		s.lookups <- s.asking.waiting.pop() // never blocks: there are at most its capacity out
	}
}

// takeBack takes a Task from a looker.
func (s *scheduler) takeBack(t *task) {
	s.asking.out--
	now := time.Now()
	if t.fromCache {
		if t.failure() == nil { // Succeeded does not count what failed
			s.asking.answered++
		}
		s.end(t, now)
		return
	}
	if s.stopped() {
		s.unstarted(t)
		return
	}
	s.enqueue(t, now)
}

// takeBackAll is takeBack of all that lies ready.
func (s *scheduler) takeBackAll() {
	for n := len(s.lookedUp); n > 0; n-- {
		s.takeBack(<-s.lookedUp)
	}
}

// dropLookups ends the Tasks that no looker has; those that one has not begun with come back as they are.
func (s *scheduler) dropLookups() {
	s.noLookups.Store(true)
	for s.asking.waiting.len() > 0 {
		s.unstarted(s.asking.waiting.pop())
	}
}

// end counts a Task that has become a Record.
func (s *scheduler) end(t *task, now time.Time) {
	s.open--
	s.bulk -= t.request.bulk()
	s.tally.final(t)
	if f := t.failure(); f != nil && f.Kind == Canceled && !s.stopped() {
		s.stop(StopCanceled, now) // the flight heard of it before we did
	}
	if !s.stopped() && s.tally.tooMany(s.options) {
		s.stop(StopFailures, now)
	}
}

// unstarted ends a Task that will not be asked for because the run is over.
func (s *scheduler) unstarted(t *task) {
	if t.began.IsZero() {
		s.open--
		s.tally.NotStarted++
		return
	}
	s.plan.fail(&t.Task, s.cutOff(t))
}

// heldByCache reports whether lookups are all that is left to wait for.
func (s *scheduler) heldByCache() bool {
	return s.asking.len() > 0 && s.plan.waiting() == 0 && s.plan.running() == 0
}
