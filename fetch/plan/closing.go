package plan

import "time"

// closeLane fails the Tasks of a lane whose host gets no more requests for now. Its spilled Tasks fail one batch at a
// time, in nextWithoutExchange.
func (p *Plan) closeLane(l *lane, now time.Time) {
	for _, t := range l.removeTasks() {
		p.inMemory--
		p.Fail(t, l.closedFailure(t, now))
	}
	if l.spilled.hasTasks() && !l.closing {
		l.closing = true
		p.closing.Push(closingLane{l, l.closedFailure(nil, now)})
	}
}

// failClosed fails the Tasks of closed buckets of a lane, as far as they are in memory.
func (p *Plan) failClosed(l *lane, now time.Time) {
	for _, t := range l.removeTasks() {
		if c := l.closureOf(t, now); c != nil {
			p.inMemory--
			p.Fail(t, c.failure(t, now))
			continue
		}
		l.push(t, now)
	}
}

// closeShare closes the other lanes of a share with the closure of one.
func (p *Plan) closeShare(from *lane, now time.Time) {
	s := p.shares[from.share.name]
	if !from.closure.opensAt().After(latest(now, s.closure.opensAt())) {
		return
	}
	s.closure = from.closure
	for i := len(s.lanes) - 1; i >= 0; i-- { // backwards, as one that is deleted leaves the list
		if l := s.lanes[i]; l != from {
			l.closure = s.closure
			p.closeLane(l, now)
			p.reclassify(l, now)
		}
	}
}

// reclassifyShare moves the lanes of a share that may start a Task since an exchange of another one has ended.
func (p *Plan) reclassifyShare(l *lane, now time.Time) {
	s := p.shares[l.share.name]
	for i := len(s.lanes) - 1; i >= 0; i-- {
		if other := s.lanes[i]; other != l && other.heap == inTimed {
			p.reclassify(other, now)
		}
	}
}
