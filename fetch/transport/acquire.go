package transport

import (
	"context"
	"slices"
	"time"
)

// This file is how an exchange gets a connection. One that finds no idle connection starts a dial and takes whichever
// connection comes first: one that was dialed, for it or for another, or one that another exchange has finished with.
// So where a server accepts few connections at once and leaves further dials unanswered, those it has accepted serve
// all exchanges.

// idleOrWait returns an idle connection to host, or one that has room, or a new wantConn in its queue. All is decided
// under one lock, so that no connection becomes idle in between.
func (p *pool) idleOrWait(ctx context.Context, host string, to *Target) (connResult, *wantConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h := p.idle.pop(host); h != nil {
		return connResult{h1: h}, nil
	}
	if s := p.shared.take(host); s != nil {
		return connResult{shared: s}, nil
	}
	w := &wantConn{ctx: ctx, to: *to, result: make(chan connResult, 1)}
	p.enqueue(host, w)
	return connResult{}, w
}

// enqueue adds w to the queue of host, and starts a dial where there are too few. mu is held.
func (p *pool) enqueue(host string, w *wantConn) {
	queue := p.queueOf(host)
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
