package h2

import (
	"context"
	"runtime"
	"time"
)

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
