package conn

import (
	"sync"
	"time"
)

// A StallSweep watches the StallTimers of all exchanges of a run: one timer for each stall timeout, not one for each
// exchange, looks at all that have it. The zero StallSweep is ready, and needs no end: it has a timer as long as an
// exchange is watched, and one sweepTime longer. Any goroutine may use it.
type StallSweep struct {
	mu    sync.Mutex // guards all below, and the StallTimers
	lists map[time.Duration]*stallList
}

// A stallList is the StallTimers that are watched with one timeout, doubly linked. Guarded by StallSweep.mu.
type stallList struct {
	sweep   *StallSweep
	timeout time.Duration
	first   *StallTimer
	timer   *time.Timer // runs look
}

// sweepsPerTimeout is how often a StallTimer is looked at per timeout: a stall is found at most a thirty-second of the
// timeout late, or minSweepTime.
const sweepsPerTimeout = 32

// minSweepTime bounds the time between two looks from below.
const minSweepTime = time.Millisecond

// sweepTime returns the time between two looks at the StallTimers with a timeout.
func sweepTime(timeout time.Duration) time.Duration {
	return max(timeout/sweepsPerTimeout, minSweepTime)
}

// listFor returns the list of a timeout, with its timer running. mu is held.
func (w *StallSweep) listFor(timeout time.Duration) *stallList {
	l := w.lists[timeout]
	if l == nil {
		l = &stallList{sweep: w, timeout: timeout}
		if w.lists == nil {
			w.lists = make(map[time.Duration]*stallList)
		}
		w.lists[timeout] = l
		l.timer = time.AfterFunc(sweepTime(timeout), l.look)
	}
	return l
}

// look looks at all StallTimers of the list, and sets the timer again; a list that is empty is dropped.
func (l *stallList) look() {
	l.sweep.mu.Lock()
	defer l.sweep.mu.Unlock()
	if l.first == nil {
		delete(l.sweep.lists, l.timeout)
		return
	}
	now := time.Now()
	for s := l.first; s != nil; {
		next := s.next // look may remove s
		s.look(now)
		s = next
	}
	l.timer.Reset(sweepTime(l.timeout))
}

// add puts s on the list. sweep.mu is held.
func (l *stallList) add(s *StallTimer) {
	s.list, s.next = l, l.first
	if s.next != nil {
		s.next.previous = s
	}
	l.first = s
}

// remove takes s off the list. sweep.mu is held.
func (l *stallList) remove(s *StallTimer) {
	if s.previous != nil {
		s.previous.next = s.next
	} else {
		l.first = s.next
	}
	if s.next != nil {
		s.next.previous = s.previous
	}
	s.list, s.previous, s.next = nil, nil, nil
}
