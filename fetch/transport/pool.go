package transport

import (
	"context"
	"sync"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/transport/h2"
	"batchfetch/fetch/transport/h3"
)

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
	dialer      dialerOf      // over TCP to the origin; nil: connections lead elsewhere
	proxy       *dial.Proxy   // the one of them for Targets without a Route; nil is none
	proxyHeader []byte        // a header line for that one, or nil
	maxIdle     int           // idle connections kept, of all hosts together, of each version of HTTP
	version     Version       // that may be spoken
	config      *h2.Config    // nil: HTTP/2 is not spoken
	config3     *h3.Config    // nil: HTTP/3 is not spoken, else nothing else is
	slowDial    time.Duration // how long a dial may take before it counts no longer for exchanges that come later

	mu           sync.Mutex // guards all below, and the idle of each h1Conn
	idle         idleConns
	shared       sharedConns
	reaper       *time.Timer                 // runs reapIdle; nil where no connection is idle
	queues       map[string]*hostQueue       // by host; one without wants and dials is deleted
	earlyClosers map[string]bool             // hosts that close kept connections unannounced; at most maxEarlyClosers
	unanswered   map[string][]*firstExchange // by host, the oldest first
	released     []*h1Conn                   // taken out of the pool by release, and not closed yet
	shortAt      time.Time                   // when this machine lacked something for a dial last; zero is never
	closed       bool                        // no connection is kept or dialed any more

	dials   sync.WaitGroup  // goroutines of dials under way
	dialCtx context.Context // bounds all dials; ended by Close
	cancel  context.CancelFunc
}

// A dialerOf returns what dials for a Target, and the versions of HTTP that may be spoken then.
type dialerOf func(*Target) (*dial.Dialer, Version)

// newPool returns an empty pool. dial is called in a goroutine for each connection that is to be made.
func newPool(maxIdle int, dial func(context.Context, *Target) connResult) *pool {
	p := &pool{
		dial: dial, maxIdle: maxIdle, queues: make(map[string]*hostQueue), earlyClosers: make(map[string]bool),
		unanswered: make(map[string][]*firstExchange),
		slowDial:   slowDial, idle: idleConns{byHost: make(map[string]*h1Conn)},
		shared: sharedConns{byHost: make(map[string][]*sharedConn), speaksHTTP2: make(map[string]bool),
			choseHTTP1: make(map[string]bool)},
	}
	p.dialCtx, p.cancel = context.WithCancel(context.Background())
	return p
}

// hostOf returns the key, in idle, shared and queues, of the connections that serve a Target: its origin, or "" where
// all lead to one proxy, or either with that of its Route.
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

// takeShared returns a connection to host that has room, for an exchange, or nil.
func (p *pool) takeShared(host string) *sharedConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shared.take(host)
}

// hasShared reports whether there is a connection to a host that further exchanges may begin on.
func (p *pool) hasShared(host string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.shared.byHost[host]) > 0
}

// setHTTP1 takes note that a host wants to be spoken to in HTTP/1.1.
func (p *pool) setHTTP1(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shared.setHTTP2(host, false)
}

// wantsHTTP1 reports whether a host wants to be spoken to in HTTP/1.1.
func (p *pool) wantsHTTP1(host string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	speaks, is := p.shared.speaksHTTP2[host]
	return is && !speaks
}
