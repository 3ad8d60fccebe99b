package plan

import "time"

// Granted takes in the answer to an Ask; that of an Ask which got none is the zero Grant.
func (p *Plan) Granted(a *Ask, g *Grant, now time.Time) {
	l := p.lanes[a.Host]
	if l == nil || l.lease == nil || !l.lease.asking {
		return
	}
	s := l.lease
	s.asking = false
	s.againAt, s.slotsAt, s.barredUntil = g.Again, time.Time{}, latest(s.barredUntil, g.HeldUntil)
	if len(g.Slots) < a.Starts {
		s.slotsAt = g.Again
	}
	for _, slot := range g.Slots {
		s.slots.Push(slot)
		s.last = slot.Stamp
	}
	for i, width := range g.Widths {
		switch name := a.Limits[i].Name; {
		case name == "host "+l.host:
			s.width = width
			s.claimed = max(width, a.Limits[i].Active)
		case l.within != nil && name == "parts "+l.within.name:
			l.within.width = width
		}
	}
	p.reclassify(l, now)
	if host := p.hostOf(l); host != nil {
		for i := len(host.lanes) - 1; i >= 0; i-- { // backwards, as one that is deleted leaves the list
			if other := host.lanes[i]; other != l && other.heap == inBusy {
				p.reclassify(other, now)
			}
		}
	}
}
