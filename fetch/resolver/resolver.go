package resolver

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// A Config says how a Resolver asks and how long it keeps what it was answered.
type Config struct {
	// Network is the family of addresses wanted: ip, ip4 or ip6.
	Network string
	// TTL is how long an answer is kept, whatever its own TTL says; 0 keeps none, and negative goes by the answer's own,
	// within minTTL and maxTTL.
	TTL time.Duration
	// System is the resolver that queries come from; nil is the system's. Its Dial is not used.
	System *net.Resolver
	// Dial makes the sockets of queries; nil is net.Dialer's.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Servers returns the servers that may be asked in place of one that System would ask, as host:port, that one first;
	// nil are those of resolv.conf.
	Servers func(first string) []string
}

// A Resolver looks names up and keeps the answers. Any goroutine may use it.
type Resolver struct {
	Config
	servers servers

	mu      sync.Mutex // guards all below
	cache   cache
	flights map[string]*flight // by host
	gate    gate
	waiting waiting

	lookups, answers atomic.Int64 // see Counts

	ctx        context.Context // of all flights; ended by Close
	cancel     context.CancelFunc
	background sync.WaitGroup // flights, exchanges and queries under way
}

// Counts are the calls of Lookup, and those of them that were answered from memory, without a look-up of their own.
type Counts struct{ Lookups, FromMemory int64 }

// New returns a Resolver. The caller closes it.
func New(c Config) *Resolver {
	if c.Network == "" {
		c.Network = "ip"
	}
	if c.System == nil {
		c.System = new(net.Resolver)
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.Servers == nil {
		c.Servers = new(resolvConf).servers
	}
	r := &Resolver{Config: c, flights: make(map[string]*flight), gate: newGate()}
	r.cache.ttl = c.TTL
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// Close ends the look-ups under way, and waits for their goroutines.
func (r *Resolver) Close() {
	r.cancel()
	r.background.Wait()
}

// Counts returns the counts up to now.
func (r *Resolver) Counts() Counts { return Counts{r.lookups.Load(), r.answers.Load()} }

// WaitedFor returns for how long calls of Lookup have waited for answers up to now, in all: two that wait for a second
// make it two seconds.
func (r *Resolver) WaitedFor(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting.add(0, now)
	return r.waiting.total
}

// A waiting is how many calls wait, and for how long they have waited in all. Resolver.mu guards it.
type waiting struct {
	calls int
	since time.Time // when calls changed
	total time.Duration
}

// add changes the number of calls.
func (w *waiting) add(calls int, now time.Time) {
	w.total += time.Duration(w.calls) * now.Sub(w.since)
	w.calls += calls
	w.since = now
}

// staleWait is how long a look-up may take before the last answer is used that has outlived its TTL (the client
// response timer of RFC 8767 section 5, which proposes 1.8 s).
const staleWait = time.Second

// Lookup returns the addresses of host in the order in which they are to be tried, and whether they were kept ones. The
// slice is shared and must not be written to. The error is an *Error; where ctx ends first, one that says what was
// waited for.
func (r *Resolver) Lookup(ctx context.Context, host string) (addrs []netip.Addr, kept bool, err error) {
	r.lookups.Add(1)
	key := lowerASCII(host)
	r.mu.Lock()
	e := r.cache.get(key, time.Now())
	if e.isFresh {
		r.mu.Unlock()
		r.answers.Add(1)
		if e.gone {
			return nil, true, &Error{Host: host, NotFound: true}
		}
		return e.addrs, true, nil
	}
	f := r.join(ctx, host, key)
	r.mu.Unlock()
	defer r.leave(f)
	var stale <-chan time.Time
	if len(e.addrs) > 0 && r.TTL != 0 {
		timer := time.NewTimer(staleWait)
		defer timer.Stop()
		stale = timer.C
	}
	select {
	case <-f.done:
		if f.err != nil && !f.err.NotFound && len(e.addrs) > 0 {
			return r.lastGood(key, e.addrs)
		}
		if f.err != nil {
			return nil, false, f.err
		}
		return f.addrs, false, nil
	case <-stale:
		return r.lastGood(key, e.addrs)
	case <-ctx.Done():
		return nil, false, f.progress()
	}
}

// lastGood returns addresses that have outlived their TTL, and keeps them for a while longer.
func (r *Resolver) lastGood(key string, addrs []netip.Addr) ([]netip.Addr, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cache.extend(key, time.Now())
	r.answers.Add(1)
	return addrs, true, nil
}

// join returns the flight for a host: the one that is under way, or a new one. mu is held.
func (r *Resolver) join(ctx context.Context, host, key string) *flight {
	f := r.flights[key]
	if f == nil {
		f = newFlight(r, host, key, stepWithin(ctx))
		r.flights[key] = f
		r.background.Go(f.run)
	}
	f.waiters++
	r.waiting.add(1, time.Now())
	return f
}

// leave ends the wait for a flight, and the flight where no other call waits for it.
func (r *Resolver) leave(f *flight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting.add(-1, time.Now())
	if f.waiters--; f.waiters == 0 {
		f.cancel()
		if r.flights[f.key] == f {
			delete(r.flights, f.key)
		}
	}
}

// landed keeps the result of a flight, before its done is closed.
func (r *Resolver) landed(f *flight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flights[f.key] == f {
		delete(r.flights, f.key)
	}
	now := time.Now()
	switch {
	case f.err == nil:
		r.cache.put(f.key, f.addrs, f.ttl(now), now)
	case f.err.NotFound:
		r.cache.putGone(f.key, now)
	}
}

// addLate adds addresses of the family that came late to the answer that is kept.
func (r *Resolver) addLate(f *flight, addrs []netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cache.add(f.key, addrs)
}

// lowerASCII returns a host in lower case, as names are compared (RFC 4343).
func lowerASCII(host string) string {
	for i := range len(host) {
		if 'A' <= host[i] && host[i] <= 'Z' {
			lower := []byte(host)
			for i, c := range lower {
				if 'A' <= c && c <= 'Z' {
					lower[i] = c + 'a' - 'A'
				}
			}
			return string(lower)
		}
	}
	return host
}
