package fetch

import (
	"errors"
)

// admit takes a Task of the feeder into the look-ahead window, and blocks while that is full. It reports whether the
// feeder is to go on: where the run has been stopped the Task counts as not started.
func (s *scheduler) admit(t *task) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.enter()
	for !s.isStopped() && s.mustPauseIntake(now) {
		s.feeding.waits = true
		s.mu.Unlock()
		<-s.room
		s.mu.Lock()
		now = s.enter()
	}
	if s.isStopped() {
		s.countUnadmitted(&s.tally.NotStarted)
		return false
	}
	s.open(t, now)
	s.settle(now)
	return true
}

// skip counts a Request of the feeder that is not to be started, for why, an ErrSkipped, and reports whether the feeder
// is to go on.
func (s *scheduler) skip(why error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.countUnadmitted(&s.tally.Skipped); errors.Is(why, ErrDone) {
		s.doneBefore++
	}
	if live := s.options.Live; live != nil {
		live.Skipped.Store(s.tally.Skipped)
	}
	return !s.isStopped()
}

// countUnadmitted adds a Request to a count of the tally, unless the Summary has been made of it.
func (s *scheduler) countUnadmitted(count *int64) {
	if !s.isClosed {
		*count++
	}
}

// endInput notes that the Source has no more. The error is an *InputError where it broke off.
func (s *scheduler) endInput(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isStopped() {
		return
	}
	now := s.enter()
	s.inputEnded, s.inputError = true, err
	s.checkFailures(now)
	s.settle(now)
}
