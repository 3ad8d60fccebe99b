package transport

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/httpurl"
)

// idleTimeout is how long a connection may be idle, net/http's default. reapEvery is how often connections are closed
// that have been idle for that long, or that the other side has closed.
const idleTimeout, reapEvery = 90 * time.Second, 10 * time.Second

// A pool is a pool of connections: it keeps idle ones and dials new ones. Those with HTTP/2 are shared; see sharedconn.go
// for them. Any goroutine may use it.
//
// No goroutine reads from an idle connection with HTTP/1.1: it is polled before it is reused and every reapEvery, and closed after
// idleTimeout. A connection is dialed only where none is idle and fewer dials are under way than exchanges wait, so
// that a host has no more connections than it has had exchanges at once; dials that take long count for their own
// exchanges alone (slowDial).
type pool struct {
	dial        func(ctx context.Context, to *Target) connResult
	proxy       *dial.Proxy // to which all connections lead, and that is asked for whole URLs; nil is no proxy
	proxyHeader []byte      // a header line for that proxy, or nil
	maxIdle     int         // idle connections kept, of all hosts together, of each version of HTTP
	version     Version     // that may be spoken

	mu           sync.Mutex         // guards all below, and the idle of each h1Conn
	idleByHost   map[string]*h1Conn // of each host the connection that became idle last
	oldest       *h1Conn            // the idle connection that became idle first, or nil
	newest       *h1Conn            // the one that became idle last
	idleCount    int
	reaper       *time.Timer           // runs reapIdle; nil where no connection is idle
	queues       map[string]*hostQueue // by host; one without wants and dials is deleted
	earlyClosers map[string]bool       // hosts that close kept connections unannounced; at most maxEarlyClosers
	released     []*h1Conn             // taken out of the pool by release, and not closed yet
	shortAt      time.Time             // when this machine lacked something for a dial last; zero is never
	closed       bool                  // no connection is kept or dialed any more
	shares

	dials   sync.WaitGroup  // goroutines of dials under way
	dialCtx context.Context // bounds all dials; ended by Close
	cancel  context.CancelFunc
}

// An idleEntry is an idle connection's entry in two doubly linked lists of its pool, both in the order in which
// connections became idle: of all of them, and of those to its host. Guarded by pool.mu.
type idleEntry struct {
	host                 string
	since                time.Time // when it became idle, also after that; zero: it never was
	lruOlder, lruNewer   *h1Conn
	hostOlder, hostNewer *h1Conn
}

// newPool returns an empty pool. dial is called in a goroutine for each connection that is to be made.
func newPool(maxIdle int, dial func(context.Context, *Target) connResult) *pool {
	p := &pool{
		dial: dial, maxIdle: maxIdle, idleByHost: make(map[string]*h1Conn), queues: make(map[string]*hostQueue),
		earlyClosers: make(map[string]bool),
		shares:       shares{conns: make(map[string][]*sharedConn), known: make(map[string]bool)},
	}
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

// dialHTTP connects to the origin of a Target. Over TLS the server chooses among the versions of HTTP that are asked
// for; with the version HTTP2 a connection without TLS is one for HTTP/2 too (RFC 9113 section 3.3).
func dialHTTP(ctx context.Context, d *dial.Dialer, to *Target, version Version) connResult {
	addr := net.JoinHostPort(to.URL.Hostname(), httpurl.Port(to.URL))
	if to.URL.Scheme == "http" {
		c, err := d.DialPlain(ctx, addr)
		switch {
		case err != nil:
			return connResult{err: err}
		case version == HTTP2:
			return connResult{h2: c}
		}
		return connResult{h1: newH1Conn(c, nil)}
	}
	c, tlsConn, err := d.DialTLS(ctx, addr)
	switch {
	case err != nil:
		return connResult{err: err}
	case tlsConn.ConnectionState().NegotiatedProtocol == "h2":
		return connResult{h2: tlsConn}
	case version == HTTP2: // the server ignores what it was asked for
		_ = conn.Close(tlsConn) // nothing has been sent over it
		return connResult{err: dial.NotSpoken(to.URL.Hostname(), []string{"h2"})}
	}
	return connResult{h1: newH1Conn(c, tlsConn)}
}

// RoundTrip is RoundTripper's. It makes the exchange over an idle connection, or over the first that can be had.
func (p *pool) RoundTrip(ctx context.Context, c *Call) (*http.Response, error) {
	c.forwardedBy = p.proxy
	for {
		result := p.acquireFor(ctx, c)
		if result.err != nil {
			c.noConn()
			return nil, result.err
		}
		roundTrip := p.roundTripOn
		if result.shared != nil {
			roundTrip = func(ctx context.Context, _ *h1Conn, c *Call) (*http.Response, bool, error) {
				return p.roundTripShared(ctx, result.shared, c)
			}
		}
		if resp, again, err := roundTrip(ctx, result.h1, c); !again {
			return resp, err
		}
	}
}

// roundTripOn makes the exchange over h. again says that it is to be made over another connection: the server has
// closed h, which had been idle or used, before a response began, or what came is none, over one that was not polled;
// and the request may be sent twice (RFC 9110 section 9.2.2).
func (p *pool) roundTripOn(ctx context.Context, h *h1Conn, c *Call) (resp *http.Response, again bool, err error) {
	again, c.pool = h.mayBeStale(), p
	unpolled := h.unpolled // read first: after its response another exchange may have the connection
	resp, err = h.roundTrip(ctx, c, p)
	unreadable := h.conn.HasManyTickets()
	isLate := unpolled && badStart(c.responseStart[:c.responseStartLen]) != "" // bytes behind the last response
	if err == nil || !again && !unreadable || c.Responded() && !isLate || ctx.Err() != nil {
		return resp, false, err
	}
	switch {
	case isLate:
		c.polls = true // what the server says so again is an error
	case !unreadable:
		p.noteEarlyClose(p.hostOf(c.Target))
	}
	if h.conn.IsResetByPeer() {
		p.closeIdleUnread(p.hostOf(c.Target), time.Now().Add(-provenFor))
	}
	switch {
	case !c.Target.isReplayable():
		return resp, false, err
	case c.NoReplay:
		return nil, false, failure.New(failure.Truncated,
			"the connection closed before an answer, and the request is not to be sent again")
	}
	c.dropConn()
	return nil, true, nil
}

// hostOf returns the key, in idleByHost and queues, of the connections that serve a Target: its origin, or "" where all
// lead to one proxy.
func (p *pool) hostOf(to *Target) string {
	if p.proxy != nil {
		return ""
	}
	return to.Origin
}

// popIdleLocked takes the connection of a host that became idle last out of the pool, or nil. mu is held.
func (p *pool) popIdleLocked(host string) *h1Conn {
	h := p.idleByHost[host]
	if h != nil {
		p.remove(h)
	}
	return h
}

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
	h.idle.since = time.Now()
	if queue := p.queues[host]; queue != nil && queue.deliver(h) {
		return nil
	}
	h.idle = idleEntry{host: host, since: h.idle.since, lruOlder: p.newest, hostOlder: p.idleByHost[host]}
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
	p.startReaper()
	return excess
}

// startReaper starts the timer for the next reapIdle. mu is held.
func (p *pool) startReaper() {
	if p.reaper == nil {
		p.reaper = time.AfterFunc(reapEvery, p.reapIdle)
	}
}

// remove takes an idle connection out of both lists. mu is held.
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
	var removed []*h1Conn
	for h := p.oldest; h != nil; {
		next := h.idle.lruNewer
		if remove(h) {
			p.remove(h)
			removed = append(removed, h)
		}
		h = next
	}
	shared := p.removeSharedIf(removeShared)
	if p.reaper != nil {
		p.reaper.Stop()
		p.reaper = nil
	}
	if p.oldest != nil || p.idleShared.Len() > 0 {
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
		<-s.h2.Done()
	}
}
