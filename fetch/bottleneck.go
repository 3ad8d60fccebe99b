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
	case s.windowFull() && s.plan.Running() == 0:
		return LimitOutput, ""
	case s.windowFull():
		return LimitNetwork, ""
	}
	return LimitInput, ""
}

// reportWait sets Live.Waiting to the host whose pause or quota is the bottleneck; wait is the time until the next Task
// may start.
func (s *scheduler) reportWait(now time.Time, wait time.Duration) {
	live := s.options.Live
	if live == nil {
		return
	}
	known := live.Waiting.Load()
	isOfHost := s.limitHost != "" && (s.limit == LimitPausedHosts || s.limit == LimitQuota)
	if !isOfHost || wait == plan.Never {
		if known != nil {
			live.Waiting.Store(nil)
		}
		return
	}
	w := HostWait{Host: s.limitHost, Until: now.Add(wait)}
	if s.delayed.host == w.Host {
		w.Status = s.delayed.status
	}
	if known == nil || *known != w {
		live.Waiting.Store(&w)
	}
}

// bookTime adds the time since it was called last to the Limit that was the bottleneck in it. The part of it in which
// exchanges waited for bandwidth goes to LimitBandwidth.
func (s *scheduler) bookTime(now time.Time) {
	if s.limit != "" {
		span := now.Sub(s.checkedAt)
		if forBandwidth := min(s.bandwidthWait(now)-s.bandwidthWaited, span); forBandwidth > 0 {
			s.bandwidthWaited += forBandwidth
			s.tally.addLimited(LimitBandwidth, "", forBandwidth)
			span -= forBandwidth
		}
		s.tally.addLimited(s.limit, s.limitHost, span)
	}
	s.checkedAt = now
}
