package transport

import (
	"slices"
	"time"
)

// idleTimeout is how long a connection may be idle, net/http's default. reapEvery is how often connections are closed
// that have been idle for that long, or that the other side has closed.
const idleTimeout, reapEvery = 90 * time.Second, 10 * time.Second

// startReaper starts the timer for the next reapIdle. mu is held.
func (p *pool) startReaper() {
	if p.reaper == nil {
		p.reaper = time.AfterFunc(reapEvery, p.reapIdle)
	}
}

// reapIdle closes the connections that have been idle for idleTimeout, and those on which anything can be read, be it
// bytes or the end of the stream. It costs a poll(2) for each idle connection, with mu held.
func (p *pool) reapIdle() {
	deadline := time.Now().Add(-idleTimeout)
	isDue := func(h *h1Conn) bool { return !h.idle.since.After(deadline) || h.conn.Readable() }
	p.closeIdleIf(isDue, func(s *sharedConn) bool { return !s.since.After(deadline) })
}

// CloseIdle is RoundTripper's.
func (p *pool) CloseIdle() {
	p.closeIdleIf(func(*h1Conn) bool { return true }, func(*sharedConn) bool { return true })
}

// Close is RoundTripper's. It also cancels the dials under way and waits for their end. A connection that becomes idle
// later is closed at once.
func (p *pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cancel()
	p.dials.Wait()
	p.CloseIdle()
	p.closeReleased()
}

// closeIdleIf closes the idle connections for which remove, or removeShared, is true, and sets the timer for the next
// reapIdle.
func (p *pool) closeIdleIf(remove func(*h1Conn) bool, removeShared func(*sharedConn) bool) {
	p.mu.Lock()
	removed := p.idle.removeIf(remove)
	shared := p.shared.removeIf(removeShared)
	if p.reaper != nil {
		p.reaper.Stop()
		p.reaper = nil
	}
	if p.idle.oldest != nil || p.shared.idle.Len() > 0 {
		p.startReaper()
	}
	p.mu.Unlock()
	for _, h := range removed {
		h.close()
	}
	for _, s := range shared {
		s.close()
	}
	for _, s := range shared {
		<-s.over.Done()
	}
}

// retire takes a connection out of the pool, and closes it once it carries no exchange.
func (p *pool) retire(s *sharedConn) {
	p.mu.Lock()
	p.shared.forget(s)
	unused := s.active == 0
	p.mu.Unlock()
	if unused {
		s.close()
	}
}

// retireAll retires all connections to a host.
func (p *pool) retireAll(host string) {
	p.mu.Lock()
	all := slices.Clone(p.shared.byHost[host])
	p.mu.Unlock()
	for _, s := range all {
		p.retire(s)
	}
}
