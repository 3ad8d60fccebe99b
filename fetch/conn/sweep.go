package conn

import (
	"sync"
	"time"
)

// A StallSweep watches the StallTimers of all exchanges of a run: one timer for each stall timeout, not one for each
// exchange, looks at all that have it. The zero StallSweep is ready, and needs no end: it has a timer as long as an
// exchange is watched, and one sweepTime longer. Any goroutine may use it.
type StallSweep struct {
	mu    sync.Mutex // guards all below, and the stallWatches
	lists map[time.Duration]*stallList
}

// A stallList is the stallWatches that have one timeout. Guarded by StallSweep.mu.
type stallList struct {
	sweep   *StallSweep
	timeout time.Duration
	root    stallWatch  // of their ring; it is none itself
	timer   *time.Timer // runs look
}

// add begins to watch an exchange, with the timer of its timeout running. mu is held.
func (w *StallSweep) add(s *stallWatch) {
	l := w.lists[s.timeout]
	if l == nil {
		l = &stallList{sweep: w, timeout: s.timeout}
		l.root.previous, l.root.next = &l.root, &l.root
		if w.lists == nil {
			w.lists = make(map[time.Duration]*stallList)
		}
		w.lists[s.timeout] = l
		l.timer = time.AfterFunc(sweepTime(s.timeout), l.look)
	}
	s.insertAfter(&l.root)
}

// look looks at all stallWatches of the list, and sets the timer again; a list that is empty is dropped.
func (l *stallList) look() {
	l.sweep.mu.Lock()
	defer l.sweep.mu.Unlock()
	if l.root.next == &l.root {
		delete(l.sweep.lists, l.timeout)
		return
	}
	now := time.Now()
	for s := l.root.next; s != &l.root; {
		next := s.next // look may remove s
		s.look(now)
		s = next
	}
	l.timer.Reset(sweepTime(l.timeout))
}
