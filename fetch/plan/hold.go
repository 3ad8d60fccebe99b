package plan

import "time"

// Hold is what keeps a Task from starting.
type Hold uint8

// What may keep a Task from starting.
const (
	HoldNone            Hold = iota // nothing: no Task waits, or one may start
	HoldConcurrency                 // limits.Concurrency
	HoldOutput                      // the same, for results that are not committed yet rather than exchanges under way
	HoldRate                        // limits.Rate
	HoldHostConcurrency             // the most exchanges at once with its host
	HoldHostRate                    // the most starts a second on its host
	HoldPause                       // its host is paused, throttled or probed, or the Task backs off
	holds
)

// countHold keeps, for one lane, the numbers of Tasks by what they wait for, and of those that could be spilled.
func (p *Plan) countHold(l *lane, now time.Time) {
	p.uncountHold(l)
	l.hold, l.holding = p.holdOf(l, now), l.taskCount()
	if l.excess = l.waiting.Len() - keptTasks; l.excess < batchTasks { // not worth a batch
		l.excess = 0
	}
	p.held[l.hold] += l.holding
	p.spill.excess += l.excess
}

// uncountHold takes back what countHold has counted for a lane.
func (p *Plan) uncountHold(l *lane) {
	p.held[l.hold] -= l.holding
	p.spill.excess -= l.excess
	l.hold, l.holding, l.excess = HoldNone, 0, 0
}

// holdOf returns what the Tasks of a lane wait for, by the heap that it is in.
func (p *Plan) holdOf(l *lane, now time.Time) Hold {
	switch {
	case l.heap == &p.busy && l.health.probing():
		return HoldPause
	case l.heap == &p.busy:
		return HoldHostConcurrency
	case l.heap != &p.timed:
		return HoldNone
	case l.throttle.rate() == 0 && l.waiting.Len() > 0 &&
		l.pace.due.After(latest(l.pausedUntil, l.throttle.allows(now))):
		return HoldHostRate
	}
	return HoldPause
}

// Limit returns what keeps the next Task from starting, and the host that it concerns, where it is one host's: of
// several holds the one that most Tasks wait for.
func (p *Plan) Limit(now time.Time) (hold Hold, host string) {
	atLimit := p.active+p.uncommitted >= p.limits.Concurrency
	switch {
	case p.inMemory+p.spill.count == 0:
		return HoldNone, ""
	case atLimit && p.uncommitted > p.active:
		return HoldOutput, ""
	case atLimit:
		return HoldConcurrency, ""
	case p.ready.len() > 0 && p.pace.due.After(now):
		return HoldRate, ""
	}
	most := HoldPause
	for _, h := range [...]Hold{HoldHostConcurrency, HoldHostRate} {
		if p.held[h] > p.held[most] {
			most = h
		}
	}
	return most, p.limitHost(most)
}

// limitHost returns the host that more than half of the Tasks wait for that h keeps from starting; empty is no single
// one. It looks only at the lane where such a host would be: the busy one with the most work, and the timed one that
// is due next.
func (p *Plan) limitHost(h Hold) string {
	for _, lanes := range [...]*laneHeap{&p.busy, &p.timed} {
		if lanes.len() > 0 && lanes.first().hold == h && 2*lanes.first().holding > p.held[h] {
			return lanes.first().host
		}
	}
	return ""
}
