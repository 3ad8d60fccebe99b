package plan

import (
	"slices"
	"time"
)

// joinHost adds a new lane to the lanes of a host.
func (p *Plan) joinHost(l *lane, name string) {
	h := p.hosts[name]
	if h == nil {
		own := p.limits.Host(name)
		h = &hostLanes{name: name, concurrency: own.Concurrency, perSecond: own.Rate, pace: newPace(own.Rate)}
		p.hosts[name] = h
	}
	h.lanes = append(h.lanes, l)
	l.within = h
}

// leaveHost removes a lane that is deleted from the lanes of its host.
func (p *Plan) leaveHost(l *lane) {
	h := l.within
	if h == nil {
		return
	}
	if i := slices.Index(h.lanes, l); i >= 0 {
		h.lanes = slices.Delete(h.lanes, i, i+1)
	}
	if len(h.lanes) == 0 {
		p.forgetIdle(&h.connections)
		delete(p.hosts, h.name)
	}
}

// joinShare adds a new lane to a share.
func (p *Plan) joinShare(l *lane, own *HostLimits) {
	s := p.shares[own.Share]
	if s == nil {
		s = &share{name: own.Share, pace: newPace(own.Rate)}
		p.shares[own.Share] = s
	}
	s.lanes = append(s.lanes, l)
	l.share, l.buckets, l.closure = s, s.buckets, s.closure
	if !s.until.IsZero() {
		l.ensureThrottle().width.slow = 1
	}
}

// closeShare closes the other lanes of a share with the closure of one.
func (p *Plan) closeShare(from *lane, now time.Time) {
	s := from.share
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
	for i := len(l.share.lanes) - 1; i >= 0; i-- {
		if other := l.share.lanes[i]; other != l && other.heap == &p.timed {
			p.reclassify(other, now)
		}
	}
}
