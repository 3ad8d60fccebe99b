package plan

import "time"

// A Connection is what an exchange shows of the connection that it was made over.
type Connection struct {
	// Dialed is how long it took to make the connection for this exchange; 0 is that it was there before, or unknown.
	Dialed time.Duration
	// Kept says that other exchanges can use it from now on.
	Kept bool
	// Shared says that they can do so at once (HTTP/2, HTTP/3).
	Shared bool
}

// isTurnedAway reports whether a connection that was made for the exchange was closed behind it, as by a host that
// answers 429 to those beyond a number (fasthttp, MaxConnsPerIP).
func (c *Connection) isTurnedAway() bool { return c.Dialed > 0 && !c.Kept }

// connections are those to a host, as far as exchanges have shown. The zero value knows none.
type connections struct {
	idle    int           // that no exchange uses; where one was closed meanwhile it is still counted, until a start
	shared  bool          // any number of exchanges can use one at once
	closes  bool          // the last exchange has left none: each needs a connection of its own
	dial    time.Duration // moving average of the time to make one; 0 is not known
	latency time.Duration // moving average of the time of an exchange without that; 0 is not known
	seen    int           // exchanges whose times are in the averages, at most trusted
	fastest time.Duration // about the shortest time of an exchange over one that was there; 0 is not known
}

// observe takes in the connection of an exchange that took so long in all.
func (c *connections) observe(last Connection, took time.Duration) {
	c.shared, c.closes = last.Shared, !last.Kept
	if last.Dialed > 0 {
		c.dial = movingAverage(c.dial, last.Dialed)
	}
	took = max(took-last.Dialed, time.Microsecond)
	c.latency = movingAverage(c.latency, took)
	c.seen = min(c.seen+1, trusted)
	if c.fastest == 0 || took < c.fastest {
		c.fastest = took
	}
	c.fastest += min(took-c.fastest, c.fastest) / fastestWeight
}

// fastestWeight is by how much an exchange that took longer raises connections.fastest: as one of so many, and as one
// that took twice as long at most.
const fastestWeight = 64

// isWarm reports whether a connection is there for another exchange.
func (c *connections) isWarm() bool { return c.idle > 0 || c.shared }

// slowest bounds the time of an exchange by which the plan judges whether another connection helps, as a multiple of
// connections.fastest: where exchanges take much longer than they could, they wait for each other already, on this
// machine or on the host.
const slowest = 4

// trusted is after how many exchanges their times are taken to be those of the host. The first ones of a run take
// longer.
const trusted = 8

// ofExchange is the time of an exchange by which the plan judges whether another connection helps: the latency, at most
// slowest times the fastest one; as far as few are known, typical. 0 is not known.
func (c *connections) ofExchange(typical time.Duration) time.Duration {
	own, n := min(c.latency, slowest*c.fastest), time.Duration(c.seen)
	if typical == 0 {
		return own
	}
	return (own*n + typical*(trusted-n)) / trusted
}
