package transport

import (
	"context"
	"crypto/tls"
	"net/http"
	"time"

	"batchfetch/fetch/failure"
)

// RoundTrip is RoundTripper's. It makes the exchange over an idle connection, or over the first that can be had.
func (p *pool) RoundTrip(ctx context.Context, c *Call) (*http.Response, error) {
	c.forwardedBy, _ = p.forwarder(c.Target)
	for {
		result := p.acquireFor(ctx, c)
		if result.err != nil {
			c.noConn()
			return nil, result.err
		}
		var resp *http.Response
		var again bool
		var err error
		if result.shared != nil {
			resp, again, err = p.roundTripShared(ctx, result.shared, c)
		} else {
			resp, again, err = p.roundTripOn(ctx, result.h1, c)
		}
		if !again {
			return resp, err
		}
	}
}

// roundTripOn makes the exchange over h. again says that it is to be made over another connection: as the server asks
// for a client certificate late, or has closed h, which had been idle or used (repeatOn), or h was given up
// (giveUpUnacked).
func (p *pool) roundTripOn(ctx context.Context, h *h1Conn, c *Call) (resp *http.Response, again bool, err error) {
	mayBeStale := h.mayBeStale()
	c.pool, c.givenUp = p, false
	resp, err = h.roundTrip(ctx, c, p)
	switch {
	case err == nil && p.mayAskLate(h, c, resp):
		_ = resp.Body.Close() // it is not needed
		c.dropConn()
		c.fresh = true
		p.closeIdleUnread(p.hostOf(c.Target), time.Now())
		return nil, true, nil
	case c.givenUp && ctx.Err() == nil:
		if err == nil { // it came as the connection was reset, which breaks its body off
			_ = resp.Body.Close()
		}
		isDropped := c.dropped
		c.dropConn()
		c.dropped = isDropped // no kept connection was lost
		return nil, true, nil
	case err == nil || ctx.Err() != nil:
		return resp, false, err
	case !mayBeStale && !h.conn.HasManyTickets():
		return nil, false, err
	}
	again, err = p.repeatOn(h, c, err)
	return nil, again, err
}

// repeatOn reports whether an exchange that has ended with an error over h is to be made over another connection, and
// prepares c for that; else the error that it returns is that of the exchange. It is where no response began, or what
// came over a used connection is none, and the request may be sent twice (RFC 9110 section 9.2.2).
func (p *pool) repeatOn(h *h1Conn, c *Call, err error) (again bool, _ error) {
	isLate := c.reused && badStart(c.responseStart[:c.responseStartLen]) != "" // bytes behind the last response
	switch {
	case c.Responded() && !isLate:
		return false, err
	case isLate:
		c.fresh = true // what the server says so again is an error
	case !h.conn.HasManyTickets():
		p.noteEarlyClose(p.hostOf(c.Target))
	}
	if h.conn.IsResetByPeer() {
		p.closeIdleUnread(p.hostOf(c.Target), time.Now().Add(-provenFor))
	}
	switch {
	case !c.Target.isReplayable():
		return false, err
	case c.NoReplay:
		return false, failure.New(failure.Truncated,
			"the connection closed before an answer, and the request is not to be sent again")
	}
	c.dropConn()
	return true, nil
}

// mayAskLate reports whether a response is a 403 because the server can't ask for the client certificate over TLS 1.3
// once the request has come, as far as that can be: over TLS 1.2 it shows. What comes over that tells the dialer.
func (p *pool) mayAskLate(h *h1Conn, c *Call, resp *http.Response) bool {
	if resp.StatusCode != http.StatusForbidden || h.tls == nil || p.dialer == nil || h.conn.WasAskedForCert() {
		return false
	}
	addr := ownAddress(c.Target)
	over, _ := p.dialer(c.Target)
	if h.tls.ConnectionState().Version < tls.VersionTLS13 {
		over.EndLateCert(addr)
		return false
	}
	return !c.fresh && c.mayRepeat() && over.TryLateCert(addr)
}

// acquireFor returns a connection for the exchange of c: acquire's, or one that has carried no exchange, and will carry
// no other.
func (p *pool) acquireFor(ctx context.Context, c *Call) connResult {
	if c.onlyOnce = p.needsFresh(c); !c.onlyOnce {
		return p.acquire(ctx, c)
	}
	host := p.hostOf(c.Target)
	w := &wantConn{ctx: ctx, to: *c.Target, result: make(chan connResult, 1), fresh: true}
	p.mu.Lock()
	if s := p.shared.take(host); s != nil {
		p.mu.Unlock()
		return connResult{shared: s}
	}
	p.enqueue(host, w)
	p.mu.Unlock()
	c.atOnce = false
	return p.wait(ctx, host, w)
}

// acquire returns a connection for a Call: an idle one, or the first that comes before ctx ends. The caller owns it.
func (p *pool) acquire(ctx context.Context, c *Call) connResult {
	host := p.hostOf(c.Target)
	for {
		result, w := p.idleOrWait(ctx, host, c.Target)
		if w != nil {
			c.atOnce = false
			result = p.wait(ctx, host, w)
		}
		if result.h1 == nil || result.h1.isReusableFor(c) {
			return result
		}
		p.discard(host, result.h1)
	}
}
