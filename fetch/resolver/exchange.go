package resolver

import (
	"context"
	"net/netip"
	"time"
)

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

// An exchange asks one question of several servers. A goroutine of its own runs it.
type exchange struct {
	client     *client
	transcript *transcript // of its look-up
	pending    *pending    // its question
	network    string      // udp or tcp
	query      []byte
	servers    []string      // in the order in which they are asked
	step       time.Duration // of the first round
	// late takes the addresses of a reply that was waited for no longer.
	late func([]netip.Addr)
}

// start runs the exchange in a goroutine of its own, within timeout for each server. It returns where the reply comes,
// unless the client is closed, and what ends the exchange.
func (e *exchange) start(timeout time.Duration) (<-chan reply, context.CancelFunc) {
	result := make(chan reply, 1)
	ctx, cancel := context.WithTimeout(e.client.ctx, timeout*time.Duration(len(e.servers)))
	e.client.start(func() {
		defer cancel()
		got := e.run(ctx)
		if !e.transcript.settle(e.pending, &got) {
			e.late(got.addrs)
		}
		result <- got
	})
	return result, cancel
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
		e.transcript.countQuery(server)
		e.client.start(func() { // or else ctx ends
			replies <- e.client.ask(ctx, e.network, server, e.query, plain)
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
			e.client.servers.miss(e.servers[last%len(e.servers)], sentAt[last])
			if len(sentAt) < most && e.transcript.isAwaited(e.pending) { // else it may still get a reply
				send()
				stepTimer.Reset(e.step << ((last + 1) / len(e.servers)))
			}
		case <-ctx.Done():
			return best
		}
	}
}
