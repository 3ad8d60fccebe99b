package transport

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// This file is about hosts that close kept connections without saying so: an application server that has not read all
// of a request, or one that is short of workers. What was sent over such a connection is lost where it can't be sent
// again (RFC 9112 section 9.3.1). So once a kept connection of a host has died, requests that may not be replayed go
// over connections of their own there. Where a server says how long it keeps an idle connection they go over no kept
// one that is about to end.

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
	if h.used && time.Since(h.idle.since) < earlyCloseTime && !h.endsSoon(time.Now()) {
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

// endMargin is how long before the end of the time that a server keeps an idle connection a request that may not be
// replayed goes over another one: what is under way as the server closes is lost.
const endMargin = time.Second

// keptFor is how long the server keeps a connection that is idle, as a response says: Keep-Alive: timeout=5, in seconds
// (RFC 2068 section 19.7.1.1; Node.js, Apache and Tomcat send it). 0 is not said.
func keptFor(header http.Header) time.Duration {
	fields := header["Keep-Alive"]
	if len(fields) == 0 {
		return 0
	}
	for part := range strings.SplitSeq(fields[0], ",") {
		name, value, _ := strings.Cut(part, "=")
		seconds, err := strconv.ParseUint(strings.TrimSpace(value), 10, 16)
		if err == nil && strings.EqualFold(strings.TrimSpace(name), "timeout") {
			return time.Duration(seconds) * time.Second //nolint:gosec // at most 2^16
		}
	}
	return 0
}

// endsSoon reports whether the time that the server keeps the idle connection is about to end, or has.
func (h *h1Conn) endsSoon(now time.Time) bool {
	return h.keptFor > 0 && now.Sub(h.idle.since) > h.keptFor-min(endMargin, h.keptFor/2)
}
