package plan

import (
	"slices"
	"time"
)

// shareLanes are the lanes of a share. A Plan keeps its shareLanes.
type shareLanes struct {
	share
	lanes []*lane
}

// leave removes a lane that is deleted.
func (s *shareLanes) leave(l *lane) {
	if i := slices.Index(s.lanes, l); i >= 0 {
		s.lanes = slices.Delete(s.lanes, i, i+1)
	}
}

// take has the other lanes take what an exchange of one has changed for all: the bucket that they have in common, and a
// refusal. They wait by share.until as long as the lane that was refused; where its host has said how long, a single
// exchange of each follows, and more with each response.
func (s *shareLanes) take(e *effects, from *lane, now time.Time) {
	for _, l := range s.lanes {
		l.buckets = s.buckets
		if e.holdsShare && l != from {
			th := l.ensureThrottle()
			th.lastRefusal = now
			th.slowStart.begin()
		}
	}
}
