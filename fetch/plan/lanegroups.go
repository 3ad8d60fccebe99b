package plan

import (
	"slices"
)

// joinHost adds a new lane to the lanes of a host.
func (p *Plan) joinHost(l *lane, name string) {
	h := p.hosts[name]
	if h == nil {
		own := p.limits.Host(name)
		h = &hostLanes{hostLimits: hostLimits{name: name, concurrency: own.Concurrency, perSecond: own.Rate,
			pace: newPace(own.Rate)}}
		p.hosts[name] = h
	}
	h.lanes = append(h.lanes, l)
	l.within = &h.hostLimits
}

// hostOf returns the lanes of the host that a lane is a part of; nil is none.
func (p *Plan) hostOf(l *lane) *hostLanes {
	if l.within == nil {
		return nil
	}
	return p.hosts[l.within.name]
}

// leaveHost removes a lane that is deleted from the lanes of its host.
func (p *Plan) leaveHost(l *lane) {
	h := p.hostOf(l)
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
		s = &shareLanes{share: share{name: own.Share, pace: newPace(own.Rate)}}
		p.shares[own.Share] = s
	}
	s.lanes = append(s.lanes, l)
	l.share, l.buckets, l.closure = &s.share, s.buckets, s.closure
	if !s.until.IsZero() {
		l.ensureThrottle().slowStart.most = 1
	}
}
