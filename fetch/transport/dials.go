package transport

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/transport/h2"
	"batchfetch/fetch/transport/h3"
)

// This file is how connections are made for exchanges that wait.

// firstDials is how many dials are under way at once to a host that may choose HTTP/2, until it has chosen: all but one
// of them may turn out not to be needed, and each costs the server a TLS handshake.
const firstDials = 2

// dialsFor returns how many dials that are not slow may be under way for a queue: one for each exchange that waits; at
// a host that speaks HTTP/2 or HTTP/3 one, and none while a connection there has yet to settle. mu is held.
func (p *pool) dialsFor(host string, queue *hostQueue) int {
	if p.shared.speaksHTTP2[host] || p.config3 != nil {
		if p.shared.isSettling(host) {
			return 0
		}
		return min(len(queue.wants), 1)
	}
	if len(queue.wants) > firstDials && p.offersHTTP2(&queue.wants[0].to) && p.shared.mayChooseHTTP2(host) {
		return firstDials
	}
	return len(queue.wants)
}

// offersHTTP2 reports whether a connection for a Target may be one with HTTP/2.
func (p *pool) offersHTTP2(to *Target) bool {
	return p.config != nil && (p.version == HTTP2 || p.version == Auto && to.URL.Scheme == "https")
}

// startDials starts dials while fewer are under way than may be, for exchanges that have none, and deletes a queue
// without exchanges and dials. mu is held.
func (p *pool) startDials(host string, queue *hostQueue) {
	for queue.dials < p.dialsFor(host, queue) && !p.closed {
		i := slices.IndexFunc(queue.wants, func(w *wantConn) bool { return !w.dialing })
		if i < 0 { // the dials of all that wait are under way, some of them slow
			break
		}
		p.startDial(host, queue, queue.wants[i])
	}
	if len(queue.wants) == 0 && queue.dials == 0 && queue.slow == 0 {
		delete(p.queues, host)
	}
}

// startDial starts a dial for w. mu is held.
func (p *pool) startDial(host string, queue *hostQueue, w *wantConn) {
	var ctx context.Context
	ctx, w.cancel = context.WithCancelCause(context.WithoutCancel(w.ctx)) // another exchange may take the connection
	w.dialing = true
	queue.dials++
	p.dials.Go(func() { p.dialFor(ctx, host, w) })
}

// queueOf returns the queue of host, a new one where there is none. mu is held.
func (p *pool) queueOf(host string) *hostQueue {
	queue := p.queues[host]
	if queue == nil {
		queue = new(hostQueue)
		p.queues[host] = queue
	}
	return queue
}

// startDialsTo starts dials for what waits for a host, where anything does. mu is held.
func (p *pool) startDialsTo(host string) {
	if queue := p.queues[host]; queue != nil {
		p.startDials(host, queue)
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
		result.shared = p.newShared3(host, result.h3, w.to)
	}
	excess := p.dialed(host, w, result)
	if result.h3 != nil {
		p.supersedeSilent(host)
	}
	if excess != nil {
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
	if result.h1 != nil && p.offersHTTP2(&w.to) {
		p.shared.noteHTTP1(host)
	}
	switch {
	case result.err != nil:
		if delete(p.shared.speaksHTTP2, host); queue.dequeue(w) { // it may speak no HTTP/2 when it is back
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

// newShared returns a connection with HTTP/2 to host over c, and starts it. It is not in the pool yet.
func (p *pool) newShared(host string, c net.Conn) *sharedConn {
	s := &sharedConn{host: host, allowed: 1}
	raw := c
	if s.tls, _ = c.(*tls.Conn); s.tls != nil {
		raw = s.tls.NetConn()
	}
	s.conn, _ = raw.(*conn.Conn)
	s.h2 = h2.NewConn(c, p.config, &sharedOwner{p, s})
	s.over = s.h2
	return s
}

// newShared3 returns a connection with HTTP/3 to host, and starts it. It is not in the pool yet.
func (p *pool) newShared3(host string, c *quicResult, to Target) *sharedConn {
	to.Body = nil
	s := &sharedConn{host: host, allowed: 1, to: to}
	s.h3 = h3.NewConn(c.session, p.config3, &sharedOwner{p, s}, c.altUsed)
	s.over = s.h3
	return s
}

// A sharedOwner is the h2.Owner, or the h3.Owner, of a sharedConn: it tells the pool what changes for it.
type sharedOwner struct {
	pool *pool
	conn *sharedConn
}

// StreamsAllowed is h2.Owner's.
func (o *sharedOwner) StreamsAllowed(n int) {
	p, s := o.pool, o.conn
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.allowed, s.settled = n, true; s.pooled {
		p.handOut(s)
		p.startDialsTo(s.host)
	}
}

// Leaving is h2.Owner's. What waits for the host gets another connection.
func (o *sharedOwner) Leaving() {
	p, s := o.pool, o.conn
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shared.forget(s)
	p.startDialsTo(s.host)
}

// Silent is h3.Owner's. It dials once, which shows whether the server is there.
func (o *sharedOwner) Silent() {
	p, s := o.pool, o.conn
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.silent = true; !p.closed && !s.leaving {
		p.startDial(s.host, p.queueOf(s.host), &wantConn{ctx: p.dialCtx, to: s.to, result: make(chan connResult, 1)})
	}
}

// Heard is h3.Owner's.
func (o *sharedOwner) Heard() {
	p, s := o.pool, o.conn
	p.mu.Lock()
	defer p.mu.Unlock()
	s.silent = false
	p.handOut(s)
	p.startDialsTo(s.host)
}

// supersedeSilent tells the silent connections to a host that another one was made.
func (p *pool) supersedeSilent(host string) {
	p.mu.Lock()
	var silent []*h3.Conn
	for _, s := range p.shared.byHost[host] {
		if s.silent {
			silent = append(silent, s.h3)
		}
	}
	p.mu.Unlock()
	for _, c := range silent {
		c.Supersede()
	}
}

// ExchangeDone is h2.Owner's.
func (o *sharedOwner) ExchangeDone() {
	p, s := o.pool, o.conn
	p.mu.Lock()
	s.active--
	if s.hasRoom() {
		p.handOut(s)
		p.startDialsTo(s.host)
	}
	excess := p.letIdle(s)
	p.mu.Unlock()
	if excess != nil {
		excess.close()
	}
}
