package fetch

import "time"

// A hold is what the Tasks of a lane wait for.
type hold uint8

const (
	holdNone  hold = iota
	holdSlots      // one of its own exchanges has to end
	holdPace       // the rate that the options allow
	holdPause      // the host asked for silence, for less, or is silent itself; or its Tasks back off
	holds
)

var holdLimits = [holds]Limit{holdSlots: LimitHostConcurrency, holdPace: LimitHostRate, holdPause: LimitPausedHosts}

// count keeps the numbers of Tasks by what they wait for, and of those that a lane does not need in memory.
func (p *plan) count(l *lane, now time.Time) {
	p.uncount(l)
	l.hold, l.holding = p.holdOf(l, now), l.waits()
	if l.surplus = l.fresh.len() - asideKeep; l.surplus < parcelTasks { // not worth a look
		l.surplus = 0
	}
	p.held[l.hold] += l.holding
	p.aside.surplus += l.surplus
}

func (p *plan) uncount(l *lane) {
	p.held[l.hold] -= l.holding
	p.aside.surplus -= l.surplus
	l.hold, l.holding, l.surplus = holdNone, 0, 0
}

func (p *plan) holdOf(l *lane, now time.Time) hold {
	switch {
	case l.heap == &p.full && l.health.probing():
		return holdPause
	case l.heap == &p.full:
		return holdSlots
	case l.heap != &p.waiting:
		return holdNone
	case l.throttle.rate() == 0 && l.fresh.len() > 0 && l.pace.due.After(latest(l.pausedUntil, l.throttle.allows(now))):
		return holdPace
	}
	return holdPause
}

// holder says which limit keeps the next Task back, and the host whose limit that is: of several what most Tasks wait for.
func (p *plan) holder(now time.Time) (Limit, string) {
	switch {
	case p.size+p.aside.count == 0:
		return "", ""
	case p.running+p.unkept >= p.options.Concurrency && p.unkept > p.running:
		return LimitOutput, ""
	case p.running+p.unkept >= p.options.Concurrency:
		return LimitConcurrency, ""
	case p.ready.len() > 0 && p.pace.due.After(now):
		return LimitRate, ""
	}
	most := holdPause
	for h := holdSlots; h < holds; h++ {
		if p.held[h] > p.held[most] {
			most = h
		}
	}
	return holdLimits[most], p.example(most)
}

// example names the host for whose limit most of the Tasks wait that wait for h; empty is no one host. It is looked for where
// it would be: of those at their slots the one with the most work, of the others the one due next.
func (p *plan) example(h hold) string {
	for _, lanes := range [...]*laneHeap{&p.full, &p.waiting} {
		if lanes.len() > 0 && lanes.first().hold == h && 2*lanes.first().holding > p.held[h] {
			return lanes.first().host
		}
	}
	return ""
}
