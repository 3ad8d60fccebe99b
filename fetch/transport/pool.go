package transport

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/httpurl"
)

// idleTimeout is how long a connection may be idle, as net/http has it by default; reapEvery is how often those are closed that
// have been, and those that the other side has closed.
const idleTimeout, reapEvery = 90 * time.Second, 10 * time.Second

// A pool holds the idle HTTP/1.1 connections of a run and dials new ones. No goroutine reads from an idle connection: it is polled
// when it is wanted and every reapEvery, and closed after idleTimeout. A new one is only dialed where none is idle and fewer dials are
// under way than exchanges wait, so that a host has no more connections than it has had exchanges at once.
type pool struct {
	dial        func(ctx context.Context, to *Target) connResult
	proxy       *dial.Proxy // that all connections lead to, and that is asked for whole URLs; nil is none
	proxyHeader []byte      // a header line for that proxy; nil is none
	maxIdle     int         // idle connections kept, over all hosts

	mu         sync.Mutex         // guards all below
	idleByHost map[string]*h1Conn // of each host the connection that became idle last
	oldest     *h1Conn            // of all idle connections, by when they became idle
	newest     *h1Conn
	idleCount  int
	reaper     *time.Timer           // runs reapIdle; nil where nothing is idle
	queues     map[string]*hostQueue // by host
	closed     bool                  // no connection is kept any more

	dials   sync.WaitGroup  // under way
	dialCtx context.Context // of all of them; ended by close
	cancel  context.CancelFunc
}

// An idleEntry is a connection's place in the pool: in the list of all idle connections and in that of its host, both by when they
// became idle.
type idleEntry struct {
	host                 string
	since                time.Time // when it became idle; zero: it never was
	lruOlder, lruNewer   *h1Conn
	hostOlder, hostNewer *h1Conn
}

func newPool(maxIdle int, dial func(context.Context, *Target) connResult) *pool {
	p := &pool{dial: dial, maxIdle: maxIdle, idleByHost: make(map[string]*h1Conn), queues: make(map[string]*hostQueue)}
	p.dialCtx, p.cancel = context.WithCancel(context.Background())
	return p
}

// newForwarding returns a pool of connections to proxy, which is asked for whole http:// URLs (RFC 9112 section 3.2.2).
func newForwarding(c *Config, d *dial.Dialer, proxy *dial.Proxy) *pool {
	p := newPool(maxIdle(c.Concurrency), func(ctx context.Context, _ *Target) connResult {
		conn, err := d.DialProxy(ctx, proxy)
		if err != nil {
			return connResult{err: err}
		}
		return connResult{h1: newH1Conn(conn, nil)}
	})
	p.proxy = proxy
	if login := proxy.Authorization(); login != "" {
		p.proxyHeader = []byte("Proxy-Authorization: " + login + "\r\n")
	}
	return p
}

// dialHTTP connects to the origin of a Target. Over TLS the other side may choose HTTP/2.
func dialHTTP(ctx context.Context, d *dial.Dialer, to *Target) connResult {
	addr := net.JoinHostPort(to.URL.Hostname(), httpurl.Port(to.URL))
	var c *conn.Conn
	var tlsConn *tls.Conn
	var err error
	if to.URL.Scheme == "https" {
		c, tlsConn, err = d.DialTLS(ctx, addr)
	} else {
		c, err = d.DialPlain(ctx, addr)
	}
	switch {
	case err != nil:
		return connResult{err: err}
	case tlsConn != nil && tlsConn.ConnectionState().NegotiatedProtocol == "h2":
		return connResult{h2: tlsConn}
	}
	return connResult{h1: newH1Conn(c, tlsConn)}
}

// RoundTrip makes the exchange over an idle connection, or the first that comes.
func (p *pool) RoundTrip(ctx context.Context, c *Call) (*http.Response, error) {
	c.forwardedBy = p.proxy
	for {
		result := p.acquire(ctx, c.Target)
		if result.err != nil {
			return nil, result.err
		}
		if resp, again, err := p.roundTripOn(ctx, result.h1, c); !again {
			return resp, err
		}
	}
}

// roundTripOn makes the exchange over h. It is to be made again where the other side closed h, which had been idle, before a response
// began, and where that can't do anything twice (RFC 9110 section 9.2.2).
func (p *pool) roundTripOn(ctx context.Context, h *h1Conn, c *Call) (resp *http.Response, again bool, err error) {
	again = h.mayBeStale()
	resp, err = h.roundTrip(ctx, c, p)
	switch {
	case err == nil || !again || c.Responded() || ctx.Err() != nil || !c.Target.isReplayable():
		return resp, false, err
	case c.NoReplay:
		return nil, false, failure.New(failure.Truncated, "the connection closed before an answer, and the request is not to be sent again")
	}
	c.dropConn()
	return nil, true, nil
}

// hostOf returns the key of the connections that lead to a Target.
func (p *pool) hostOf(to *Target) string {
	if p.proxy != nil {
		return ""
	}
	return to.Origin
}

// getIdle returns the connection of a host that became idle last; nil is none.
func (p *pool) getIdle(host string) *h1Conn {
	for {
		h := p.popIdle(host)
		if h == nil || h.isReusable() {
			return h
		}
		h.close()
	}
}

func (p *pool) popIdle(host string) *h1Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.popIdleLocked(host)
}

// popIdleLocked is popIdle with mu held.
func (p *pool) popIdleLocked(host string) *h1Conn {
	h := p.idleByHost[host]
	if h != nil {
		p.remove(h)
	}
	return h
}

// putIdle gives a connection that has no exchange any more to the wantConn that has waited longest, or keeps it. Past maxIdle the
// connection that has been idle longest is closed.
func (p *pool) putIdle(host string, h *h1Conn) {
	p.mu.Lock()
	excess := p.putIdleLocked(host, h)
	p.mu.Unlock()
	if excess != nil {
		excess.close()
	}
}

// putIdleLocked is putIdle with mu held. It returns the connection that is to be closed then; nil is none.
func (p *pool) putIdleLocked(host string, h *h1Conn) (excess *h1Conn) {
	if p.closed {
		return h
	}
	if queue := p.queues[host]; queue != nil && queue.deliver(nil, connResult{h1: h}) {
		return nil
	}
	h.idle = idleEntry{host: host, since: time.Now(), lruOlder: p.newest, hostOlder: p.idleByHost[host]}
	if h.idle.hostOlder != nil {
		h.idle.hostOlder.idle.hostNewer = h
	}
	p.idleByHost[host] = h
	if p.newest != nil {
		p.newest.idle.lruNewer = h
	} else {
		p.oldest = h
	}
	p.newest = h
	if p.idleCount++; p.idleCount > p.maxIdle {
		excess = p.oldest
		p.remove(excess)
	}
	if p.reaper == nil {
		p.reaper = time.AfterFunc(reapEvery, p.reapIdle)
	}
	return excess
}

// remove takes an idle connection out of both lists; mu is held.
func (p *pool) remove(h *h1Conn) {
	p.idleCount--
	at := &h.idle
	switch {
	case at.hostNewer != nil:
		at.hostNewer.idle.hostOlder = at.hostOlder
	case at.hostOlder != nil:
		p.idleByHost[at.host] = at.hostOlder
	default:
		delete(p.idleByHost, at.host)
	}
	if at.hostOlder != nil {
		at.hostOlder.idle.hostNewer = at.hostNewer
	}
	if at.lruOlder != nil {
		at.lruOlder.idle.lruNewer = at.lruNewer
	} else {
		p.oldest = at.lruNewer
	}
	if at.lruNewer != nil {
		at.lruNewer.idle.lruOlder = at.lruOlder
	} else {
		p.newest = at.lruOlder
	}
	h.idle = idleEntry{since: at.since}
}

// reapIdle closes the connections that have been idle for idleTimeout, and those on which anything can be read, their end included.
func (p *pool) reapIdle() {
	deadline := time.Now().Add(-idleTimeout)
	for _, h := range p.removeIdleIf(func(h *h1Conn) bool { return !h.idle.since.After(deadline) || h.conn.Readable() }) {
		h.close()
	}
}

// CloseIdle closes all idle connections.
func (p *pool) CloseIdle() {
	for _, h := range p.removeIdleIf(func(*h1Conn) bool { return true }) {
		h.close()
	}
}

// Close closes all idle connections, cancels the dials under way and awaits their end. A connection that becomes idle later is
// closed at once.
func (p *pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cancel()
	p.dials.Wait()
	p.CloseIdle()
}

// removeIdleIf takes the connections out for which remove says so, and sets the timer of the next reapIdle.
func (p *pool) removeIdleIf(remove func(*h1Conn) bool) (removed []*h1Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for h := p.oldest; h != nil; {
		next := h.idle.lruNewer
		if remove(h) {
			p.remove(h)
			removed = append(removed, h)
		}
		h = next
	}
	if p.reaper != nil {
		p.reaper.Stop()
		p.reaper = nil
	}
	if p.oldest != nil {
		p.reaper = time.AfterFunc(reapEvery, p.reapIdle)
	}
	return removed
}
