package plan

import "time"

// reclassifyDue moves the lanes whose time has come out of timed and expiring.
func (p *Plan) reclassifyDue(now time.Time) {
	for _, lanes := range [...]*laneHeap{&p.timed, &p.expiring} {
		for lanes.len() > 0 && !lanes.first().at.After(now) {
			p.reclassify(lanes.first(), now)
		}
	}
}

// reclassify puts a lane into the heap where it belongs: ready, busy, timed or expiring. A lane that is closing, or
// without Tasks while some are under way, is in none; one without either is forgotten once it has nothing to
// remember. It has to be called after every change of a lane.
func (p *Plan) reclassify(l *lane, now time.Time) {
	l.promoteDue(now)
	p.refill(l)
	l.weigh(p.typical)
	next := l.nextStart(now)
	switch {
	case l.closing, l.empty() && l.slots > 0:
		p.place(l, nil)
	case l.empty() && next.After(now):
		l.at = next
		l.compact()
		p.place(l, &p.expiring)
		if p.expiring.len() > expiringPerRequest*p.limits.Lookahead {
			p.forgetLane(p.expiring.first())
		}
	case l.empty():
		p.forgetLane(l)
	case l.isBusy():
		p.place(l, &p.busy)
	case next.After(now):
		l.at = next
		p.place(l, &p.timed)
	default:
		p.place(l, &p.ready)
	}
	p.countHold(l, now)
}

// place moves a lane into a heap; nil is none. A lane in ready is in longestIdle too.
func (p *Plan) place(l *lane, into *laneHeap) {
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
	p.place(l, nil)
	p.uncountHold(l)
	delete(p.lanes, l.host)
}
