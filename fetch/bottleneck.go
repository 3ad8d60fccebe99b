package fetch

import (
	"time"

	"batchfetch/fetch/plan"
)

// limitOfHold has the Limit of a Summary for each plan.Hold, which is what the plan's next Task waits for.
var limitOfHold = [...]Limit{
	plan.HoldConcurrency:     LimitConcurrency,
	plan.HoldOutput:          LimitOutput,
	plan.HoldRate:            LimitRate,
	plan.HoldHostConcurrency: LimitHostConcurrency,
	plan.HoldHostRate:        LimitHostRate,
	plan.HoldPause:           LimitPausedHosts,
	plan.HoldQuota:           LimitQuota,
}

// bottleneck returns the Limit that keeps the next exchange from starting, and the host whose limit that is; empty is
// no single host's.
func (s *scheduler) bottleneck(now time.Time) (Limit, string) {
	if s.recordsFull() || 2*int(s.blockedWorkers.Load()) > s.plan.Running() {
		return LimitOutput, ""
	}
	if hold, host := s.plan.CurrentHold(now); hold != plan.HoldNone {
		return limitOfHold[hold], host
	}
	if s.waitsForLookups() {
		return LimitCache, ""
	}
	switch {
	case s.inputEnded || s.isStopped():
		return LimitNetwork, ""
	case !s.feeding.waits && s.windowRoom() > 0:
		return LimitInput, ""
	case s.plan.Running() == 0:
		return LimitOutput, ""
	}
	return LimitNetwork, ""
}

// reportWait sets Live.Waiting to the host whose pause or quota is the bottleneck; wait is the time until the next Task
// may start.
func (s *scheduler) reportWait(now time.Time, wait time.Duration) {
	live := s.options.Live
	if live == nil {
		return
	}
	known := live.Waiting.Load()
	var limit Limit
	var host string
	if wait != plan.Never {
		limit, host = s.bottleneck(now)
	}
	if host == "" || limit != LimitPausedHosts && limit != LimitQuota {
		if known != nil {
			live.Waiting.Store(nil)
		}
		return
	}
	w := HostWait{Host: host, Until: now.Add(wait)}
	if s.delayed.host == w.Host {
		w.Status = s.delayed.status
	}
	if known == nil || *known != w {
		live.Waiting.Store(&w)
	}
}

// bookedTime is how much of the run's time has been added to Limits.
type bookedTime struct {
	until     time.Time     // all up to then
	bandwidth time.Duration // of the time that exchanges have waited for bandwidth
	names     time.Duration // the time that they have waited for names
}

// bookEvery is the least time that is booked at once: events that follow each other sooner count as one, as booking
// costs more than some of them.
const bookEvery = 100 * time.Microsecond

// bookTime adds the time up to now that has not been booked to the Limit that was the bottleneck in it: called before
// anything changes, that is the one of now. The part of it in which exchanges waited for bandwidth goes to
// LimitBandwidth.
func (s *scheduler) bookTime(now time.Time) {
	limit, host := s.bottleneck(s.booked.until)
	from, span := s.booked.until, now.Sub(s.booked.until)
	s.booked.until = now
	if s.waitedForNames(limit, now, span) {
		limit, host = LimitDNS, ""
	}
	if forBandwidth := min(s.bandwidthWait(now)-s.booked.bandwidth, span); forBandwidth > 0 {
		s.booked.bandwidth += forBandwidth
		s.addLimited(LimitBandwidth, "", from, forBandwidth)
		from, span = from.Add(forBandwidth), span-forBandwidth
	}
	s.addLimited(limit, host, from, span)
}

// waitedForNames reports whether the exchanges under way have spent most of the last span on look-ups of names, where
// the end of an exchange was what was waited for.
func (s *scheduler) waitedForNames(limit Limit, now time.Time, span time.Duration) bool {
	waited := s.namesWait(now)
	spent := waited - s.booked.names
	s.booked.names = waited
	switch limit {
	case LimitConcurrency, LimitHostConcurrency, LimitNetwork:
		return 2*spent > time.Duration(s.plan.Running())*span
	}
	return false
}

// addLimited adds a span to the Limit that kept the next Task from starting in it.
func (s *scheduler) addLimited(limit Limit, host string, from time.Time, span time.Duration) {
	s.tally.addLimited(limit, host, span)
	if s.options.Observer != nil && span > 0 {
		s.options.Observer.ObserveLimit(limit, host, from, from.Add(span))
	}
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
