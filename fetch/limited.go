package fetch

import "time"

// heldBy says what keeps the next Task from starting, and the host whose limit that is, where it is one's own.
func (s *scheduler) heldBy(now time.Time) (Limit, string) {
	if s.recordsFull() || 2*int(s.blockedWorkers.Load()) > s.plan.running {
		return LimitOutput, ""
	}
	if limit, host := s.plan.holder(now); limit != "" {
		return limit, host
	}
	if s.heldByCache() {
		return LimitCache, ""
	}
	switch {
	case s.inputEnded || s.stopped():
		return LimitNetwork, ""
	case s.windowFull() && s.plan.running == 0:
		return LimitOutput, ""
	case s.windowFull():
		return LimitNetwork, ""
	}
	return LimitInput, ""
}

// charge books the time since the last look to what held the next Task back.
func (s *scheduler) charge(now time.Time) {
	if s.reason != "" {
		span := now.Sub(s.looked)
		if dry := min(s.bandwidthWait(now)-s.dry, span); dry > 0 {
			s.dry += dry
			s.tally.limited(LimitBandwidth, "", dry)
			span -= dry
		}
		s.tally.limited(s.reason, s.behind, span)
	}
	s.looked = now
}
