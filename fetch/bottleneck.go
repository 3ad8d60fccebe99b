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
	if len(s.rooms.waiting) > 0 && s.plan.Waiting() == 0 {
		return LimitOutput, ""
	}
	if s.lookupQueue.len() > 0 && s.plan.Waiting() == 0 && s.plan.Running() == 0 {
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

// bookTime adds the time up to now to what was the bottleneck in it: called before anything changes, that is the one of
// now.
func (s *scheduler) bookTime(now time.Time) {
	limit, host := s.bottleneck(s.booked.until)
	s.booked.add(now, limit, host, s.plan.Running())
}
