package resolver

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// slowFlight is how long a look-up counts for the bound of those under way: names whose servers are dead take long and
// would keep all others waiting.
const slowFlight = 2 * time.Second

// quickFlight is the time under which an answer without a TTL, of a hosts file or of the C library, is kept for
// quickTTL alone: it is had again at once, and follows the file.
const quickFlight, quickTTL = 5 * time.Millisecond, time.Second

// A flight is one look-up under way, for all calls that wait for it.
type flight struct {
	resolver  *Resolver
	host, key string
	step      time.Duration // see exchange
	ctx       context.Context
	cancel    context.CancelFunc
	waiters   int // guarded by Resolver.mu

	done  chan struct{} // closed once addrs and err are set
	addrs []netip.Addr
	err   *Error

	began time.Time
	mu    sync.Mutex // guards all below
	steps
	pairs map[dnsmessage.Name]*pair
	memo  map[dnsmessage.Question]*asked
}

// steps is how far a flight has come.
type steps struct {
	entered bool          // the gate has let it in
	queries int           // sent
	server  string        // asked last; "" is none
	least   time.Duration // of the TTLs of addresses; 0 is none
	refused bool          // a server refused
}

// A pair is the questions for either family of one name.
type pair struct {
	usable chan struct{} // closed once one family has addresses, or the name does not exist
	took   time.Duration // until then
	gone   bool          // the name does not exist
}

// An asked is how often net.Resolver has asked a question, and the last reply.
type asked struct {
	times int
	reply reply
}

func newFlight(r *Resolver, host, key string, step time.Duration) *flight {
	f := &flight{resolver: r, host: host, key: key, step: step, done: make(chan struct{})}
	f.ctx, f.cancel = context.WithCancel(r.ctx)
	return f
}

// run looks the host up, in a goroutine of its own.
func (f *flight) run() {
	defer f.cancel()
	for try := 0; ; try++ {
		entry, exit, ok := f.enter()
		if !ok {
			f.err = f.progress()
			break
		}
		f.lookUp()
		shed := f.isShed(entry)
		exit()
		if !shed || !f.pause(try) {
			break
		}
	}
	f.resolver.landed(f)
	close(f.done)
}

// enter waits for the gate; exit leaves it, as slowFlight does. It reports false where the flight was cancelled.
func (f *flight) enter() (entry pass, exit func(), ok bool) {
	r := f.resolver
	r.mu.Lock()
	opened := r.gate.wait()
	r.mu.Unlock()
	if opened != nil {
		select {
		case <-opened:
		case <-f.ctx.Done():
			r.mu.Lock()
			defer r.mu.Unlock()
			r.gate.giveUp(opened)
			return pass{}, nil, false
		}
	}
	r.mu.Lock()
	entry = r.gate.enter()
	r.mu.Unlock()
	f.mu.Lock()
	f.steps = steps{entered: true, queries: f.queries}
	f.pairs, f.memo = make(map[dnsmessage.Name]*pair), make(map[dnsmessage.Question]*asked)
	f.began = time.Now()
	f.mu.Unlock()
	leave := sync.OnceFunc(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.gate.exit()
	})
	slow := time.AfterFunc(slowFlight, leave)
	return entry, func() { slow.Stop(); leave() }, true
}

// isShed reports whether a server refused as there are too many look-ups, which lowers the bound.
func (f *flight) isShed(p pass) bool {
	f.mu.Lock()
	refused := f.refused
	f.mu.Unlock()
	r := f.resolver
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case f.err == nil:
		r.gate.succeeded()
	case refused && !f.err.NotFound:
		return r.gate.refused(p)
	}
	return false
}

// pause waits before a look-up that was refused is made again, and reports whether it may be.
func (f *flight) pause(try int) bool {
	const first, most = 100 * time.Millisecond, 5 // tries
	if try >= most {
		return false
	}
	timer := time.NewTimer(first<<try/2 + rand.N(first<<try)) //nolint:gosec // try is small, chance is no secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-f.ctx.Done():
		return false
	}
}

// lookUp sets addrs or err by net.Resolver, whose queries it answers.
func (f *flight) lookUp() {
	system := net.Resolver{PreferGo: f.resolver.System.PreferGo, StrictErrors: f.resolver.System.StrictErrors,
		Dial: func(_ context.Context, network, addr string) (net.Conn, error) {
			return &queryConn{flight: f, network: network, server: addr}, nil
		}}
	found, err := f.ask(&system)
	if err != nil {
		f.addrs, f.err = nil, f.explain(err)
		return
	}
	f.addrs, f.err = found, nil
}

// ask returns the addresses of the host of the family wanted.
func (f *flight) ask(system *net.Resolver) ([]netip.Addr, error) {
	if f.resolver.Network == "ip" {
		return f.askWithZones(system)
	}
	found, err := system.LookupNetIP(f.ctx, f.resolver.Network, f.host)
	if err != nil {
		return nil, err
	}
	for i, a := range found {
		if found[i] = a.Unmap(); a.IsLinkLocalUnicast() && a.Is6() { // of a hosts file, which may have its zone
			return f.askWithZones(system)
		}
	}
	return found, nil
}

// askWithZones is ask by the function that knows the zones of addresses in a hosts file. It asks for both families.
func (f *flight) askWithZones(system *net.Resolver) ([]netip.Addr, error) {
	found, err := system.LookupIPAddr(f.ctx, f.host)
	if err != nil {
		return nil, err
	}
	var addrs []netip.Addr
	for _, ip := range found {
		a, _ := netip.AddrFromSlice(ip.IP)
		a = a.Unmap()
		if f.resolver.Network == "ip" || a.Is4() == (f.resolver.Network == "ip4") {
			addrs = append(addrs, a.WithZone(ip.Zone))
		}
	}
	return addrs, nil
}

// ttl returns how long the answer may be kept by what it says itself.
func (f *flight) ttl(now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.least > 0:
		return min(max(f.least, minTTL), maxTTL)
	case now.Sub(f.began) < quickFlight:
		return quickTTL
	}
	return minTTL
}

// countQuery counts a query that is sent to a server.
func (f *flight) countQuery(server string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queries++
	f.server = server
}

// pairOf returns the pair of a question.
func (f *flight) pairOf(q dnsmessage.Question) *pair {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.pairs[q.Name]
	if p == nil {
		p = &pair{usable: make(chan struct{})}
		f.pairs[q.Name] = p
	}
	return p
}

func (f *flight) tookOf(p *pair) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return p.took
}

// repeated returns the reply to a question that net.Resolver asks of the next server: an exchange has asked all of
// them. It is nil for the first, and where it begins again with the first server.
func (f *flight) repeated(q dnsmessage.Question, servers int) *reply {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := f.memo[q]
	if known == nil {
		known = new(asked)
		f.memo[q] = known
	}
	known.times++
	if (known.times-1)%servers == 0 {
		return nil
	}
	return &known.reply
}

// settle records the reply to a question, and reports true; or reports false where e was abandoned and the reply has
// addresses.
func (f *flight) settle(q dnsmessage.Question, p *pair, got *reply, took time.Duration, e *exchange) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !e.awaited {
		return len(got.addrs) == 0
	}
	e.awaited = false
	f.memo[q].reply = *got
	switch {
	case !got.isConclusive():
		f.refused = f.refused || got.err == nil && got.rcode == dnsmessage.RCodeRefused
	case len(got.addrs) > 0:
		if f.least == 0 || got.ttl < f.least {
			f.least = got.ttl
		}
	case got.rcode == dnsmessage.RCodeNameError && q.Type == dnsmessage.TypeA: // of AAAA it may be wrong (RFC 4074)
		p.gone = true
	}
	if p.gone || len(got.addrs) > 0 {
		select {
		case <-p.usable:
		default:
			p.took = took
			close(p.usable)
		}
	}
	return true
}

// abandon ends the wait for an exchange, and reports whether it was still under way.
func (f *flight) abandon(e *exchange) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	was := e.awaited
	e.awaited = false
	return was
}
