package resolver

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// A Resolver looks names up and keeps the answers. Any goroutine may use it.
type Resolver struct {
	Config
	client *client
	gate   *gate

	mu      sync.Mutex // guards all below
	cache   cache
	flights map[string]*flight // by host
	waiting waiting

	lookups, answers atomic.Int64 // see Counts
}

// Counts are the calls of Lookup, and those of them that were answered from memory, without a look-up of their own.
type Counts struct{ Lookups, FromMemory int64 }

// New returns a Resolver. The caller closes it.
func New(c Config) *Resolver {
	c.setDefaults()
	r := &Resolver{Config: c, client: newClient(c), gate: newGate(), flights: make(map[string]*flight)}
	r.cache.ttl = c.TTL
	return r
}

// Close ends the look-ups under way, and waits for their goroutines.
func (r *Resolver) Close() { r.client.close() }

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
		return nil, false, f.transcript.progress()
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
		f = &flight{config: r.Config, gate: r.gate, client: r.client, transcript: transcript{host: host}, host: host,
			key: key, step: stepWithin(ctx), done: make(chan struct{})}
		f.late = func(addrs []netip.Addr) { r.addLate(key, addrs) }
		f.ctx, f.cancel = context.WithCancel(r.client.ctx)
		r.flights[key] = f
		started := r.client.start(func() {
			defer f.cancel()
			f.run()
			r.keep(f)
			close(f.done)
		})
		if !started {
			f.err = f.transcript.progress()
			close(f.done)
		}
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

// keep keeps the result of a flight.
func (r *Resolver) keep(f *flight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flights[f.key] == f {
		delete(r.flights, f.key)
	}
	now := time.Now()
	switch {
	case f.err == nil:
		r.cache.put(f.key, f.addrs, f.transcript.ttl(now), now)
	case f.err.NotFound:
		r.cache.putGone(f.key, now)
	}
}

// addLate adds addresses of the family that came late to the answer that is kept.
func (r *Resolver) addLate(key string, addrs []netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cache.add(key, addrs)
}
