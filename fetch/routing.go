package fetch

import (
	"container/heap"
	"time"

	"batchfetch/fetch/judge"
)

// open takes a Task into the look-ahead window, beside what that allows.
func (s *scheduler) open(t *task, now time.Time) {
	s.openTasks++
	s.admitted++
	s.largeBytes += t.request.largeSize()
	s.route(t, now)
}

// route sends a Task to its next exchange: past the robots.txt of its host and the cache, where its target has not been
// looked up in it, to the plan.
func (s *scheduler) route(t *task, now time.Time) {
	if s.options.Robots && !s.passesRobots(t, now) {
		return
	}
	again := t.Verdict.Fate == judge.Retry || t.Verdict.Fate == judge.Restart
	isFound := t.lookup != nil && t.Verdict.Fate != judge.Hop // by the feeder
	if s.options.Cache == nil || t.lineError != nil || t.Lost != nil || again || isFound {
		s.enqueue(t, now)
		return
	}
	s.lookupQueue.waiting.Push(t)
}

// passesRobots reports whether the robots.txt of its host allows the next exchange of a Task; else that has failed, or
// waits for the robots.txt to be fetched.
func (s *scheduler) passesRobots(t *task, now time.Time) bool {
	fetch, waits, forbidden := s.robots.check(t, now)
	if fetch != nil {
		s.openTasks++
		s.route(fetch, now)
	}
	if forbidden != nil {
		s.plan.Fail(&t.Task, forbidden)
	}
	return !waits && forbidden == nil
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

// addPage takes the next page of a Request that is under way. Its place in the look-ahead window is that of the page
// before, unless a Holder holds the Record of that back.
func (s *scheduler) addPage(t *task, now time.Time) {
	switch {
	case s.isStopped():
		s.tally.NotStarted++
	case s.holder != nil:
		heap.Push(&s.parked, t)
		s.admitParked(now)
	default:
		s.open(t, now)
	}
}

// admitParked admits parked pages while there is room for their Records, and, always, those of the Request whose
// Records are next: the others wait for these.
func (s *scheduler) admitParked(now time.Time) {
	if len(s.parked) == 0 {
		return
	}
	s.waitingForSink.Store(true) // before windowFull and Awaited are read, so that no Record is missed
	for len(s.parked) > 0 && (s.parked[0].seq <= s.holder.Awaited() || !s.windowFull(now)) {
		s.open(heap.Pop(&s.parked).(*task), now)
	}
}

// routeFitting routes the Tasks whose bodies have room for their temporary files now, and returns wait, or less where
// others still wait for it.
func (s *scheduler) routeFitting(now time.Time, wait time.Duration) time.Duration {
	if len(s.rooms.waiting) == 0 {
		return wait
	}
	for _, t := range s.rooms.takeFitting(now, s.options.TempSpace, s.holder) {
		s.route(t, now)
		wait = 0 // it may start at once
	}
	if len(s.rooms.waiting) == 0 {
		return wait
	}
	return sooner(wait, roomPause)
}
