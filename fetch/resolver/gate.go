package resolver

import (
	"slices"
	"sync"
)

// maxFlights is how many look-ups may be under way, each with a query for either family: less than the 150 queries that
// dnsmasq forwards at once (--dns-forward-max), beyond which it refuses. minFlights is how few there may be after
// refusals.
const maxFlights, minFlights = 64, 4

// A gate bounds how many look-ups are under way. A server that refuses under load halves the bound, and look-ups that
// succeed raise it again, by one for each round of them. Any goroutine may use it.
type gate struct {
	mu              sync.Mutex // guards all below
	limit, underWay int
	entered         int             // look-ups, up to now
	lowered         int             // of them when the limit was lowered
	landed          int             // look-ups that succeeded since the limit was changed
	queue           []chan struct{} // look-ups that wait, oldest first; each is closed when it may start
}

// A pass is a look-up's entry into a gate.
type pass struct {
	number int // of the entry
	ended  int // look-ups that had ended by then
}

func newGate() *gate { return &gate{limit: maxFlights} }

// wait returns nil where a look-up may enter now; else a channel that is closed when it may.
func (g *gate) wait() chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.underWay < g.limit {
		g.underWay++
		return nil
	}
	opened := make(chan struct{})
	g.queue = append(g.queue, opened)
	return opened
}

// giveUp ends the wait for a channel.
func (g *gate) giveUp(opened chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.queue, opened); i >= 0 {
		g.queue = slices.Delete(g.queue, i, i+1)
		return
	}
	g.leaveLocked() // it had just been let in
}

// enter counts a look-up that has waited.
func (g *gate) enter() pass {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.entered++
	return pass{g.entered, g.entered - g.underWay}
}

// exit ends a look-up that had entered, and lets the next ones in.
func (g *gate) exit() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.leaveLocked()
}

// leaveLocked lets as many in as one that leaves makes room for. mu is held.
func (g *gate) leaveLocked() {
	g.underWay--
	g.openLocked()
}

// openLocked lets in as many as the limit allows. mu is held.
func (g *gate) openLocked() {
	for len(g.queue) > 0 && g.underWay < g.limit {
		g.underWay++
		close(g.queue[0])
		g.queue = g.queue[1:]
	}
}

// refused reports whether a refusal may come from load, and then lowers the limit, once for those that were under way
// together.
func (g *gate) refused(p pass) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.entered-p.ended <= minFlights {
		return false
	}
	if p.number > g.lowered {
		g.limit, g.landed, g.lowered = max(g.limit/2, minFlights), 0, g.entered
	}
	return true
}

// succeeded raises a limit that was lowered.
func (g *gate) succeeded() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.limit >= maxFlights {
		return
	}
	if g.landed++; g.landed >= g.limit {
		g.limit, g.landed = g.limit+1, 0
		g.openLocked()
	}
}
