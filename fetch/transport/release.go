package transport

import (
	"time"

	"batchfetch/fetch/fdlimit"
)

// shortTime is how long after a dial for which this machine lacked something the pool gives up connections sooner.
const shortTime = 10 * time.Second

// release is Transport.Release for one pool.
func (p *pool) release(host string, ended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !ended && !p.isShort() {
		return
	}
	p.takeOut(host, p.idle.count)
}

// closeIdleTo is Transport.CloseIdleTo for one pool. It returns how many connections are closed.
func (p *pool) closeIdleTo(host string, n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.takeOut(host, n)
}

// takeOut takes at most n idle connections to a host out of the pool, which closeReleased closes, and returns how many
// they are. mu is held.
func (p *pool) takeOut(host string, n int) int {
	before := len(p.released)
	for len(p.released) < before+n {
		h := p.idle.pop(host)
		if h == nil {
			break
		}
		p.released = append(p.released, h)
	}
	if before == 0 && len(p.released) > 0 {
		time.AfterFunc(0, p.closeReleased)
	}
	return len(p.released) - before
}

// closeReleased, in a goroutine of a timer, closes what has been taken out of the pool: in a shortage with a reset,
// which leaves no local port behind in TIME_WAIT (RFC 9293 section 3.6.1). Responses have been read to their ends.
func (p *pool) closeReleased() {
	p.mu.Lock()
	released, isShort := p.released, p.isShort()
	p.released = nil
	p.mu.Unlock()
	for _, h := range released {
		if isShort {
			h.reset()
		} else {
			h.close()
		}
	}
}

// noteShortage notes whether this machine lacked something for a dial. mu is held.
func (p *pool) noteShortage(err error) {
	if fdlimit.IsShortage(err) {
		p.shortAt = time.Now()
	}
}

// isShort reports whether that was so lately. mu is held.
func (p *pool) isShort() bool { return !p.shortAt.IsZero() && time.Since(p.shortAt) < shortTime }
