package resolver

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// slowFlight is how long a look-up counts for the bound of those under way: names whose servers are dead take long and
// would keep all others waiting.
const slowFlight = 2 * time.Second

// resolutionDelay is how long the addresses of one family are waited for once the other has some (RFC 8305 section 3).
const resolutionDelay = 50 * time.Millisecond

// A flight is one look-up under way, for all calls that wait for it.
type flight struct {
	config     Config
	gate       *gate
	client     *client
	transcript transcript
	host, key  string
	step       time.Duration      // see exchange
	late       func([]netip.Addr) // see exchange
	ctx        context.Context
	cancel     context.CancelFunc
	waiters    int // calls that wait; guarded by Resolver.mu

	done  chan struct{} // closed by the Resolver, once addrs and err are set
	addrs []netip.Addr
	err   *Error
}

// run looks the host up: it sets addrs or err.
func (f *flight) run() {
	defer f.cancel()
	for try := 0; ; try++ {
		entry, exit, ok := f.enter()
		if !ok {
			f.err = f.transcript.progress()
			return
		}
		f.lookUp()
		shed := f.isShed(entry)
		exit()
		if !shed || !f.pause(try) {
			return
		}
	}
}

// enter waits for the gate; exit leaves it, as slowFlight does. It reports false where the flight was cancelled.
func (f *flight) enter() (entry pass, exit func(), ok bool) {
	if opened := f.gate.wait(); opened != nil {
		select {
		case <-opened:
		case <-f.ctx.Done():
			f.gate.giveUp(opened)
			return pass{}, nil, false
		}
	}
	entry = f.gate.enter()
	f.transcript.begin()
	leave := sync.OnceFunc(f.gate.exit)
	slow := time.AfterFunc(slowFlight, leave)
	return entry, func() { slow.Stop(); leave() }, true
}

// isShed reports whether a server refused as there are too many look-ups, which lowers the bound.
func (f *flight) isShed(p pass) bool {
	switch {
	case f.err == nil:
		f.gate.succeeded()
	case !f.err.NotFound && f.transcript.wasRefused():
		return f.gate.refused(p)
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
	system := net.Resolver{PreferGo: f.config.System.PreferGo, StrictErrors: f.config.System.StrictErrors,
		Dial: func(_ context.Context, network, first string) (net.Conn, error) {
			return &queryConn{network: network, answer: func(query []byte, timeout time.Duration) ([]byte, error) {
				return f.answer(network, first, query, timeout)
			}}, nil
		}}
	found, err := f.ask(&system)
	if err != nil {
		f.addrs, f.err = nil, f.transcript.explain(err)
		return
	}
	f.addrs, f.err = found, nil
}

// ask returns the addresses of the host of the family wanted.
func (f *flight) ask(system *net.Resolver) ([]netip.Addr, error) {
	if f.config.Network == "ip" {
		return f.askWithZones(system)
	}
	found, err := system.LookupNetIP(f.ctx, f.config.Network, f.host)
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
		if f.config.Network == "ip" || a.Is4() == (f.config.Network == "ip4") {
			addrs = append(addrs, a.WithZone(ip.Zone))
		}
	}
	return addrs, nil
}

// answer returns the response to a query that net.Resolver sends to the server first, within timeout for each server.
// It is that of an exchange, or an empty one where the name has an address of the other family and none of this has
// come for resolutionDelay.
func (f *flight) answer(network, first string, query []byte, timeout time.Duration) ([]byte, error) {
	q, err := questionOf(query)
	if err != nil {
		return nil, err
	}
	servers := f.client.servers.order(f.client.listed(first))
	if again := f.transcript.repeated(q, len(servers)); again != nil {
		return again.response(query)
	}
	p := f.transcript.ask(q)
	e := &exchange{client: f.client, transcript: &f.transcript, pending: p, network: network, query: query,
		servers: servers, step: min(f.step, timeout), late: f.late}
	result, end := e.start(timeout)
	usable, delayed := p.pair.usable, (<-chan time.Time)(nil)
	for {
		select {
		case got := <-result:
			return got.response(query)
		case <-usable:
			from := p.began.Add(f.transcript.usableAfter(p))
			timer := time.NewTimer(time.Until(from.Add(resolutionDelay)))
			defer timer.Stop()
			usable, delayed = nil, timer.C
		case <-delayed:
			if f.transcript.abandon(p) {
				return noData(query), nil
			}
			delayed = nil // the result is on its way
		case <-f.ctx.Done():
			f.transcript.abandon(p)
			end()
			return nil, f.ctx.Err()
		}
	}
}
