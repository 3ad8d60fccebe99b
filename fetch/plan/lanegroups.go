package plan

import (
	"slices"
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
