package fetch

import (
	"errors"
	"time"
)

// maxLargeBytes is how many bytes of large Requests may be in memory before the Source is read no further.
const maxLargeBytes = 64 << 20

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

// open takes a Task into the look-ahead window, beside what that allows.
func (s *scheduler) open(t *task, now time.Time) {
	s.openTasks++
	s.admitted++
	s.largeBytes += t.request.largeSize()
	s.route(t, now)
}

// windowFull reports whether the look-ahead window is full: Options.Lookahead Requests have been admitted, or
// maxLargeBytes of large ones, though the latter only with 2*Options.Concurrency Requests at least, so that workers
// have enough to start. Records that the Sink holds back or has yet to take count; Tasks that have been spilled do not.
// It is full sooner where the plan sees enough.
func (s *scheduler) windowFull(now time.Time) bool {
	inMemory := s.openTasks - s.plan.Spilled()
	heavy := s.largeBytes >= maxLargeBytes && inMemory >= 2*s.options.Concurrency
	if s.holder != nil {
		return heavy || s.windowRoom() <= 0 || s.plan.SeesEnough(s.lookupQueue.len(), now)
	}
	return s.plan.Full(inMemory, s.lookupQueue.len(), heavy, now)
}

// windowRoom returns how many more Requests Options.Lookahead allows.
func (s *scheduler) windowRoom() int64 {
	if s.holder != nil {
		return int64(s.options.Lookahead) - (s.admitted - s.taken.Load() + int64(s.holder.Held()))
	}
	return int64(s.options.Lookahead - (s.openTasks - s.plan.Spilled()))
}

// mustPauseIntake is windowFull; where that depends on a Holder, it has the writer wake the scheduler once a Record has
// been taken.
func (s *scheduler) mustPauseIntake(now time.Time) bool {
	if s.holder == nil {
		return s.windowFull(now)
	}
	s.waitingForSink.Store(true) // before windowFull reads the count, so that no Record is missed
	full := s.windowFull(now)
	s.waitingForSink.Store(full || len(s.parked) > 0)
	return full
}

// A feederWait is the feeder's wait for room in the look-ahead window.
type feederWait struct {
	waits bool      // it waits
	since time.Time // when there was room for it to go on, though for few Requests; zero is that there is none
}

// The feeder goes on once there is room for feedBatch Requests, or feedPause after there was room for one: going on
// costs a change of goroutine.
const feedBatch, feedPause = 128, 2 * time.Millisecond

// letFeed has the feeder go on that waits for room where there is enough, and returns wait, or less where there may be
// by then. No exchange waits for the feeder: where none waits to start it goes on at once.
func (s *scheduler) letFeed(now time.Time, wait time.Duration) time.Duration {
	if !s.feeding.waits {
		if s.holder != nil {
			s.waitingForSink.Store(len(s.parked) > 0)
		}
		return wait
	}
	if s.mustPauseIntake(now) {
		s.feeding.since = time.Time{}
		return wait
	}
	if s.feeding.since.IsZero() {
		s.feeding.since = now
	}
	left := feedPause - now.Sub(s.feeding.since)
	batch := min(feedBatch, int64(s.options.Lookahead)/8)
	room := min(s.windowRoom(), int64(s.plan.Wanted(s.lookupQueue.len())))
	if room < batch && s.plan.Waiting() > 0 && left > 0 {
		return sooner(wait, left)
	}
	s.wakeFeeder()
	return wait
}

// wakeFeeder has the feeder look again whether it may go on, where it waits.
func (s *scheduler) wakeFeeder() {
	if s.feeding.waits {
		s.feeding = feederWait{}
		s.room <- struct{}{} // never blocks: it has taken the one before
	}
}
