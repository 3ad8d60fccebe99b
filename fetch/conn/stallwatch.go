package conn

import (
	"context"
	"sync/atomic"
	"time"

	"batchfetch/fetch/failure"
)

// stallBytes is how many bytes have to be transferred within one stall timeout (curl --speed-limit, --speed-time).
const stallBytes = 1 << 10

// stallSteps is how many samples of a StallTimer are taken per timeout.
const stallSteps = 8

// sweepsPerTimeout is how often a stallWatch is looked at per timeout: a stall is found at most a thirty-second of the
// timeout late, or minSweepTime.
const sweepsPerTimeout = 32

// minSweepTime bounds the time between two looks from below.
const minSweepTime = time.Millisecond

// sweepTime returns the time between two looks at the stallWatches with a timeout.
func sweepTime(timeout time.Duration) time.Duration {
	return max(timeout/sweepsPerTimeout, minSweepTime)
}

// A stallWatch is what says whether one exchange has stalled: the bytes that it has transferred by each of its last
// samples. The mutex mentioned here is that of the StallSweep which has it.
type stallWatch struct {
	timeout   time.Duration // 0 is no timeout
	cancel    context.CancelCauseFunc
	bodyBytes atomic.Int64 // of request and response body, transferred so far
	working   atomic.Bool  // the exchange processes bytes of a response body, and does not wait for more

	// All below is guarded by StallSweep.mu.
	previous, next *stallWatch       // in a ring with all that have the timeout; nil: it is not watched
	bytes          [stallSteps]int64 // bytes transferred by each of the last samples: a ring
	samples        int               // taken since restart

	counted *Conn // the connection whose bytes count, as it carries no other exchange; nil: bodyBytes counts
	conn    *Conn // the connection, shared or not; nil is unknown

	lastLook time.Time
	waited   time.Duration // how long conn had waited for bandwidth by lastLook
	elapsed  time.Duration // since the last sample was due, without waits for bandwidth
}

// isWatched reports whether it is in a ring. StallSweep.mu is held.
func (s *stallWatch) isWatched() bool { return s.next != nil }

// insertAfter puts it into the ring of root. StallSweep.mu is held.
func (s *stallWatch) insertAfter(root *stallWatch) {
	s.previous, s.next = root, root.next
	root.next.previous = s
	root.next = s
}

// remove takes it out of its ring. StallSweep.mu is held.
func (s *stallWatch) remove() {
	s.previous.next, s.next.previous = s.next, s.previous
	s.previous, s.next = nil, nil
}

// restart begins the timeout again: it drops the samples. StallSweep.mu is held.
func (s *stallWatch) restart(now time.Time) {
	s.samples, s.elapsed, s.lastLook = 0, 0, now
	s.waited = s.waitedBy(now)
	moved := s.movedBytes()
	for i := range s.bytes {
		s.bytes[i] = moved
	}
}

// movedBytes returns how many bytes were transferred: those of the connection, or of bodies where it is shared.
// StallSweep.mu is held.
func (s *stallWatch) movedBytes() int64 {
	if s.counted != nil {
		return s.counted.movedBytes()
	}
	return s.bodyBytes.Load()
}

// waitedBy returns how long the connection had waited for bandwidth by now. StallSweep.mu is held.
func (s *stallWatch) waitedBy(now time.Time) time.Duration {
	if !s.conn.isLimited() {
		return 0
	}
	return s.conn.share.waitedBy(now)
}

// look takes a sample where one is due, and cancels the exchange where it has stalled. StallSweep.mu is held.
func (s *stallWatch) look(now time.Time) {
	switch {
	case s.working.Load(): // decoding and disks take time that is not the server's
		s.restart(now)
	case s.isSampleDue(now) && s.isStalled():
		s.remove()
		s.cancel(&failure.Limit{Kind: failure.Stalled, Name: "stall-timeout", After: s.timeout})
	}
}

// isSampleDue reports whether a step of the timeout has passed since the last sample was due, not counting waits for
// bandwidth. Samples that were missed, as the process did not run, are not made up for. StallSweep.mu is held.
func (s *stallWatch) isSampleDue(now time.Time) bool {
	waited := s.waitedBy(now)
	s.elapsed += now.Sub(s.lastLook) - (waited - s.waited)
	s.lastLook, s.waited = now, waited
	step := s.timeout / stallSteps
	if s.elapsed < step {
		return false
	}
	if s.elapsed -= step; s.elapsed >= sweepTime(s.timeout) {
		s.elapsed = 0
	}
	return true
}

// isStalled takes a sample, and reports whether fewer than stallBytes were transferred since the sample taken one
// timeout ago. StallSweep.mu is held.
func (s *stallWatch) isStalled() bool {
	moved := s.movedBytes()
	step := s.samples % stallSteps
	s.samples++
	if s.samples >= stallSteps && moved-s.bytes[step] < stallBytes {
		return true
	}
	s.bytes[step] = moved
	return false
}
