package h2

import (
	"context"
	"sync"
	"time"
)

// A writer is the queue of frames to be written, and who writes them: one goroutine at a time, whichever finds none at
// it (flush.go). Guarded by Conn.mu, which that does not hold while it writes.
type writer struct {
	out      []byte // what is queued
	spare    []byte // the buffer of the write before
	flushing bool
	flusher  context.Context //nolint:containedctx // of the exchange that writes
	began    time.Time       // of the write under way; zero: others may queue theirs before it
	broken   bool            // a write has failed
	writeErr error           // its error
	drained  sync.Cond       // a write has ended, or the connection
	blocked  []*stream       // that wait for a window, for room in the queue, or for their turn
	uploads  []uint32        // the streams whose request was not sent whole when they began, the oldest first
	watch    *time.Timer     // runs checkWrite; nil: not started
	watching bool            // watch runs
}

// Write is io.Writer's, for the Framer. It queues a frame.
func (w *writer) Write(frame []byte) (int, error) {
	w.out = append(w.out, frame...)
	return len(frame), nil
}

// maxQueued is how many bytes are queued at most, before who would queue more of a body waits.
const maxQueued = 64 << 10

// maxUnsent is how many bytes are queued before the reader, which queues answers, reads no more.
const maxUnsent = 256 << 10

// maxKept is the largest buffer that is kept from one write to the next.
const maxKept = 128 << 10

// wakeBlocked wakes the streams that wait to send. Conn.mu is held.
func (w *writer) wakeBlocked() {
	for i, s := range w.blocked {
		s.wakeUp()
		w.blocked[i] = nil
	}
	w.blocked = w.blocked[:0]
}

// stop stops the watch of a connection that has ended, and wakes who waits for a write. Conn.mu is held.
func (w *writer) stop() {
	if w.watch != nil {
		w.watch.Stop()
	}
	w.drained.Broadcast()
}
