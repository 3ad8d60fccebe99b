package plan

import "time"

// A steadyLimit finds out whether a host that answers some requests with Overloaded has a limit on their rate that lets
// one pass in each of equal times, as nginx (limit_req) does by a 503 without Retry-After: a request that is sent soon
// after one that was accepted is refused, and one that is sent late is accepted (Wald's test, pageEvidence). By what is
// out of order or has too much to do, requests are refused whatever the time since then. The zero steadyLimit has found
// nothing.
type steadyLimit struct {
	starts   [steadySpan + 1]time.Time // of the last exchanges that were accepted, in their order; a ring
	accepted int                       // how many were
	evidence pageEvidence              // that it is such a limit
}

const (
	steadySpan = 4                      // times between accepted exchanges of which the mean is taken
	leastEach  = 100 * time.Millisecond // shorter ones can't be seen in the starts of requests
	earlyPart  = 0.6                    // of the time: too early
	latePart   = 1.5                    // of the time: late enough
	asExpected = 0.95                   // the share of requests that such a limit answers as expected
	leastSlow  = 0.1                    // the least rate, in starts a second
)

// isFound reports whether the host has such a limit.
func (s *steadyLimit) isFound() bool { return s.evidence.isEnough() }

// last is when the last exchange started that was accepted; the zero time is none.
func (s *steadyLimit) last() time.Time { return s.starts[s.accepted%len(s.starts)] }

// span is the time from the first to the last of those; 0 is that they are too few.
func (s *steadyLimit) span() time.Duration {
	if s.accepted <= steadySpan {
		return 0
	}
	return s.last().Sub(s.starts[(s.accepted+1)%len(s.starts)])
}

// observe takes in the response to an exchange that started then, where that share of the last ones were Overloaded.
func (s *steadyLimit) observe(started time.Time, overloaded bool, overloadedShare movingShare) {
	after := started.Sub(s.last())
	if after < 0 {
		return
	}
	if each := s.span() / steadySpan; each >= leastEach {
		early, late := after.Seconds() < earlyPart*each.Seconds(), after.Seconds() > latePart*each.Seconds()
		byChance := likelyShare(overloadedShare)
		if !overloaded {
			byChance = 1 - byChance
		}
		switch {
		case early && overloaded, late && !overloaded:
			s.evidence.raise(asExpected / byChance)
		case early, late:
			s.evidence.lower((1 - asExpected) / byChance)
		}
	}
	if !overloaded {
		s.accepted++
		s.starts[s.accepted%len(s.starts)] = started
	}
}

// perSecond is the rate at which the host accepts requests.
func (s *steadyLimit) perSecond(now time.Time) float64 {
	return steadySpan / max(s.span(), now.Sub(s.starts[(s.accepted+2)%len(s.starts)])).Seconds()
}
