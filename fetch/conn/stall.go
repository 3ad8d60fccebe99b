package conn

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"batchfetch/fetch/failure"
)

// stallBytes is how many bytes have to be transferred within one stall timeout (curl --speed-limit, --speed-time).
const stallBytes = 1 << 10

// stallSteps is how many samples a StallTimer takes per timeout: a stall is found at most an eighth of the timeout
// late.
const stallSteps = 8

// A StallTimer cancels an exchange whose connection transfers fewer than stallBytes within the timeout. Time in which
// the connection waits for bandwidth, or the exchange processes bytes that it has read, does not count. The zero
// StallTimer has no timeout: it only counts bytes. Any goroutine may use it after Init.
type StallTimer struct {
	timeout   time.Duration // 0 is no timeout
	cancel    context.CancelCauseFunc
	bodyBytes atomic.Int64 // of request and response body, transferred so far
	working   atomic.Bool  // the exchange processes bytes of a response body, and does not wait for more

	mu      sync.Mutex        // guards all below
	timer   *time.Timer       // runs tick; nil before the first Start
	bytes   [stallSteps]int64 // bytes transferred by each of the last samples: a ring
	samples int               // taken since restart
	done    bool              // Stop was called
	paused  bool              // between two connections

	counted *Conn // the connection whose bytes count, as it carries no other exchange; nil: bodyBytes counts
	conn    *Conn // the connection, shared or not; nil is unknown

	lastTick time.Time
	waited   time.Duration // how long conn had waited for bandwidth by lastTick
	elapsed  time.Duration // since the last sample, without waits for bandwidth
}

// Init sets the timeout, 0 for none, and the function that cancels the exchange. Its argument, the cause, is a
// *failure.Limit of kind Stalled.
func (s *StallTimer) Init(timeout time.Duration, cancel context.CancelCauseFunc) {
	s.timeout, s.cancel = timeout, cancel
}

// Start begins to watch an exchange over c, which is nil where it is not known; shared says that other exchanges use it
// too. It does nothing without a timeout, or after Stop.
func (s *StallTimer) Start(c *Conn, shared bool) {
	if s.timeout <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return
	}
	s.paused = false
	s.counted, s.conn = c, c
	if shared {
		s.counted = nil
	}
	if s.timer == nil {
		s.timer = time.AfterFunc(s.timeout/stallSteps, s.tick)
	}
	s.restart()
}

// Pause stops watching until the next Start.
func (s *StallTimer) Pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused = true
}

// Stop stops watching for good.
func (s *StallTimer) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = true
	if s.timer != nil {
		s.timer.Stop()
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

// restart begins the timeout again: it drops the samples and sets the timer. mu is held.
func (s *StallTimer) restart() {
	s.samples = 0
	if s.conn.isLimited() {
		s.lastTick = time.Now()
		s.elapsed, s.waited = 0, s.conn.share.waitedBy(s.lastTick)
	}
	now := s.movedBytes()
	for i := range s.bytes {
		s.bytes[i] = now
	}
	s.timer.Reset(s.timeout / stallSteps)
}

// movedBytes returns how many bytes were transferred: those of the connection, or of bodies where it is shared. mu is
// held.
func (s *StallTimer) movedBytes() int64 {
	if s.counted != nil {
		return s.counted.movedBytes()
	}
	return s.bodyBytes.Load()
}

// tick is run by the timer, stallSteps times per timeout. It takes a sample and cancels the exchange where it has
// stalled.
func (s *StallTimer) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done || s.paused {
		return
	}
	if s.working.Load() { // decoding and disks take time that is not the server's
		s.restart()
		return
	}
	if s.isSampleDue() && s.isStalled() {
		s.cancel(&failure.Limit{Kind: failure.Stalled, Name: "stall-timeout", After: s.timeout})
		return
	}
	s.timer.Reset(s.timeout / stallSteps)
}

// isSampleDue reports whether a step of the timeout has passed since the last sample, not counting waits for bandwidth.
// mu is held.
func (s *StallTimer) isSampleDue() bool {
	if !s.conn.isLimited() {
		return true
	}
	now := time.Now()
	waited := s.conn.share.waitedBy(now)
	s.elapsed += now.Sub(s.lastTick) - (waited - s.waited)
	s.lastTick, s.waited = now, waited
	if s.elapsed < s.timeout/stallSteps {
		return false
	}
	s.elapsed = 0
	return true
}

// isStalled takes a sample, and reports whether fewer than stallBytes were transferred since the sample taken one
// timeout ago. mu is held.
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
