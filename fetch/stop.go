package fetch

import (
	"slices"
	"time"

	"batchfetch/fetch/failure"
)

// checkDeadline stops the run where Options.Deadline has passed, and cancels the exchanges under way where
// Options.Grace of a drain has.
func (s *scheduler) checkDeadline(now time.Time) {
	if s.deadline.IsZero() || now.Before(s.deadline) {
		return
	}
	s.deadline = time.Time{}
	if s.tally.Stopped == StopDrain {
		s.cancel(s.stopCause())
		return
	}
	s.stop(StopDeadline, now)
}

// checkFailures stops the run where more Requests have failed than the Options allow.
func (s *scheduler) checkFailures(now time.Time) {
	if !s.isStopped() && s.tally.tooManyFailures(s.options, s.mostRequests()) {
		s.stop(StopFailures, now)
	}
}

// mostRequests returns how many Requests the run will have finished at most when it has come to its end, with those
// that were done before; 0 is not known.
func (s *scheduler) mostRequests() int64 {
	known := s.admitted + s.doneBefore
	switch {
	case s.inputEnded && s.openTasks == 0 && len(s.parked) == 0:
		return known
	case s.options.Paginate.IsSet(): // each Request may have more pages
		return 0
	case s.inputEnded:
		return known
	case s.options.Expected == nil || s.options.Expected() < known: // the input has grown since it was counted
		return 0
	}
	return s.options.Expected()
}

// stop ends the run: no more exchanges start. A drain leaves those under way Options.Grace to end; any other reason
// cancels them. The first reason stays; a later StopOutput cancels the exchanges too, any other later one does nothing.
// StopCanceled has nothing to cancel: the contexts of the exchanges end with the caller's, and with its cause.
func (s *scheduler) stop(why Stop, now time.Time) {
	if s.isStopped() {
		if why == StopOutput {
			s.cancel(s.stopCause())
		}
		return
	}
	s.tally.Stopped = why
	switch why {
	case StopDrain:
		if end := now.Add(s.options.Grace); s.deadline.IsZero() || end.Before(s.deadline) {
			s.deadline = end
		}
	case StopCanceled:
		s.deadline = time.Time{}
	default:
		s.deadline = time.Time{}
		s.cancel(s.stopCause())
	}
	s.tally.NotStarted += int64(len(s.parked))
	s.parked = nil
	for _, t := range slices.Concat(s.lookupQueue.close(), s.rooms.takeAll(), s.robots.takeAll()) {
		s.endUnstarted(t)
	}
	s.wakeFeeder()
	rest, spilled := s.plan.RemoveWaiting(now)
	s.openTasks -= int(spilled)
	s.tally.NotStarted += spilled
	for _, t := range rest {
		s.endUnstarted(t.Owner.(*task))
	}
}

// stopCause returns the cause that the contexts of exchanges are cancelled with, by the reason of the stop.
func (s *scheduler) stopCause() error {
	switch s.tally.Stopped {
	case StopFailures:
		return &failure.Stop{Why: "the limit on failures"}
	case StopDeadline:
		return &failure.Limit{Kind: failure.Canceled, Name: "deadline", After: s.options.Deadline}
	case StopDrain:
		return &failure.Stop{Why: "an interrupt"}
	case StopOutput:
		return &failure.Stop{Why: "an output that can't be written"}
	case StopLimits:
		return &failure.Stop{Why: "limits that can't be kept"}
	}
	return &failure.Stop{Why: "the caller"}
}

// cutOffFailure returns the Failure of a Task that was to have another exchange when the run was stopped.
func (s *scheduler) cutOffFailure(t *task) *failure.Failure {
	if t.Verdict.Failure == nil {
		return failure.New(failure.Canceled, "%w before the redirect was followed", s.stopCause())
	}
	return failure.New(failure.Canceled, "%w before the next attempt; the last one: %w", s.stopCause(), t.Verdict.Failure)
}

// endUnstarted ends a Task that gets no exchange any more because the run is over: as not started, or as failed where
// it has had one.
func (s *scheduler) endUnstarted(t *task) {
	if t.robots != nil {
		s.openTasks--
		return
	}
	if t.startedAt.IsZero() {
		s.openTasks--
		s.tally.NotStarted++
		return
	}
	s.plan.Fail(&t.Task, s.cutOffFailure(t))
}

// summary returns the Summary once the run is over, at now. What the Source yields later is not counted.
func (s *scheduler) summary(now time.Time) Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isClosed = true
	if s.inputError != nil && !s.isStopped() {
		s.tally.Stopped = StopInput
	}
	return s.tally.summary(now.Sub(s.begun))
}
