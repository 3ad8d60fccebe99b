package plan

import "slices"

// hostLanes are the lanes of a host parts of which have lanes of their own (HostLimits.Within). The Concurrency and the
// Rate of the host bound all of them together; pauses, quotas and closures are those of each lane. A nil *hostLanes is
// that of a lane without such a host.
type hostLanes struct {
	name        string
	lanes       []*lane
	active      int // exchanges under way
	concurrency int // the most of them
	pace        pace
}

// isFull reports whether the host allows no more exchanges at once.
func (h *hostLanes) isFull() bool { return h != nil && h.active >= h.concurrency }

// joinHost adds a new lane to the lanes of a host.
func (p *Plan) joinHost(l *lane, name string) {
	h := p.hosts[name]
	if h == nil {
		own := p.limits.Host(name)
		h = &hostLanes{name: name, concurrency: own.Concurrency, pace: newPace(own.Rate)}
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
		delete(p.hosts, h.name)
	}
}
