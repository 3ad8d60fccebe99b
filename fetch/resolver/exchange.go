package resolver

import (
	"context"
	"errors"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// resolutionDelay is how long the addresses of one family are waited for once the other has some (RFC 8305 section 3).
const resolutionDelay = 50 * time.Millisecond

// maxStep is how long a server may be silent before the next one is asked too, or the same one again, as a datagram
// may be lost. The step doubles with each round of all servers.
const maxStep, minStep = time.Second, 50 * time.Millisecond

// stepWithin returns the step for a look-up that has to end with ctx: several fit into half of its time.
func stepWithin(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return min(max(time.Until(deadline)/4, minStep), maxStep)
	}
	return maxStep
}

// maxRounds is how often an exchange may ask each server. In the last round it asks without EDNS0, as there are
// firewalls that drop what has it.
const maxRounds = 3

// errSilent is the error of an exchange in which no server answered in time.
var errSilent = errors.New("no answer in time")

// An exchange asks one question of several servers. A goroutine of its own runs it.
type exchange struct {
	flight  *flight
	network string // udp or tcp
	query   []byte
	servers []string      // in the order in which they are asked
	step    time.Duration // of the first round
	awaited bool          // guarded by flight.mu: its result is waited for, and has not come
}

// run returns the first conclusive reply of any server, or else the most telling one: once all have answered, or at the
// end of ctx.
func (e *exchange) run(ctx context.Context) reply {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	most := maxRounds * len(e.servers)
	replies := make(chan reply, most) // so that no query waits for its reply to be taken
	var sentAt []time.Time
	send := func() {
		i := len(sentAt)
		server, plain := e.servers[i%len(e.servers)], i >= (maxRounds-1)*len(e.servers)
		sentAt = append(sentAt, time.Now())
		e.flight.countQuery(server)
		e.flight.resolver.background.Go(func() {
			replies <- e.flight.resolver.ask(ctx, e.network, server, e.query, plain)
		})
	}
	stepTimer := time.NewTimer(e.step)
	defer stepTimer.Stop()
	best := reply{server: e.servers[0], err: errSilent}
	send()
	for answered := 0; ; {
		select {
		case got := <-replies:
			if answered++; got.isConclusive() || ctx.Err() != nil {
				return moreTelling(best, got)
			}
			best = moreTelling(best, got)
			switch {
			case len(sentAt) < len(e.servers):
				send()
				stepTimer.Reset(e.step)
			case answered == len(sentAt):
				return best
			}
		case <-stepTimer.C:
			last := len(sentAt) - 1
			e.flight.resolver.servers.miss(e.servers[last%len(e.servers)], sentAt[last])
			if len(sentAt) < most && e.isAwaited() {
				send()
				stepTimer.Reset(e.step << ((last + 1) / len(e.servers)))
			}
		case <-ctx.Done():
			return best
		}
	}
}

// isAwaited reports whether the result is waited for. Else it does not ask again, and may still get a reply.
func (e *exchange) isAwaited() bool {
	e.flight.mu.Lock()
	defer e.flight.mu.Unlock()
	return e.awaited
}

// moreTelling returns the one of two replies that says more: an answer, then what a server answered, then silence.
func moreTelling(a, b reply) reply {
	if weight(b) > weight(a) {
		return b
	}
	return a
}

func weight(r reply) int {
	switch {
	case r.isConclusive():
		return 4
	case r.err == nil && r.rcode == dnsmessage.RCodeServerFailure:
		return 3
	case r.err == nil:
		return 2
	case !errors.Is(r.err, errSilent):
		return 1
	}
	return 0
}

// answer returns the response to a query that net.Resolver sends to the server first, within timeout for each server.
// It is that of an exchange, or an empty one where the name has an address of the other family and none of this has
// come for resolutionDelay.
func (f *flight) answer(network, first string, query []byte, timeout time.Duration) ([]byte, error) {
	q, err := questionOf(query)
	if err != nil {
		return nil, err
	}
	servers := f.resolver.servers.order(f.resolver.Servers(first))
	if again := f.repeated(q, len(servers)); again != nil {
		return again.response(query)
	}
	e := &exchange{flight: f, network: network, query: query, servers: servers, step: min(f.step, timeout), awaited: true}
	pair, began := f.pairOf(q), time.Now()
	result := make(chan reply, 1)
	ctx, cancel := context.WithTimeout(f.resolver.ctx, timeout*time.Duration(len(servers)))
	f.resolver.background.Go(func() {
		defer cancel()
		got := e.run(ctx)
		if !f.settle(q, pair, &got, time.Since(began), e) {
			f.resolver.addLate(f, got.addrs)
		}
		result <- got
	})
	usable, delayed := pair.usable, (<-chan time.Time)(nil)
	for {
		select {
		case got := <-result:
			return got.response(query)
		case <-usable:
			timer := time.NewTimer(time.Until(began.Add(f.tookOf(pair) + resolutionDelay)))
			defer timer.Stop()
			usable, delayed = nil, timer.C
		case <-delayed:
			if f.abandon(e) {
				return noData(query), nil
			}
			delayed = nil // the result is on its way
		case <-f.ctx.Done():
			f.abandon(e)
			cancel()
			return nil, f.ctx.Err()
		}
	}
}

// response returns the message of a reply as the response to a query, or its error.
func (r *reply) response(query []byte) ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	return withID(r.raw, uint16(query[0])<<8|uint16(query[1])), nil
}
