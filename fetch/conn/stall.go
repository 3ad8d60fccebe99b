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

// A StallTimer cancels an exchange whose connection transfers fewer than stallBytes within the timeout. Time in which
// the connection waits for bandwidth, or the exchange processes bytes that it has read, does not count. The zero
// StallTimer has no timeout: it only counts bytes. Any goroutine may use it after Init and UseSweep.
type StallTimer struct {
	timeout   time.Duration // 0 is no timeout
	cancel    context.CancelCauseFunc
	sweep     *StallSweep  // takes the samples
	bodyBytes atomic.Int64 // of request and response body, transferred so far
	working   atomic.Bool  // the exchange processes bytes of a response body, and does not wait for more
	done      atomic.Bool  // Stop was called; written under sweep.mu

	// All below is guarded by sweep.mu.
	list           *stallList // that has it; nil: it is not watched
	previous, next *StallTimer
	bytes          [stallSteps]int64 // bytes transferred by each of the last samples: a ring
	samples        int               // taken since restart

	counted *Conn // the connection whose bytes count, as it carries no other exchange; nil: bodyBytes counts
	conn    *Conn // the connection, shared or not; nil is unknown

	lastLook time.Time
	waited   time.Duration // how long conn had waited for bandwidth by lastLook
	elapsed  time.Duration // since the last sample was due, without waits for bandwidth
}

// Init sets the timeout, 0 for none, and the function that cancels the exchange. Its argument, the cause, is a
// *failure.Limit of kind Stalled. It is not called any more once Stop has returned.
func (s *StallTimer) Init(timeout time.Duration, cancel context.CancelCauseFunc) {
	s.timeout, s.cancel = timeout, cancel
}

// UseSweep sets what takes the samples, for all exchanges of a run. It is called before Start; without it the
// StallTimer has a StallSweep to itself.
func (s *StallTimer) UseSweep(all *StallSweep) { s.sweep = all }

// Start begins to watch an exchange over c, which is nil where it is not known; shared says that other exchanges use it
// too. It does nothing without a timeout, or after Stop.
func (s *StallTimer) Start(c *Conn, shared bool, now time.Time) {
	if s.timeout <= 0 {
		return
	}
	if s.sweep == nil {
		s.sweep = new(StallSweep)
	}
	s.sweep.mu.Lock()
	defer s.sweep.mu.Unlock()
	if s.done.Load() {
		return
	}
	s.counted, s.conn = c, c
	if shared {
		s.counted = nil
	}
	if s.list == nil {
		s.sweep.listFor(s.timeout).add(s)
	}
	s.restart(now)
}

// Pause stops watching until the next Start.
func (s *StallTimer) Pause() { s.leave(false) }

// Stop stops watching for good.
func (s *StallTimer) Stop() { s.leave(true) }

// leave takes s off the list that has it; done says that it does not come back.
func (s *StallTimer) leave(done bool) {
	if s.sweep == nil || s.done.Load() { // not started, or off: one goroutine does both
		return
	}
	s.sweep.mu.Lock()
	defer s.sweep.mu.Unlock()
	s.done.Store(done)
	if s.list != nil {
		s.list.remove(s)
	}
}

// AddBytes counts n bytes of a request or response body as transferred.
func (s *StallTimer) AddBytes(n int) { s.bodyBytes.Add(int64(n)) }

// BeginRead is called before each read of a response body, and EndRead after it. Between EndRead and the next BeginRead
// the exchange processes what it has read, and that time does not count.
func (s *StallTimer) BeginRead() { s.working.Store(false) }

// EndRead ends what BeginRead began, and counts the n bytes that were read.
func (s *StallTimer) EndRead(n int) {
	s.working.Store(true)
	s.AddBytes(n)
}

// restart begins the timeout again: it drops the samples. sweep.mu is held.
func (s *StallTimer) restart(now time.Time) {
	s.samples, s.elapsed, s.lastLook = 0, 0, now
	s.waited = s.waitedBy(now)
	moved := s.movedBytes()
	for i := range s.bytes {
		s.bytes[i] = moved
	}
}

// movedBytes returns how many bytes were transferred: those of the connection, or of bodies where it is shared.
// sweep.mu is held.
func (s *StallTimer) movedBytes() int64 {
	if s.counted != nil {
		return s.counted.movedBytes()
	}
	return s.bodyBytes.Load()
}

// waitedBy returns how long the connection had waited for bandwidth by now. sweep.mu is held.
func (s *StallTimer) waitedBy(now time.Time) time.Duration {
	if !s.conn.isLimited() {
		return 0
	}
	return s.conn.share.waitedBy(now)
}

// look takes a sample where one is due, and cancels the exchange where it has stalled. sweep.mu is held.
func (s *StallTimer) look(now time.Time) {
	switch {
	case s.working.Load(): // decoding and disks take time that is not the server's
		s.restart(now)
	case s.isSampleDue(now) && s.isStalled():
		s.list.remove(s)
		s.cancel(&failure.Limit{Kind: failure.Stalled, Name: "stall-timeout", After: s.timeout})
	}
}

// isSampleDue reports whether a step of the timeout has passed since the last sample was due, not counting waits for
// bandwidth. Samples that were missed, as the process did not run, are not made up for. sweep.mu is held.
func (s *StallTimer) isSampleDue(now time.Time) bool {
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
// timeout ago. sweep.mu is held.
func (s *StallTimer) isStalled() bool {
	moved := s.movedBytes()
	step := s.samples % stallSteps
	s.samples++
	if s.samples >= stallSteps && moved-s.bytes[step] < stallBytes {
		return true
	}
	s.bytes[step] = moved
	return false
}
