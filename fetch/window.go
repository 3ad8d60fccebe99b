package fetch

import "batchfetch/fetch/transport"

// maxLargeBytes is how many bytes of large Requests may be in memory before no more are read, and bulky from which size on
// one is large.
const maxLargeBytes, largeFrom = 64 << 20, 4 << 10

// largeSize is what a Request counts as towards mostBulk, in bytes.
func (r *Request) largeSize() int64 {
	size := len(r.URL) + len(r.Body) + len(r.Meta) + transport.HeaderBytes(r.Header)
	if size < largeFrom {
		return 0
	}
	return int64(size)
}

// windowFull reports whether as many Requests have been taken in as may wait, or as many bytes, but for those that
// keep the flights going. What a Sink holds back, or has yet to take, counts; what has been spilled does not.
func (s *scheduler) windowFull() bool {
	inMemory := s.openTasks - s.plan.Spilled()
	heavy := s.largeBytes >= maxLargeBytes && inMemory >= 2*s.options.Concurrency
	if s.holder != nil {
		return heavy || s.admitted-s.taken.Load()+int64(s.holder.Held()) >= int64(s.options.Lookahead)
	}
	return s.plan.Full(inMemory, heavy, s.checkedAt)
}

// mustPauseIntake is windowFull, and has the writer wake the scheduler when that may have changed.
func (s *scheduler) mustPauseIntake() bool {
	if s.holder == nil {
		return s.windowFull()
	}
	s.waitingForSink.Store(true) // before the look, so that no Record is missed
	full := s.windowFull()
	s.waitingForSink.Store(full)
	return full
}
