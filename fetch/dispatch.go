package fetch

import (
	"time"

	"batchfetch/fetch/plan"
)

// loop has the scheduler look again what may start when the timer fires, the writer asks for it or the run is to be
// stopped, until it is over.
func (s *scheduler) loop() {
	defer s.timer.Stop()
	canceled, failed, unkept, drain := s.canceled, s.failed, s.unkept, s.options.Drain
	for {
		s.recheck()
		select {
		case <-s.over:
			return
		case <-s.timer.C:
		case <-s.wake:
		case <-canceled:
			canceled = nil // a nil channel blocks: it is seen once
		case <-failed:
			failed = nil
		case <-unkept:
			unkept = nil
		case <-drain:
			drain = nil
		}
	}
}

// recheck starts what may start by now.
func (s *scheduler) recheck() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.enter())
}

// next takes a Task back from the worker whose exchange for it has ended, and returns the one that this worker takes
// next; nil is none, and the worker is idle.
func (s *scheduler) next(t *task) *task {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.enter()
	s.takeDone(t, now)
	s.checkDeadline(now)
	s.plan.SetUncommitted(s.uncommitted())
	var own *task
	if next, _ := s.plan.Next(now); next != nil {
		own = next.Owner.(*task)
	}
	s.settle(now)
	return own
}

// lookedUp takes a Task back from a lookup worker.
func (s *scheduler) lookedUp(t *task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.enter()
	s.takeLookup(t, now)
	s.settle(now)
}

// enter returns the time, after it has booked what has passed to what has kept the next Task from starting since, and
// stopped the run where that is asked for: of what happens at the same time as a stop, nothing starts an exchange.
func (s *scheduler) enter() time.Time {
	now := time.Now()
	if now.Sub(s.booked.until) >= bookEvery {
		s.bookTime(now)
	}
	for i := range s.stops {
		ask := &s.stops[i]
		select {
		case <-ask.closed:
			ask.closed = nil // a nil channel blocks: it is seen once
			s.stop(ask.why, now)
		default:
		}
	}
	return now
}

// settle starts what may start by now, sets the timer to when more may, and ends the run where that is over.
func (s *scheduler) settle(now time.Time) {
	s.checkDeadline(now)
	s.plan.SetUncommitted(s.uncommitted())
	s.admitParked(now)
	wait := s.routeFitting(now, s.dispatch(now))
	s.lookupQueue.start()
	if s.plan.AsksSooner() {
		s.short.send()
	}
	if s.isOver() {
		s.bookTime(now)
		s.end()
		return
	}
	s.reportWait(now, wait)
	s.setTimer(now, s.letFeed(now, wait))
}

// dispatch hands every Task that may start now to an idle worker, and returns how long until the next one may.
func (s *scheduler) dispatch(now time.Time) time.Duration {
	for {
		t, wait := s.plan.Next(now)
		if t == nil {
			return wait
		}
		if s.workers < s.plan.Running() {
			s.workers++
			s.startWorker()
		}
		s.start <- t.Owner.(*task) // never blocks: its capacity is the concurrency
	}
}

// uncommitted returns how many successes that needed an exchange a kill of the process would lose.
func (s *scheduler) uncommitted() int {
	if s.options.Committed == nil || s.isStopped() {
		return 0
	}
	if s.options.Cache != nil { // a response from the cache costs nothing to get again
		return int(max(s.tally.Succeeded-s.lookupQueue.answered-s.committedCount.Load(), 0))
	}
	return int(max(s.tally.Succeeded-s.options.Committed(), 0))
}

func (s *scheduler) isOver() bool {
	return s.openTasks == 0 && len(s.parked) == 0 && (s.inputEnded || s.isStopped())
}

// end closes over, once.
func (s *scheduler) end() {
	select {
	case <-s.over:
	default:
		close(s.over)
	}
}

// setTimer sets the timer to wait (plan.Never is none) or the deadline, whichever comes first. One that fires sooner is
// left as it is: it is set again then.
func (s *scheduler) setTimer(now time.Time, wait time.Duration) {
	if !s.deadline.IsZero() {
		wait = sooner(wait, max(s.deadline.Sub(now), 0))
	}
	at := now.Add(wait)
	if wait == plan.Never || s.timerAt.After(now) && !at.Before(s.timerAt) {
		return
	}
	s.timerAt = at
	s.timer.Reset(wait)
}
