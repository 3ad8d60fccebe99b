package plan

import (
	"time"

	"batchfetch/fetch/judge"
	"batchfetch/fetch/queue"
)

// leaseLimits gives a new lane a lease in place of its limits, where several processes keep to them together.
func (p *Plan) leaseLimits(l *lane) {
	if !p.limits.Shared {
		return
	}
	l.pace = pace{}
	l.lease = &lease{needsSlots: p.limits.Rate > 0 || l.perSecond > 0 || l.within != nil && l.within.perSecond > 0}
	if l.within != nil {
		l.within.isLeased, l.within.pace = true, pace{}
	}
	if l.share != nil {
		l.share.pace = pace{}
	}
}

// Asks returns what is to be asked now of whoever keeps the limits that several processes share, at most so many, and
// when the next ones are to be. Each has to be answered by Granted.
func (p *Plan) Asks(most int, now time.Time) (asks []Ask, next time.Time) {
	next = now.Add(judge.LongestWait)
	if len(p.returnedLeases) > 0 {
		asks, p.returnedLeases = p.returnedLeases, nil
	}
	for _, l := range p.lanes {
		due, any := l.askDue(p.hostOf(l), now)
		switch {
		case !any:
		case due.After(now):
			next = earliest(next, due)
		case len(asks) >= most:
			p.asksSooner, p.nextAsk = false, now
			return asks, now
		default:
			asks = append(asks, p.ask(l, now))
		}
	}
	p.asksSooner, p.nextAsk = false, next
	return asks, next
}

// ask returns the Ask for a lane.
func (p *Plan) ask(l *lane, now time.Time) Ask {
	s := l.lease
	a := Ask{Host: l.host, Late: s.late, LateStarts: s.lateStarts, Limits: p.limitsOf(l)}
	s.late, s.lateStarts = 0, 0
	if s.nextSlot(now); s.needsSlots && l.hasWaiting() && !s.barredUntil.After(now) {
		a.Starts = max(l.usefulSlots()-s.slots.Len(), 0)
	}
	if l.isEmpty() && s.slots.Len() > 0 {
		a.Unused, a.Last = s.slots.Peek().Stamp, s.last
		s.slots = queue.Queue[Slot]{}
	}
	if l.isEmpty() && l.active == 0 {
		s.width = 0
	}
	if hold := s.toTell.Sub(now); hold > 0 {
		a.Limits[0].Hold = hold
	}
	s.toTell = time.Time{}
	s.asking, s.askedAt = true, now
	s.claimed = l.active
	return a
}

// limitsOf returns the limits of a lane: first its own, or that of its share, which pauses are of.
func (p *Plan) limitsOf(l *lane) []SharedLimit {
	wanted := l.taskCount()
	own := SharedLimit{Name: "host " + l.host, Distance: distanceOf(l.perSecond), Width: l.concurrency,
		Active: l.active, Wanted: wanted}
	var limits []SharedLimit
	if l.share != nil {
		limits = append(limits, SharedLimit{Name: "share " + l.share.name, Distance: own.Distance})
		own.Distance = 0
	}
	limits = append(limits, own)
	if h := p.hostOf(l); h != nil {
		limits = append(limits, SharedLimit{Name: "parts " + h.name, Distance: distanceOf(h.perSecond),
			Width: h.concurrency, Active: h.active, Wanted: h.wanted() - h.active})
	}
	if p.limits.Rate > 0 {
		limits = append(limits, SharedLimit{Name: "all", Distance: distanceOf(p.limits.Rate)})
	}
	return limits
}

// NextAsk is when Asks is to be called at the latest.
func (p *Plan) NextAsk() time.Time { return p.nextAsk }

// AsksSooner reports whether an Ask is due sooner than the last call of Asks said.
func (p *Plan) AsksSooner() bool { return p.asksSooner }

// noteAskDue has AsksSooner report an Ask of a lane that is due sooner.
func (p *Plan) noteAskDue(l *lane, now time.Time) {
	if l.lease == nil {
		return
	}
	if due, any := l.askDue(p.hostOf(l), now); any && due.Before(p.nextAsk) {
		p.asksSooner, p.nextAsk = true, due
	}
}

// returnLease has what a lane that is deleted holds given back.
func (p *Plan) returnLease(l *lane, now time.Time) {
	if l.lease.mustReturn() {
		p.returnedLeases = append(p.returnedLeases, p.ask(l, now))
	}
}
