package fetch

import "batchfetch/fetch/transport"

// maxLargeBytes is how many bytes of large Requests may be in memory before the Source is read no further, largeFrom
// the size in bytes from which on a Request is large.
const maxLargeBytes, largeFrom = 64 << 20, 4 << 10

// largeSize returns the bytes of a Request that count towards maxLargeBytes: 0 for one that is not large.
func (r *Request) largeSize() int64 {
	size := len(r.URL) + len(r.Body) + len(r.Meta) + transport.HeaderBytes(r.Header)
	if size < largeFrom {
		return 0
	}
	return int64(size)
}

// windowFull reports whether the look-ahead window is full: Options.Lookahead Requests have been admitted, or
// maxLargeBytes of large ones, though the latter only with 2*Options.Concurrency Requests at least, so that workers
// have enough to start. Records that the Sink holds back or has yet to take count; Tasks that have been spilled do not.
func (s *scheduler) windowFull() bool {
	inMemory := s.openTasks - s.plan.Spilled()
	heavy := s.largeBytes >= maxLargeBytes && inMemory >= 2*s.options.Concurrency
	if s.holder != nil {
		return heavy || s.admitted-s.taken.Load()+int64(s.holder.Held()) >= int64(s.options.Lookahead)
	}
	return s.plan.Full(inMemory, heavy, s.checkedAt)
}

// mustPauseIntake is windowFull; where that depends on a Holder, it has the writer wake the scheduler once a Record has
// been taken.
func (s *scheduler) mustPauseIntake() bool {
	if s.holder == nil {
		return s.windowFull()
	}
	s.waitingForSink.Store(true) // before windowFull reads the count, so that no Record is missed
	full := s.windowFull()
	s.waitingForSink.Store(full || len(s.parked) > 0)
	return full
}
