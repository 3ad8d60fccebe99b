package h2

import (
	"context"
	"runtime"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

// A writer is the queue of frames to be written, and who writes them: one goroutine at a time, whichever finds none at
// it. Guarded by Conn.mu, which it does not hold while it writes.
type writer struct {
	out      []byte // what is queued
	spare    []byte // the buffer of the write before
	flushing bool
	flusher  context.Context //nolint:containedctx // of the exchange that writes
	began    time.Time       // of the write under way; zero: others may queue theirs before it
	broken   bool            // a write has failed
	writeErr error           // its error
	drained  sync.Cond       // a write has ended, or the connection
	blocked  []*stream       // that wait for a window, or for room in the queue
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

// flush writes what is queued, and what others queue meanwhile, unless a flush is under way, which then does it. ctx is
// that of the exchange. mu is held, but for the writes.
func (c *Conn) flush(ctx context.Context) {
	if c.flushing || len(c.out) == 0 {
		return
	}
	c.flushing, c.flusher = true, ctx
	if len(c.streams) > 1 {
		c.gather()
	}
	for len(c.out) > 0 && !c.broken && c.err == nil {
		batch := c.out
		c.out, c.spare = c.spare[:0], nil
		c.began = time.Now()
		c.startWatch()
		c.mu.Unlock()
		_, err := c.net.Write(batch)
		c.mu.Lock()
		if cap(batch) <= maxKept {
			c.spare = batch[:0]
		}
		if err != nil {
			c.writeFailed(err)
		}
		c.wakeBlocked()
		c.drained.Broadcast()
	}
	c.flushing, c.flusher = false, nil
}

// gather lets others that can run queue their frames first: where many exchanges are under way that halves the writes,
// and the reads of the server. mu is held, but meanwhile.
func (c *Conn) gather() {
	c.began = time.Time{}
	c.mu.Unlock()
	runtime.Gosched()
	c.mu.Lock()
}

// flushAside is flush in a goroutine of its own, for one that may not wait. It ends with the write, at the latest when
// the connection is closed: see checkWrite. mu is held.
func (c *Conn) flushAside() {
	if c.flushing || len(c.out) == 0 || c.err != nil {
		return
	}
	go func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.flush(context.Background())
	}()
}

// waitAfterFailure is how long the connection is read after a write has failed: what the server sent before it closed
// it says why.
const waitAfterFailure = 200 * time.Millisecond

// writeFailed takes the error of a write. The connection is read for a while, and then ends. mu is held.
func (c *Conn) writeFailed(err error) {
	c.broken = true
	c.out = nil
	if c.leaving == nil {
		c.leaving = &Error{Conn: true, Cause: err}
	}
	c.writeErr = err
	_ = c.net.SetReadDeadline(time.Now().Add(waitAfterFailure)) // a connection that has none is closed
}

// wakeBlocked wakes the streams that wait to send. mu is held.
func (c *Conn) wakeBlocked() {
	for i, s := range c.blocked {
		s.wakeUp()
		c.blocked[i] = nil
	}
	c.blocked = c.blocked[:0]
}

// goodbye returns the last frames of a connection that ends for a violation of the protocol; nil where there is none to
// send, or another write is under way. mu is held.
func (c *Conn) goodbye(why *Error) []byte {
	if why.Cause != nil || why.Remote || c.flushing || c.broken {
		return nil
	}
	_ = c.framer.WriteGoAway(0, why.Code, nil)
	return c.out
}

// goodbyeTime is how long the last frame may take.
const goodbyeTime = 10 * time.Millisecond

// These bound a write. One that takes stuckStep over which an exchange met a limit is stuck, unless others use the
// connection: then it is after stuckWrite.
const (
	stuckStep  = 150 * time.Millisecond
	stuckWrite = time.Second
)

// startWatch starts the watch over writes. mu is held.
func (c *Conn) startWatch() {
	if c.watching {
		return
	}
	c.watching = true
	if c.watch == nil {
		c.watch = time.AfterFunc(stuckStep, c.checkWrite)
		return
	}
	c.watch.Reset(stuckStep)
}

// checkWrite is run by the watch while there are writes: it closes the connection where one is stuck. Reading a body
// waits for no write but its own, so that only who writes needs it.
func (c *Conn) checkWrite() {
	c.mu.Lock()
	if !c.flushing || c.err != nil {
		c.watching = false
		c.mu.Unlock()
		return
	}
	var took time.Duration
	if !c.began.IsZero() {
		took = time.Since(c.began)
	}
	isOver := c.flusher.Err() != nil
	stuck := took >= c.config.WriteTime || isOver && took >= stuckStep || c.limitMet && took >= stuckWrite
	if !stuck {
		c.watch.Reset(stuckStep)
	}
	c.mu.Unlock()
	if stuck {
		c.fail(&Error{Conn: true, Cause: errStuck})
	}
}

// queueReset queues a RST_STREAM, and writes it aside. mu is held.
func (c *Conn) queueReset(id uint32, code http2.ErrCode) {
	_ = c.framer.WriteRSTStream(id, code)
}
