package transport

import (
	"context"
	"errors"
	"time"

	"batchfetch/fetch/failure"
)

// This file is about paths that die while connections are kept: a route that changed, a NAT or firewall that has
// forgotten its flows. Nothing tells the client until it sends something, and then nothing comes, or a reset does. What
// one connection of a host meets so, the others that are idle would meet as well, one attempt after the other.

// provenFor is how recently bytes must have come over an idle connection that is kept where another one to its host
// has died.
const provenFor = time.Second

// closeIdleUnread closes the idle connections to host over which nothing has come since then.
func (p *pool) closeIdleUnread(host string, since time.Time) {
	p.mu.Lock()
	unread := p.idle.removeUnread(host, since)
	p.mu.Unlock()
	for _, h := range unread {
		h.close()
	}
}

// distrustIdle closes idle connections to the host of an exchange that has ended with f because its own connection was
// silent, to which a limit of time of ctx or the kernel's put an end. So the next attempt has a new connection, unless
// another one is proven: bytes have come over it of late. It does nothing over HTTP/2, where pings find a dead
// connection, and which has one for all.
func (c *Call) distrustIdle(ctx context.Context, f *failure.Failure) {
	if c.pool == nil || c.connectedAt.IsZero() || f.Kind != failure.Timeout && f.Kind != failure.Stalled {
		return
	}
	now := time.Now()
	silent := now.Sub(c.connectedAt)
	if read := now.Sub(c.conn.LastRead()); read < silent {
		silent = read
	}
	enough := provenFor
	var limit *failure.Limit
	if errors.As(context.Cause(ctx), &limit) {
		enough = min(enough, limit.After/2)
	}
	if silent >= enough {
		c.pool.closeIdleUnread(c.pool.hostOf(c.Target), now.Add(-min(provenFor, silent/2)))
	}
}
