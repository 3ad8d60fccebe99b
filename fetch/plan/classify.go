package plan

import "time"

// reclassifyDue moves the lanes that are due out of timed and expiring.
func (p *Plan) reclassifyDue(now time.Time) {
	for _, lanes := range [...]*laneHeap{&p.timed, &p.expiring} {
		for lanes.len() > 0 && !lanes.first().due.After(now) {
			p.reclassify(lanes.first(), now)
		}
	}
}

// reclassify moves a lane to the heap of its state: ready, another, busy, timed or expiring. A lane that is closing, or
// that has exchanges under way and no waiting Task, is in none of them. One with neither is deleted, at once or when
// its pause, pace, throttle and health have expired. reclassify has to be called after every change of a lane.
func (p *Plan) reclassify(l *lane, now time.Time) {
	l.promoteDue(now)
	p.refillLane(l)
	if l.buckets.isSplit() {
		p.sortLane(l, now)
	}
	l.work = l.estimatedWork(p.typicalLatency)
	p.countTime(l)
	next := l.nextStart(now)
	switch {
	case l.closing, l.isEmpty() && l.active > 0:
		p.moveLane(l, inNone)
	case l.isEmpty() && next.After(now):
		l.due = next
		l.compact()
		p.moveLane(l, inExpiring)
		if p.expiring.len() > expiringPerRequest*p.limits.Lookahead {
			p.deleteLane(p.expiring.first(), now)
		}
	case l.isEmpty():
		p.deleteLane(l, now)
		return
	case l.isBusy():
		p.moveLane(l, inBusy)
	case next.After(now):
		l.due = next
		p.moveLane(l, inTimed)
	case l.opensAnother():
		p.moveLane(l, inAnother)
	default:
		p.moveLane(l, inReady)
	}
	p.countTasks(l, now)
	p.noteAskDue(l, now)
}

// mostFailedAtOnce bounds the Tasks of closed buckets that are unpacked at once to fail.
const mostFailedAtOnce = 64

// sortLane puts Tasks of a lane with several buckets aside, until one that may start is the first to wait, and fails
// those whose bucket is closed. At most a quarter of Limits.Lookahead is put aside, so that other hosts can be read.
func (p *Plan) sortLane(l *lane, now time.Time) {
	most := max(p.limits.Lookahead/4, keptTasks)
	for {
		for _, t := range l.sortTasks(most, now) {
			p.inMemory--
			p.Fail(t, l.closureOf(t, now).failure(t, now))
		}
		if l.waiting.Len() > 0 || !l.spilled.hasTasks() || l.closing {
			return
		}
		if p.failed.Len() >= mostFailedAtOnce {
			if !l.unsorted {
				l.unsorted = true
				p.unsorted.Push(l)
			}
			return
		}
		p.refillLane(l)
	}
}

// moveLane moves a lane from its heap to another one. Lanes in ready are in longestIdle too, and in warm
// where there is a connection for them.
func (p *Plan) moveLane(l *lane, into heapName) {
	p.placeWarm(l, into == inReady && l.connections().isWarm())
	to := p.heaps[into]
	if l.heap == into {
		if to != nil {
			to.fix(l)
		}
		return
	}
	if from := p.heaps[l.heap]; from != nil {
		from.remove(l)
		if l.heap == inReady {
			p.longestIdle.remove(l)
		}
	}
	if l.heap = into; to == nil {
		return
	}
	to.push(l)
	if into == inReady {
		p.longestIdle.push(l)
	}
}

// placeWarm puts a lane into warm, or takes it out.
func (p *Plan) placeWarm(l *lane, in bool) {
	switch {
	case in && l.inWarm:
		p.warm.fix(l)
	case in:
		p.warm.push(l)
	case l.inWarm:
		p.warm.remove(l)
	}
	l.inWarm = in
}

// expiringPerRequest bounds the number of expiring lanes, as a multiple of Limits.Lookahead. Beyond it the lane that
// expires soonest is deleted early.
const expiringPerRequest = 10

// deleteLane deletes a lane that has no Tasks.
func (p *Plan) deleteLane(l *lane, now time.Time) {
	p.returnLease(l, now)
	p.moveLane(l, inNone)
	p.uncountTasks(l)
	p.forgetIdle(&l.own)
	p.leaveHost(l)
	if l.share != nil {
		p.shares[l.share.name].leave(l)
	}
	delete(p.lanes, l.host)
	p.numbered[l.id-1] = nil
	p.unused = append(p.unused, l.id)
}

// reclassifyOthers moves the lanes that may start a Task, or have a connection for it, since an exchange of another
// lane of their host has ended, which may have been deleted as the last of them.
func (p *Plan) reclassifyOthers(l *lane, now time.Time) {
	h := p.hostOf(l)
	if h == nil {
		return
	}
	wasFull := h.active+1 >= h.concurrency || h.isLeased
	for i := len(h.lanes) - 1; i >= 0; i-- { // backwards, as one that is deleted leaves the list
		if other := h.lanes[i]; other != l && (other.heap == inAnother || wasFull && other.heap == inBusy) {
			p.reclassify(other, now)
		}
	}
}
