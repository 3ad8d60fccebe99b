package conn

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"batchfetch/fetch/failure"
)

// stallBytes is how many bytes have to move within one stall timeout (curl --speed-limit, --speed-time).
const stallBytes = 1 << 10

// stallSteps is how often a stallTimer looks per timeout: a stall is noticed at most an eighth of the timeout late.
const stallSteps = 8

// A StallTimer cancels an exchange over a connection that moves less than stallBytes within the timeout. Time in which the
// connection waits for bandwidth, and in which the exchange is at work on what it has read, does not count.
// The zero stallTimer has no timeout and does nothing but count.
type StallTimer struct {
	timeout   time.Duration // 0 is none
	cancel    context.CancelCauseFunc
	bodyBytes atomic.Int64
	working   atomic.Bool // the exchange works on bytes of a body, and does not wait for more

	mu     sync.Mutex // guards all below
	timer  *time.Timer
	bytes  [stallSteps]int64 // what had moved at the last looks
	looks  int
	done   bool
	paused bool // between two connections

	counted *Conn // the connection whose bytes are counted: it carries no other exchange; nil counts bytes of bodies
	conn    *Conn // the connection, shared or not; nil is unknown

	lastTick time.Time
	waited   time.Duration // how long conn had waited for bandwidth by lastTick
	idle     time.Duration // since the last look, waits for bandwidth left out
}

// Init sets the timeout, 0 for none, and what cancels the exchange with a limitError of kind Stalled as the cause.
func (s *StallTimer) Init(timeout time.Duration, cancel context.CancelCauseFunc) {
	s.timeout, s.cancel = timeout, cancel
}

// Start begins to watch an exchange over c, which is nil where it is not known; shared says that other exchanges use it too.
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

// Pause stops watching until the next start.
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

// AddBytes counts n bytes of a request or response body.
func (s *StallTimer) AddBytes(n int) { s.bodyBytes.Add(int64(n)) }

// BeginRead and endRead stand around each read of a response body, n bytes long: between two of them the exchange is at work.
func (s *StallTimer) BeginRead() { s.working.Store(false) }

func (s *StallTimer) EndRead(n int) {
	s.working.Store(true)
	s.AddBytes(n)
}

// restart forgets the looks so far; mu is held.
func (s *StallTimer) restart() {
	s.looks = 0
	if s.conn.isLimited() {
		s.lastTick = time.Now()
		s.idle, s.waited = 0, s.conn.share.waitedBy(s.lastTick)
	}
	now := s.movedBytes()
	for i := range s.bytes {
		s.bytes[i] = now
	}
	s.timer.Reset(s.timeout / stallSteps)
}

func (s *StallTimer) movedBytes() int64 {
	if s.counted != nil {
		return s.counted.movedBytes()
	}
	return s.bodyBytes.Load()
}

func (s *StallTimer) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done || s.paused {
		return
	}
	if s.working.Load() { // decoding takes time, and so does a disk
		s.restart()
		return
	}
	if s.isLookDue() && s.isStalled() {
		s.cancel(&failure.Limit{Kind: failure.Stalled, Name: "stall-timeout", After: s.timeout})
		return
	}
	s.timer.Reset(s.timeout / stallSteps)
}

// isLookDue reports whether a step of the timeout has passed since the last look, waits for bandwidth left out; mu is held.
func (s *StallTimer) isLookDue() bool {
	if !s.conn.isLimited() {
		return true
	}
	now := time.Now()
	waited := s.conn.share.waitedBy(now)
	s.idle += now.Sub(s.lastTick) - (waited - s.waited)
	s.lastTick, s.waited = now, waited
	if s.idle < s.timeout/stallSteps {
		return false
	}
	s.idle = 0
	return true
}

// isStalled takes a look: it reports whether fewer than stallBytes have moved since the look one timeout ago; mu is held.
func (s *StallTimer) isStalled() bool {
	moved := s.movedBytes()
	step := s.looks % stallSteps
	s.looks++
	if s.looks >= stallSteps && moved-s.bytes[step] < stallBytes {
		return true
	}
	s.bytes[step] = moved
	return false
}
