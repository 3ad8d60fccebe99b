package fetch

import (
	"time"
)

// maxLargeBytes is how many bytes of large Requests may be in memory before the Source is read no further.
const maxLargeBytes = 64 << 20

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
