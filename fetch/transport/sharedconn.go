package transport

import (
	"container/list"
	"crypto/tls"
	"net"
	"slices"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/transport/h2"
	"batchfetch/fetch/transport/h3"
)

// This file is how exchanges share connections with HTTP/2 and HTTP/3. A new one with HTTP/2 carries one exchange until
// the server's SETTINGS have come (RFC 9113 section 6.5): how many it allows is not known before, and servers may
// refuse those that are too many, or stop reading (lighttpd 1.4.69). While one has not settled no other is dialed to
// its host, and then one at a time, where all have as many exchanges as the server allows.

// A sharedConn is a connection with HTTP/2 or HTTP/3 in a pool, and the Owner of its h2.Conn or h3.Conn.
type sharedConn struct {
	pool *pool
	host string
	over multiplexed
	h2   *h2.Conn   // is over; nil: it speaks HTTP/3
	h3   *h3.Conn   // is over; nil: it speaks HTTP/2
	conn *conn.Conn // nil with HTTP/3, where each exchange has one of its own
	tls  *tls.Conn  // over conn; nil is no TLS, or HTTP/3

	active  int           // exchanges that have it, or are about to; these and all below are guarded by pool.mu
	allowed int           // exchanges at once; 1 until it has settled
	pooled  bool          // it has come into the pool
	settled bool          // the server's SETTINGS have come
	leaving bool          // no further exchange may begin
	used    bool          // it has carried an exchange
	since   time.Time     // when it became idle
	idle    *list.Element // in pool.idleShared; nil where it is not idle
}

// A multiplexed is an h2.Conn or an h3.Conn.
type multiplexed interface {
	Close()
	Done() <-chan struct{}
}

// shares is what a pool knows of HTTP/2 and HTTP/3; guarded by pool.mu.
type shares struct {
	config     *h2.Config               // nil: HTTP/2 is not spoken
	config3    *h3.Config               // nil: HTTP/3 is not spoken, else nothing else is
	conns      map[string][]*sharedConn // by host, those that further exchanges may begin on
	known      map[string]bool          // hosts that speak HTTP/2, or (false) want HTTP/1.1; at most maxKnownHosts
	idleShared list.List                // of *sharedConn: the one that became idle first is the first
}

// maxKnownHosts is the number of hosts in shares.known; about 100 bytes each.
const maxKnownHosts = 4096

// newShared returns a connection with HTTP/2 to host over c, and starts it. It is not in the pool yet.
func (p *pool) newShared(host string, c net.Conn) *sharedConn {
	s := newSharedConn(p, host)
	raw := c
	if s.tls, _ = c.(*tls.Conn); s.tls != nil {
		raw = s.tls.NetConn()
	}
	s.conn, _ = raw.(*conn.Conn)
	s.h2 = h2.NewConn(c, p.config, s)
	s.over = s.h2
	return s
}

func newSharedConn(p *pool, host string) *sharedConn {
	return &sharedConn{pool: p, host: host, allowed: 1}
}

// newShared3 returns a connection with HTTP/3 to host, and starts it. It is not in the pool yet.
func (p *pool) newShared3(host string, c *quicResult) *sharedConn {
	s := newSharedConn(p, host)
	s.h3 = h3.NewConn(c.session, p.config3, s, c.altUsed)
	s.over = s.h3
	return s
}

// close closes the connection.
func (s *sharedConn) close() { s.over.Close() }

// hasRoom reports whether another exchange may have the connection. Where the server allows none at all it waits on
// it, with its limits of time. pool.mu is held.
func (s *sharedConn) hasRoom() bool {
	return !s.leaving && (s.active < s.allowed || s.settled && s.allowed == 0)
}

// take gives the connection to one more exchange. pool.mu is held.
func (s *sharedConn) take() {
	s.active++
	if s.idle != nil {
		s.pool.idleShared.Remove(s.idle)
		s.idle = nil
	}
}

// takeSharedLocked returns a connection to host that has room, for an exchange, or nil. mu is held.
func (p *pool) takeSharedLocked(host string) *sharedConn {
	for _, s := range p.conns[host] {
		if s.hasRoom() {
			s.take()
			return s
		}
	}
	return nil
}

// takeShared is takeSharedLocked without mu.
func (p *pool) takeShared(host string) *sharedConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.takeSharedLocked(host)
}

// hasShared reports whether there is a connection to a host that further exchanges may begin on.
func (p *pool) hasShared(host string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns[host]) > 0
}

// retireAll retires all connections to a host.
func (p *pool) retireAll(host string) {
	p.mu.Lock()
	all := slices.Clone(p.conns[host])
	p.mu.Unlock()
	for _, s := range all {
		p.retire(s)
	}
}

// addShared makes a connection one of the pool's, unless the host has another that has room or has yet to settle. It
// returns the connection that the caller is to close without mu, or nil. mu is held.
func (p *pool) addShared(s *sharedConn) (excess *sharedConn) {
	isEnough := func(other *sharedConn) bool { return other.hasRoom() || !other.settled }
	if p.closed || slices.ContainsFunc(p.conns[s.host], isEnough) {
		return s
	}
	p.know(s.host, true)
	if s.leaving { // an exchange learns of it, and counts it: see nextConn
		if queue := p.queues[s.host]; len(queue.wants) > 0 {
			p.give(s, queue)
		}
		return p.letIdle(s)
	}
	s.pooled = true
	p.conns[s.host] = append(p.conns[s.host], s)
	p.handOut(s)
	return p.letIdle(s)
}

// give gives the connection to the exchange that has waited longest. mu is held.
func (p *pool) give(s *sharedConn, queue *hostQueue) {
	w := queue.wants[0]
	queue.dequeue(w)
	s.take()
	w.result <- connResult{shared: s}
}

// know takes note of whether a host speaks HTTP/2. mu is held.
func (p *pool) know(host string, speaks bool) {
	if len(p.known) >= maxKnownHosts {
		clear(p.known)
	}
	p.known[host] = speaks
}

// setHTTP1 takes note that a host wants to be spoken to in HTTP/1.1.
func (p *pool) setHTTP1(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.know(host, false)
}

// wantsHTTP1 reports whether a host wants to be spoken to in HTTP/1.1.
func (p *pool) wantsHTTP1(host string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	speaks, is := p.known[host]
	return is && !speaks
}

// handOut gives the connection to exchanges that wait for one, as far as it has room. mu is held.
func (p *pool) handOut(s *sharedConn) {
	queue := p.queues[s.host]
	for queue != nil && len(queue.wants) > 0 && s.hasRoom() {
		p.give(s, queue)
	}
	if queue != nil {
		p.startDials(s.host, queue)
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
	s.since = time.Now()
	s.idle = p.idleShared.PushBack(s)
	if p.idleShared.Len() > p.maxIdle {
		excess = p.idleShared.Front().Value.(*sharedConn)
		p.forget(excess)
	}
	p.startReaper()
	return excess
}

// forget takes a connection out of the pool: no further exchange begins on it. mu is held.
func (p *pool) forget(s *sharedConn) {
	s.leaving = true
	if s.idle != nil {
		p.idleShared.Remove(s.idle)
		s.idle = nil
	}
	rest := slices.DeleteFunc(p.conns[s.host], func(other *sharedConn) bool { return other == s })
	if p.conns[s.host] = rest; len(rest) == 0 {
		delete(p.conns, s.host)
	}
}

// retire takes a connection out of the pool, and closes it once it carries no exchange.
func (p *pool) retire(s *sharedConn) {
	p.mu.Lock()
	p.forget(s)
	unused := s.active == 0
	p.mu.Unlock()
	if unused {
		s.close()
	}
}

// removeSharedIf takes the idle connections for which remove is true out of the pool, for the caller to close. mu is
// held.
func (p *pool) removeSharedIf(remove func(*sharedConn) bool) (removed []*sharedConn) {
	for e := p.idleShared.Front(); e != nil; {
		s := e.Value.(*sharedConn)
		e = e.Next()
		if remove(s) {
			p.forget(s)
			removed = append(removed, s)
		}
	}
	return removed
}

// StreamsAllowed is h2.Owner's.
func (s *sharedConn) StreamsAllowed(n int) {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	if s.allowed, s.settled = n, true; s.pooled {
		s.pool.handOut(s)
	}
}

// Leaving is h2.Owner's. What waits for the host gets another connection.
func (s *sharedConn) Leaving() {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	s.pool.forget(s)
	if queue := s.pool.queues[s.host]; queue != nil {
		s.pool.startDials(s.host, queue)
	}
}

// ExchangeDone is h2.Owner's.
func (s *sharedConn) ExchangeDone() {
	s.pool.mu.Lock()
	s.active--
	if s.hasRoom() {
		s.pool.handOut(s)
	}
	excess := s.pool.letIdle(s)
	s.pool.mu.Unlock()
	if excess != nil {
		excess.close()
	}
}
