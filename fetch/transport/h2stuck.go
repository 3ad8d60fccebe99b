package transport

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"batchfetch/fetch/conn"
)

// This file keeps net/http's HTTP/2 from holding an exchange up. It writes under one lock for each connection, and
// reading a body, closing one, and ending a stream wait for that lock, whatever their context says. So one write that
// the server leaves no room for, such as the acknowledgement of one ping too many, stops all exchanges of a connection.

// watchWrites looks after the shared connection once ctx has ended: a limit was met. Where no other exchange uses the
// connection it is closed, as one of HTTP/1.1 is; else where a write over it is stuck. Each call replaces the one
// before.
func (c *Call) watchWrites(ctx context.Context) {
	if c.unwatch != nil {
		c.unwatch()
	}
	if c.conn == nil {
		return
	}
	over := c.conn
	watch := func() { closeWhereStuck(over, &c.ended, 1) }
	stop := context.AfterFunc(ctx, watch)
	c.unwatch = func() {
		switch stopped := stop(); {
		case ctx.Err() == nil, c.notProcessed: // the server has refused the stream, and is well
		case over.Exchanges() == 0:
			_ = over.Close() // the error means nothing
		case stopped: // it was about to be called
			watch()
		}
	}
}

// A connection is looked after every stuckStep, up to stuckSteps times. A write that takes stuckWrite is stuck, and so
// is one that takes stuckStep where the exchange has not come to its end after two of them. An exchange that has not
// after stuckExchange steps waits for something else: net/http's sending of a body, for room in the server's window
// (RFC 9113 section 5.2), does not notice its context once the response has begun.
const (
	stuckStep  = 150 * time.Millisecond
	stuckWrite = time.Second
	stuckSteps = 14

	stuckExchange = 4
)

// closeWhereStuck looks after a connection stuckStep from now, for the step-th time since an exchange over it was to
// end. ended says whether it has.
func closeWhereStuck(over *conn.Conn, ended *atomic.Bool, step int) {
	time.AfterFunc(stuckStep, func() {
		blocked, done := over.WritingFor(), ended.Load()
		switch {
		case blocked >= stuckWrite, !done && step > 1 && blocked >= stuckStep, !done && step >= stuckExchange:
			_ = over.Close() // who writes gets the error
		case step < stuckSteps:
			closeWhereStuck(over, ended, step+1)
		}
	})
}

// A sharedBody is the body of a response over HTTP/2.
type sharedBody struct {
	io.ReadCloser
	end  context.CancelFunc // of the stream
	once sync.Once
}

// closeWait is how long Close waits for net/http.
const closeWait = 100 * time.Millisecond

// Close is io.Closer's. It waits until net/http has ended the stream, which then counts no more among those that the
// server allows, but no longer than closeWait.
func (b *sharedBody) Close() error {
	b.once.Do(func() {
		defer b.end()
		closed := make(chan struct{})
		go func() { // ends with the write that it waits for, at the latest when that is cut off: see WriteByteTimeout
			defer close(closed)
			_ = b.ReadCloser.Close() // an error means that the stream has ended
		}()
		tooLong := time.NewTimer(closeWait)
		defer tooLong.Stop()
		select {
		case <-closed:
		case <-tooLong.C:
		}
	})
	return nil
}
