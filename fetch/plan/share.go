package plan

import (
	"slices"
	"time"
)

// A share is what the lanes of hosts that count their requests together have in common (HostLimits.Share): the rate,
// the quotas and the pauses and closures after refusals. Each lane has its own number of exchanges at once, throttle
// and health. A Plan keeps its shares.
type share struct {
	name    string
	lanes   []*lane
	active  int    // exchanges under way
	starts  uint64 // how many Tasks have started; Task.number is of these
	pace    pace
	until   time.Time // no Task starts before then
	closure *closure  // nil means that it was never closed
	buckets *buckets  // with the only bucket; nil means that no host has told a quota
}

// leave removes a lane that is deleted.
func (s *share) leave(l *lane) {
	if i := slices.Index(s.lanes, l); i >= 0 {
		s.lanes = slices.Delete(s.lanes, i, i+1)
	}
}

// addBuckets makes the only bucket of all the lanes.
func (s *share) addBuckets() {
	s.buckets = newBuckets(s.active)
	s.buckets.single = true
	for _, l := range s.lanes {
		l.buckets = s.buckets
	}
}

// hold makes all lanes wait as long as one of them that was refused. Where its host has said how long, a single
// exchange of each follows, and more with each response.
func (s *share) hold(refused *lane, said bool, now time.Time) {
	s.until = latest(s.until, refused.pausedUntil)
	for _, l := range s.lanes {
		if said && l != refused {
			th := l.ensureThrottle()
			th.lastRefusal, th.width.slow, th.width.taken = now, 1, 0
		}
	}
}
