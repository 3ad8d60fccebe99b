package fetch

import "time"

// An Observer is told what a run does while it goes on, beyond what its Records say. One goroutine at a time calls it;
// no exchange can start until it returns.
type Observer interface {
	// ObserveExchange is called when an exchange has ended, whatever follows it.
	ObserveExchange(e *ObservedExchange)
	// ObserveLimit is called with each span of time, one after the other, and the Limit that kept the next exchange from
	// starting in it; an empty host is no single host.
	ObserveLimit(limit Limit, host string, from, to time.Time)
}

// An ObservedExchange is one HTTP round trip.
type ObservedExchange struct {
	Host      string // its origin
	StartedAt time.Time
	Took      time.Duration
	Refused   bool // the host refused it for a limit of its own
	// PausedUntil is when the next exchange with the host may start, as far as a pause or a used-up quota is concerned; a
	// time before its end is at once.
	PausedUntil time.Time
}
