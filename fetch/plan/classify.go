package plan

import "time"

// reclassifyDue moves the lanes whose time has come out of timed and expiring.
func (p *Plan) reclassifyDue(now time.Time) {
	for _, lanes := range [...]*laneHeap{&p.timed, &p.expiring} {
		for lanes.len() > 0 && !lanes.first().due.After(now) {
			p.reclassify(lanes.first(), now)
		}
	}
}

// reclassify puts a lane into the heap where it belongs: ready, busy, timed or expiring. A lane that is closing, or
// without Tasks while some are under way, is in none; one without either is forgotten once it has nothing to
// remember. It has to be called after every change of a lane.
func (p *Plan) reclassify(l *lane, now time.Time) {
	l.promoteDue(now)
	p.refillLane(l)
	l.estimateWork(p.typicalLatency)
	next := l.nextStart(now)
	switch {
	case l.closing, l.isEmpty() && l.active > 0:
		p.moveLane(l, nil)
	case l.isEmpty() && next.After(now):
		l.due = next
		l.compact()
		p.moveLane(l, &p.expiring)
		if p.expiring.len() > expiringPerRequest*p.limits.Lookahead {
			p.forgetLane(p.expiring.first())
		}
	case l.isEmpty():
		p.forgetLane(l)
	case l.isBusy():
		p.moveLane(l, &p.busy)
	case next.After(now):
		l.due = next
		p.moveLane(l, &p.timed)
	default:
		p.moveLane(l, &p.ready)
	}
	p.countTasks(l, now)
}

// moveLane moves a lane into a heap; nil is none. A lane in ready is in longestIdle too.
func (p *Plan) moveLane(l *lane, into *laneHeap) {
	if l.heap == into {
		if into != nil {
			into.fix(l)
		}
		return
	}
	if l.heap != nil {
		l.heap.remove(l)
		if l.heap == &p.ready {
			p.longestIdle.remove(l)
		}
	}
	if l.heap = into; into == nil {
		return
	}
	into.push(l)
	if into == &p.ready {
		p.longestIdle.push(l)
	}
}

// expiringPerRequest bounds the hosts without Tasks whose pause, pace or health is remembered, as a multiple of
// limits.Lookahead. Past it the one that expires soonest is forgotten early.
const expiringPerRequest = 10

// forgetLane drops a lane that has no Tasks.
func (p *Plan) forgetLane(l *lane) {
	p.moveLane(l, nil)
	p.uncountTasks(l)
	delete(p.lanes, l.host)
}
