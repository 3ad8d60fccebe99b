package transport

import (
	"time"
)

// This file is about hosts that close kept connections without saying so: an application server that has not read all
// of a request, or one that is short of workers. What was sent over such a connection is lost where it can't be sent
// again (RFC 9112 section 9.3.1). So once a kept connection of a host has died, requests that may not be replayed go
// over connections of their own there.

// maxEarlyClosers is the number of hosts in pool.earlyClosers; about 100 bytes each.
const maxEarlyClosers = 4096

// earlyCloseTime is how soon after a response the end of the connection is no idle timeout.
const earlyCloseTime = time.Second

// noteEarlyClose notes that a kept connection of host has died: under a request, or right after a response.
func (p *pool) noteEarlyClose(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.earlyClosers) >= maxEarlyClosers {
		clear(p.earlyClosers)
	}
	p.earlyClosers[host] = true
}

// discard closes a connection of host that is not reusable.
func (p *pool) discard(host string, h *h1Conn) {
	if h.used && time.Since(h.idle.since) < earlyCloseTime {
		p.noteEarlyClose(host)
	}
	h.close()
}

// needsFresh reports whether the request of c is to have a connection of its own.
func (p *pool) needsFresh(c *Call) bool {
	if c.fresh || c.mayRepeat() {
		return c.fresh
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.earlyClosers[p.hostOf(c.Target)]
}
