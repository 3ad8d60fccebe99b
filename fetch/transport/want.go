package transport

import (
	"context"
	"net"
	"slices"
	"time"

	"batchfetch/fetch/transport/h3"
)

// This file is how an exchange gets a connection. One that finds no idle connection starts a dial and takes whichever
// connection comes first: one that was dialed, for it or for another, or one that another exchange has finished with.
// So where a server accepts few connections at once and leaves further dials unanswered, those it has accepted serve
// all exchanges.

// A hostQueue is the queue of wantConns for one host, and its dials; guarded by pool.mu.
type hostQueue struct {
	wants []*wantConn // the one that has waited longest first
	dials int         // under way for less than slowDial
	slow  int         // under way for longer
}

// slowDial is the usual slowDial of a pool: the path of a dial that takes as long may have
// died, and a new one may take another. A SYN or ClientHello that was lost once is there by then.
const slowDial = 2 * time.Second

// A wantConn is an exchange that waits for a connection (the word is net/http's).
type wantConn struct {
	ctx     context.Context         // of the exchange
	to      Target                  // a copy, as the dial may outlast the exchange
	result  chan connResult         // holds one, so that sending it never blocks
	cancel  context.CancelCauseFunc // of its dial; nil where none was started
	dialing bool                    // its dial is under way; guarded by pool.mu
	slow    bool                    // that dial is one of hostQueue.slow; guarded by pool.mu
	fresh   bool                    // it takes no connection that has carried an exchange
}

// A connResult is the result of a dial, or of the wait for a connection. One of its fields is set.
type connResult struct {
	h1     *h1Conn
	h2     net.Conn    // for HTTP/2, with TLS a *tls.Conn; of a dial alone
	h3     *quicResult // for HTTP/3; of a dial alone
	shared *sharedConn // the same, once it is one
	err    error
}

// idleOrWait returns an idle connection to host, or one that has room, or a new wantConn in its queue. All is decided
// under one lock, so that no connection becomes idle in between.
func (p *pool) idleOrWait(ctx context.Context, host string, to *Target) (connResult, *wantConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h := p.popIdleLocked(host); h != nil {
		return connResult{h1: h}, nil
	}
	if s := p.takeSharedLocked(host); s != nil {
		return connResult{shared: s}, nil
	}
	w := &wantConn{ctx: ctx, to: *to, result: make(chan connResult, 1)}
	p.enqueue(host, w)
	return connResult{}, w
}

// enqueue adds w to the queue of host, and starts a dial where there are too few. mu is held.
func (p *pool) enqueue(host string, w *wantConn) {
	queue := p.queues[host]
	if queue == nil {
		queue = new(hostQueue)
		p.queues[host] = queue
	}
	queue.wants = append(queue.wants, w)
	p.startDials(host, queue)
}

// wait returns the result of w. When ctx ends, the dial of w is canceled, and its error is the result, as it says which
// step was not done.
func (p *pool) wait(ctx context.Context, host string, w *wantConn) connResult {
	select {
	case result := <-w.result:
		return result
	case <-ctx.Done():
		p.cancelWait(host, w)
		return <-w.result
	}
}

// acquireWithin returns a connection that is shared for a Target, or nil where none comes within a time. The dial then
// goes on: its connection becomes idle.
func (p *pool) acquireWithin(ctx context.Context, to *Target, within time.Duration) *sharedConn {
	host := p.hostOf(to)
	result, w := p.idleOrWait(ctx, host, to)
	if w == nil {
		return result.shared
	}
	tooLong := time.NewTimer(within)
	defer tooLong.Stop()
	select {
	case result = <-w.result:
		return result.shared
	case <-tooLong.C:
	case <-ctx.Done():
	}
	p.mu.Lock()
	queue := p.queues[host]
	isLate := queue != nil && queue.dequeue(w)
	p.mu.Unlock()
	if isLate {
		return nil
	}
	return (<-w.result).shared
}

// cancelWait ends the wait of w, unless it has its result already: at once or, where its dial is under way, with its
// end.
func (p *pool) cancelWait(host string, w *wantConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	queue := p.queues[host]
	switch {
	case queue == nil || !slices.Contains(queue.wants, w):
	case w.dialing:
		w.cancel(context.Cause(w.ctx))
	default:
		queue.cancel(w)
		p.startDials(host, queue)
	}
}

// cancel ends the wait of w with the cause of its context's end. pool.mu is held.
func (q *hostQueue) cancel(w *wantConn) {
	if q.dequeue(w) {
		w.result <- connResult{err: context.Cause(w.ctx)}
	}
}

// dialsFor returns how many dials that are not slow may be under way for a queue: one for each exchange that waits; at
// a host that speaks HTTP/2 or HTTP/3 one, and none while a connection there has yet to settle. mu is held.
func (p *pool) dialsFor(host string, queue *hostQueue) int {
	if p.known[host] || p.config3 != nil {
		if slices.ContainsFunc(p.conns[host], func(s *sharedConn) bool { return !s.settled }) {
			return 0
		}
		return min(len(queue.wants), 1)
	}
	return len(queue.wants)
}

// startDials starts dials while fewer are under way than may be, for exchanges that have none, and deletes a queue
// without exchanges and dials. mu is held.
func (p *pool) startDials(host string, queue *hostQueue) {
	for queue.dials < p.dialsFor(host, queue) && !p.closed {
		i := slices.IndexFunc(queue.wants, func(w *wantConn) bool { return !w.dialing })
		if i < 0 { // the dials of all that wait are under way, some of them slow
			break
		}
		w := queue.wants[i]
		var ctx context.Context
		ctx, w.cancel = context.WithCancelCause(context.WithoutCancel(w.ctx)) // another exchange may take the connection
		w.dialing = true
		queue.dials++
		p.dials.Go(func() { p.dialFor(ctx, host, w) })
	}
	if len(queue.wants) == 0 && queue.dials == 0 && queue.slow == 0 {
		delete(p.queues, host)
	}
}

// dialFor dials for w, in a goroutine of its own. pool.Close cancels it.
func (p *pool) dialFor(ctx context.Context, host string, w *wantConn) {
	stop := context.AfterFunc(p.dialCtx, func() { w.cancel(context.Cause(p.dialCtx)) })
	late := time.AfterFunc(p.slowDial, func() { p.dialIsSlow(host, w) })
	result := p.dial(ctx, &w.to)
	stop()
	late.Stop()
	if result.h2 != nil {
		result.shared = p.newShared(host, result.h2)
	}
	if result.h3 != nil {
		result.shared = p.newShared3(host, result.h3)
	}
	if excess := p.dialed(host, w, result); excess != nil {
		excess.close()
	}
}

// dialIsSlow accounts for a dial for w that has been under way for slowDial, unless it has ended.
func (p *pool) dialIsSlow(host string, w *wantConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !w.dialing {
		return
	}
	queue := p.queues[host]
	w.slow = true
	queue.dials--
	queue.slow++
	p.startDials(host, queue)
}

// A closer is a connection that is to be closed.
type closer interface{ close() }

// dialed gives the result of the dial for w to a wantConn, or makes the connection idle. It does so under one lock, as
// otherwise an exchange could find the connection neither among the dials nor idle, and start a dial too many. An
// error is for w alone. It returns the connection that the caller is to close without mu, or nil.
func (p *pool) dialed(host string, w *wantConn, result connResult) (excess closer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	queue := p.queues[host]
	if w.dialing = false; w.slow {
		queue.slow--
		w.slow = false // it may dial again, where another exchange got this connection
	} else {
		queue.dials--
	}
	p.noteShortage(result.err)
	switch {
	case result.err != nil:
		if delete(p.known, host); queue.dequeue(w) { // it may speak no HTTP/2 when it is back
			w.result <- result
		}
	case result.shared != nil:
		if s := p.addShared(result.shared); s != nil {
			excess = s
		}
	case !queue.deliver(result.h1):
		if h := p.putIdleLocked(host, result.h1); h != nil {
			excess = h
		}
	}
	if w.ctx.Err() != nil { // cancelWait has left it in the queue until the end of its dial
		queue.cancel(w)
	}
	p.startDials(host, queue)
	return excess
}

// deliver gives a connection to the wantConn that has waited longest and takes it. It reports whether any did. pool.mu
// is held.
func (q *hostQueue) deliver(h *h1Conn) bool {
	i := slices.IndexFunc(q.wants, func(w *wantConn) bool { return !h.used || !w.fresh })
	if i < 0 {
		return false
	}
	w := q.wants[i]
	q.dequeue(w)
	w.result <- connResult{h1: h}
	return true
}

// dequeue takes w off the queue, and reports whether it was there. pool.mu is held.
func (q *hostQueue) dequeue(w *wantConn) bool {
	i := slices.Index(q.wants, w)
	if i >= 0 {
		q.wants = slices.Delete(q.wants, i, i+1)
	}
	return i >= 0
}

// A quicResult is a QUIC connection that was made, before HTTP/3 begins on it.
type quicResult struct {
	session *h3.Session
	altUsed string // see h3.NewConn
}
