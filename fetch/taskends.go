package fetch

import (
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// takeDone takes a Task back from a worker: one whose Fate is Final has ended, and is not used any more; any other is
// routed to its next exchange.
func (s *scheduler) takeDone(t *task, now time.Time) {
	s.plan.Done(&t.Task, now)
	s.tally.countExchange(t)
	s.observeExchange(t, now)
	if live := s.options.Live; live != nil {
		live.Exchanges.Store(s.tally.Exchanges)
		live.Retries.Store(s.tally.Retries)
	}
	s.rooms.takeBack(t)
	if t.Verdict.Fate == judge.Final {
		s.endTask(t, now)
		t.recycle()
		return
	}
	if t.Verdict.Fate == judge.Retry {
		s.delayed = delayedHost{t.target.lane, t.counts.status}
	}
	t.NotBefore = now.Add(t.Verdict.Delay)
	if s.isStopped() {
		s.plan.Fail(&t.Task, s.cutOffFailure(t))
		return
	}
	if t.room > 0 {
		s.rooms.waiting = append(s.rooms.waiting, t)
		return
	}
	s.route(t, now)
}

// takeLookup takes a Task back from a lookup worker.
func (s *scheduler) takeLookup(t *task, now time.Time) {
	s.lookupQueue.takeBack(t)
	switch {
	case t.fromCache:
		s.endTask(t, now)
	case s.isStopped():
		s.endUnstarted(t)
	default:
		s.enqueue(t, now)
	}
}

// endTask counts a Task that has become a Record.
func (s *scheduler) endTask(t *task, now time.Time) {
	s.openTasks--
	if t.robots != nil {
		s.endRobots(t, now)
		return
	}
	s.largeBytes -= t.request.largeSize()
	s.tally.countFinal(t)
	if f := t.failure(); f != nil && f.Kind == failure.Canceled && !s.isStopped() {
		s.stop(StopCanceled, now) // the exchange saw the end of the context first
	}
	if t.next != nil {
		s.addPage(t.next, now)
	}
	if t.counts.exchanged && s.openTasks > 0 { // at the end of the run all are closed
		s.releaseConnections(t)
	}
	s.checkFailures(now)
}

// releaseConnections closes the idle connections to the origin of a Task that has ended, for which there is no other.
// Once no more come, Tasks under way need none either: a server with few workers, such as Starman and others that fork,
// has one wait at each idle connection until a timeout, and reads nothing from the others in that time.
func (s *scheduler) releaseConnections(t *task) {
	ended := s.inputEnded || s.isStopped()
	switch to := &t.target.Target; {
	case !s.plan.HasTasks(to.Origin):
		s.release(to, ended)
	case ended && s.lookupQueue.len() == 0:
		if n := s.plan.TakeSurplus(to.Origin); n > 0 {
			s.closeIdle(to, n)
		}
	}
}

// endRobots takes a robots.txt that has been fetched, or has failed, and routes the Tasks that wait for it.
func (s *scheduler) endRobots(t *task, now time.Time) {
	released := s.robots.fetched(t, now)
	if released.rate > 0 {
		s.plan.LimitRate(t.robots.origin, released.rate, now)
	}
	for _, w := range released.refused {
		s.plan.Fail(&w.Task, released.why)
	}
	for _, w := range released.waiting {
		s.route(w, now)
	}
}

// observeExchange tells the Observer of the exchange of t, which the plan has seen.
func (s *scheduler) observeExchange(t *task, now time.Time) {
	if s.options.Observer == nil || !t.counts.exchanged {
		return
	}
	origin, _ := splitLane(t.counts.lane)
	s.options.Observer.ObserveExchange(&ObservedExchange{
		Host: origin, StartedAt: t.counts.startedAt, Took: t.counts.took, Refused: t.Verdict.Refusal,
		PausedUntil: s.plan.PausedUntil(t.counts.lane, now),
	})
}
