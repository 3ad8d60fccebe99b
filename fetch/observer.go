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

// HostLimits returns the most exchanges per second, 0 being no limit, and the most at once that there may be with an
// origin.
func (o *Options) HostLimits(origin string) (rate float64, concurrency int) {
	limits := o.hostLimits(origin)
	return limits.Rate, limits.Concurrency
}

// observeExchange tells the Observer of the exchange of t, which the plan has seen.
func (s *scheduler) observeExchange(t *task, now time.Time) {
	if s.options.Observer == nil || !t.counts.exchanged {
		return
	}
	origin, _ := splitLane(t.counts.lane)
	s.options.Observer.ObserveExchange(&ObservedExchange{
		Host: origin, StartedAt: t.counts.startedAt, Took: t.counts.took, Refused: t.Verdict.Refusal,
		PausedUntil: s.plan.PausedUntil(t.counts.lane, now),
	})
}

// addLimited adds a span to the Limit that kept the next Task from starting in it.
func (s *scheduler) addLimited(limit Limit, host string, from time.Time, span time.Duration) {
	s.tally.addLimited(limit, host, span)
	if s.options.Observer != nil && span > 0 {
		s.options.Observer.ObserveLimit(limit, host, from, from.Add(span))
	}
}
