package conn

import (
	"context"
	"sync/atomic"
	"time"
)

// A StallTimer cancels an exchange whose connection transfers fewer than stallBytes within the timeout. Time in which
// the connection waits for bandwidth, or the exchange processes bytes that it has read, does not count. The zero
// StallTimer has no timeout: it only counts bytes. Any goroutine may use it after Init and UseSweep.
type StallTimer struct {
	watch stallWatch
	sweep *StallSweep // takes the samples
	done  atomic.Bool // Stop was called; written under sweep.mu
}

// Init sets the timeout, 0 for none, and the function that cancels the exchange. Its argument, the cause, is a
// *failure.Limit of kind Stalled. It is not called any more once Stop has returned.
func (s *StallTimer) Init(timeout time.Duration, cancel context.CancelCauseFunc) {
	s.watch.timeout, s.watch.cancel = timeout, cancel
}

// UseSweep sets what takes the samples, for all exchanges of a run. It is called before Start; without it the
// StallTimer has a StallSweep to itself.
func (s *StallTimer) UseSweep(all *StallSweep) { s.sweep = all }

// Start begins to watch an exchange over c, which is nil where it is not known; shared says that other exchanges use it
// too. It does nothing without a timeout, or after Stop.
func (s *StallTimer) Start(c *Conn, shared bool, now time.Time) {
	w := &s.watch
	if w.timeout <= 0 {
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
	w.counted, w.conn = c, c
	if shared {
		w.counted = nil
	}
	if !w.isWatched() {
		s.sweep.add(w)
	}
	w.restart(now)
}

// Pause stops watching until the next Start.
func (s *StallTimer) Pause() { s.leave(false) }

// Stop stops watching for good.
func (s *StallTimer) Stop() { s.leave(true) }

// leave takes the exchange out of what is watched; done says that it does not come back.
func (s *StallTimer) leave(done bool) {
	if s.sweep == nil || s.done.Load() { // not started, or off: one goroutine does both
		return
	}
	s.sweep.mu.Lock()
	defer s.sweep.mu.Unlock()
	s.done.Store(done)
	if s.watch.isWatched() {
		s.watch.remove()
	}
}

// AddBytes counts n bytes of a request or response body as transferred.
func (s *StallTimer) AddBytes(n int) { s.watch.bodyBytes.Add(int64(n)) }

// BeginRead is called before each read of a response body, and EndRead after it. Between EndRead and the next BeginRead
// the exchange processes what it has read, and that time does not count.
func (s *StallTimer) BeginRead() { s.watch.working.Store(false) }

// EndRead ends what BeginRead began, and counts the n bytes that were read.
func (s *StallTimer) EndRead(n int) {
	s.watch.working.Store(true)
	s.AddBytes(n)
}
