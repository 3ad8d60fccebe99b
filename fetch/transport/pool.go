package transport

import (
	"context"
	"sync"
	"time"

	"batchfetch/fetch/dial"
)

// idleTimeout is how long a connection may be idle, net/http's default. reapEvery is how often connections are closed
// that have been idle for that long, or that the other side has closed.
const idleTimeout, reapEvery = 90 * time.Second, 10 * time.Second

// A pool is a pool of connections: it keeps idle ones and dials new ones. Those with HTTP/2 are shared; see
// sharedconn.go for them. Any goroutine may use it.
//
// No goroutine reads from an idle connection with HTTP/1.1: it is polled before it is reused and every reapEvery, and
// closed after idleTimeout. A connection is dialed only where none is idle and fewer dials are under way than exchanges
// wait, so that a host has no more connections than it has had exchanges at once; dials that take long count for their
// own exchanges alone (slowDial).
type pool struct {
	dial        func(ctx context.Context, to *Target) connResult
	forwards    bool          // all connections lead to proxies, which are asked for whole URLs
	proxy       *dial.Proxy   // the one of them for Targets without a Route; nil is none
	proxyHeader []byte        // a header line for that one, or nil
	maxIdle     int           // idle connections kept, of all hosts together, of each version of HTTP
	version     Version       // that may be spoken
	slowDial    time.Duration // how long a dial may take before it counts no longer for exchanges that come later

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

// newPool returns an empty pool. dial is called in a goroutine for each connection that is to be made.
func newPool(maxIdle int, dial func(context.Context, *Target) connResult) *pool {
	p := &pool{
		dial: dial, maxIdle: maxIdle, idleByHost: make(map[string]*h1Conn), queues: make(map[string]*hostQueue),
		earlyClosers: make(map[string]bool), slowDial: slowDial,
		shares: shares{conns: make(map[string][]*sharedConn), known: make(map[string]bool)},
	}
	p.dialCtx, p.cancel = context.WithCancel(context.Background())
	return p
}

// hostOf returns the key, in idleByHost and queues, of the connections that serve a Target: its origin, or "" where all
// lead to one proxy, or either with that of its Route.
func (p *pool) hostOf(to *Target) string {
	switch {
	case p.forwards && to.Route != nil:
		return to.Route.key
	case p.forwards:
		return ""
	case to.Route != nil:
		return to.Origin + " " + to.Route.key
	}
	return to.Origin
}

// forwarder returns the proxy that is asked for the whole URL of a Target, and a header line for it or nil; nil is no
// proxy.
func (p *pool) forwarder(to *Target) (*dial.Proxy, []byte) {
	if p.forwards && to.Route != nil {
		return to.Route.proxies.HTTP(), to.Route.header
	}
	return p.proxy, p.proxyHeader
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
	h.idle.since = h.conn.LastRead()
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
		<-s.over.Done()
	}
}
