package plan

import "time"

// A slidingWindow finds out whether the requests of a quota come back one by one, although the host tells the end of a
// fixed window. So do limiters that count a part of the window before (sliding window counter: go-chi/httprate, Fiber,
// Upstash): a window that was used up at once is followed by one that has hardly any at its start, and all but one of
// every two windows would pass unused. A window of which others have had a part looks the same at first. What tells
// them apart: the last request that is left is sent late, and shows whether there are more again.
type slidingWindow struct {
	known     bool          // requests come back one by one: they start as evenly
	lastStart time.Time     // where known
	first     uint64        // Task.number of the first request of the window
	delay     time.Duration // by which windows are asked for later than at their end, so that one has a few
	lookAt    time.Time     // when the last request that is left is sent; zero is at once
	look      *Task         // that request; nil is none under way
	looks     int           // requests that were sent late so far, and delays
	wholes    int           // windows in a row that were not low
}

const (
	leastSliding   = 8 // requests in a window in which it is worth looking
	mostLooks      = 3
	fixedWholes    = 3                // windows in a row that were not low: of a sliding one each second is
	lookPart       = 4                // of a window, after which its last request is sent
	delayPart      = 8                // of a window, that is the delay
	leastDelay     = 3                // the same in requests that come back
	longestLook    = 90 * time.Second // a window in which it is worth looking: nobody waits for long in vain
	slidingReserve = 3                // requests that are left, where they come back one by one, so that none is refused
)

// A quotaSize is how many requests a whole window has (0 is not known), and how long that is.
type quotaSize struct {
	limit  int64
	length time.Duration
}

// each is the time after which one more request comes back.
func (q quotaSize) each() time.Duration { return q.length / time.Duration(max(q.limit, 1)) * 101 / 100 }

// begin takes in what the response to t, the first of a window, tells: how many requests are left, and for how long.
// Where that is hardly any although this run has used the window before, it may be a sliding one.
func (s *slidingWindow) begin(size quotaSize, remaining int64, left time.Duration, t *Task, now time.Time) {
	isLow := remaining < size.limit/2 && int64(t.number-s.first) >= size.limit/2 //nolint:gosec // far fewer
	isNew := left <= longestLook && left+s.delay > size.length*3/4
	s.first, s.lookAt, s.look = t.number, time.Time{}, nil
	if s.wholes++; isLow {
		s.wholes = 0
	}
	switch {
	case size.limit < leastSliding || s.looks >= mostLooks || s.wholes == fixedWholes:
		s.delay = 0
	case isLow && isNew && remaining == 0:
		s.looks++
		s.delay = max(size.length/delayPart, leastDelay*size.each())
	case isLow && isNew:
		s.lookAt, s.delay = now.Add(min(max(left/lookPart, leastDelay*size.each()), left*3/4)), 0
	}
}

// noteStart records a start of t, where so many requests are left with it.
func (s *slidingWindow) noteStart(t *Task, left int64, now time.Time) {
	s.lastStart = now
	if left == 1 && !s.lookAt.IsZero() {
		s.look, s.lookAt = t, time.Time{}
	}
}

// observe takes in that a response to t tells so many requests as left that were not left before it, in the same window
// or not. A refusal shows that they don't come back one by one.
func (s *slidingWindow) observe(size quotaSize, rise int64, same bool, t *Task) {
	switch {
	case s.known && t.Verdict.Refusal:
		s.known, s.looks = false, mostLooks
	case s.look == t:
		s.look = nil
		s.looks++
		s.known = same && rise > max(1, size.limit/16)
	}
}

// nextStart is when the next request is sent, where they are known to come back one by one, and so many were left at
// some time, less those that are unanswered.
func (s *slidingWindow) nextStart(size quotaSize, left int64, at time.Time) time.Time {
	next := s.lastStart.Add(size.each())
	if missing := slidingReserve - left; missing > 0 {
		next = latest(next, at.Add(time.Duration(missing)*size.each()))
	}
	return next
}
