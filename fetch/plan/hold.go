package plan

import "time"

// countTasks counts the Tasks of one lane again, in tasksByHold and spill.excess.
func (p *Plan) countTasks(l *lane, now time.Time) {
	p.uncountTasks(l)
	l.hold, l.heldTasks = p.holdOf(l, now), l.taskCount()
	if l.excess = l.waiting.Len() - keptTasks; l.excess < tasksPerBatch { // too few for a batch
		l.excess = 0
	}
	p.tasksByHold[l.hold] += l.heldTasks
	p.spill.excess += l.excess
}

// uncountTasks subtracts what countTasks has counted for a lane.
func (p *Plan) uncountTasks(l *lane) {
	p.tasksByHold[l.hold] -= l.heldTasks
	p.spill.excess -= l.excess
	l.hold, l.heldTasks, l.excess = HoldNone, 0, 0
}

// holdOf returns what the Tasks of a lane wait for, by the heap that the lane is in.
func (p *Plan) holdOf(l *lane, now time.Time) Hold {
	switch {
	case l.heap == inBusy && l.health.isProbing():
		return HoldPause
	case l.heap == inBusy, l.heap == inAnother:
		return HoldHostConcurrency
	case l.heap != inTimed:
		return HoldNone
	case l.waitsForSlot(now):
		return HoldHostRate
	case l.buckets != nil && l.hasWaiting() && l.quotaStart(now).After(latest(l.pauseEnd(), l.paceDue())):
		return HoldQuota
	case l.throttle.rate() == 0 && l.overload.rate() == 0 && l.hasWaiting() && l.paceDue().After(l.pauseEnd()):
		if l.isToldRate {
			return HoldQuota
		}
		return HoldHostRate
	}
	return HoldPause
}

// CurrentHold returns what keeps the next Task from starting, and the host where it is the limit of a single host; else
// host is empty. Of several limits it is the one that most Tasks wait for.
func (p *Plan) CurrentHold(now time.Time) (hold Hold, host string) {
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
	for _, h := range [...]Hold{HoldHostConcurrency, HoldHostRate, HoldQuota} {
		if p.tasksByHold[h] > p.tasksByHold[most] {
			most = h
		}
	}
	return most, p.limitHost(most)
}

// limitHost returns the host to which more than half of the Tasks that h keeps from starting belong; empty is none.
// It looks only at the lanes where such a host would be: the busy one with the most work, and the timed one that is due
// next.
func (p *Plan) limitHost(h Hold) string {
	for _, lanes := range [...]*laneHeap{&p.busy, &p.timed} {
		if lanes.len() > 0 && lanes.first().hold == h && 2*lanes.first().heldTasks > p.tasksByHold[h] {
			return lanes.first().host
		}
	}
	return ""
}
