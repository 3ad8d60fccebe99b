package transport

import "slices"

// This file is who gets a connection that is there: the exchange that has waited longest, or none, and then it is idle.

// putIdle gives a connection whose exchange is over to the wantConn that has waited longest, or keeps it as idle. Past
// maxIdle the connection that has been idle longest is closed; after Close it is closed itself.
func (p *pool) putIdle(host string, h *h1Conn) {
	p.mu.Lock()
	excess := p.putIdleLocked(host, h)
	p.mu.Unlock()
	if excess != nil {
		excess.close()
	}
}

// putIdleLocked is putIdle with mu held. It returns the connection that the caller is to close without mu, or nil.
func (p *pool) putIdleLocked(host string, h *h1Conn) (excess *h1Conn) {
	if p.closed {
		return h
	}
	h.idle.since = h.conn.LastRead()
	if h.used {
		p.noteAnswer(host)
	}
	if p.mustMakeRoom(host, h) {
		return h
	}
	if queue := p.queues[host]; queue != nil && queue.deliver(h) {
		return nil
	}
	p.idle.push(host, h)
	if p.idle.count > p.maxIdle {
		excess = p.idle.oldest
		p.idle.remove(excess)
	}
	p.startReaper()
	return excess
}

// addShared makes a connection one of the pool's, unless the host has another that has room or has yet to settle. It
// returns the connection that the caller is to close without mu, or nil. mu is held.
func (p *pool) addShared(s *sharedConn) (excess *sharedConn) {
	isEnough := func(other *sharedConn) bool { return other.hasRoom() || !other.settled }
	if p.closed || slices.ContainsFunc(p.shared.byHost[s.host], isEnough) {
		return s
	}
	p.shared.setHTTP2(s.host, true)
	if s.leaving { // an exchange learns of it, and counts it: see nextConn
		if queue := p.queues[s.host]; len(queue.wants) > 0 {
			p.give(s, queue)
		}
		return p.letIdle(s)
	}
	p.shared.add(s)
	p.handOut(s)
	return p.letIdle(s)
}

// give gives the connection to the exchange that has waited longest. mu is held.
func (p *pool) give(s *sharedConn, queue *hostQueue) {
	w := queue.wants[0]
	queue.dequeue(w)
	p.shared.give(s)
	w.result <- connResult{shared: s}
}

// handOut gives the connection to exchanges that wait for one, as far as it has room. Dials for others are the
// caller's to start. mu is held.
func (p *pool) handOut(s *sharedConn) {
	queue := p.queues[s.host]
	for queue != nil && len(queue.wants) > 0 && s.hasRoom() {
		p.give(s, queue)
	}
}

// letIdle keeps a connection without exchanges as idle. It returns the one that the caller is to close without mu, or
// nil. mu is held.
func (p *pool) letIdle(s *sharedConn) (excess *sharedConn) {
	switch {
	case s.active > 0 || s.idle != nil:
		return nil
	case p.closed || s.leaving:
		return s
	}
	excess = p.shared.addIdle(s, p.maxIdle)
	p.startReaper()
	return excess
}
