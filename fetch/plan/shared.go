package plan

import (
	"time"

	"batchfetch/fetch/judge"
	"batchfetch/fetch/queue"
)

// shareLimits makes the limits of a new lane such that several processes keep to together.
func (p *Plan) shareLimits(l *lane) {
	if !p.limits.Shared {
		return
	}
	l.pace = pace{}
	l.shared = &shared{needsSlots: p.limits.Rate > 0 || l.perSecond > 0 || l.within != nil && l.within.perSecond > 0}
	if l.within != nil {
		l.within.isShared, l.within.pace = true, pace{}
	}
	if l.share != nil {
		l.share.pace = pace{}
	}
}

// Asks returns what is to be asked now of whoever keeps the limits that several processes share, at most so many, and
// when the next ones are to be. Each has to be answered by Granted.
func (p *Plan) Asks(most int, now time.Time) (asks []Ask, next time.Time) {
	next = now.Add(judge.LongestWait)
	if len(p.returned) > 0 {
		asks, p.returned = p.returned, nil
	}
	for _, l := range p.lanes {
		due, any := l.askDue(p.hostOf(l), now)
		switch {
		case !any:
		case due.After(now):
			next = earliest(next, due)
		case len(asks) >= most:
			p.short, p.nextAsk = false, now
			return asks, now
		default:
			asks = append(asks, p.ask(l, now))
		}
	}
	p.short, p.nextAsk = false, next
	return asks, next
}

// ask returns the Ask for a lane.
func (p *Plan) ask(l *lane, now time.Time) Ask {
	s := l.shared
	a := Ask{Host: l.host, Late: s.late, LateStarts: s.lateStarts, Limits: p.sharedLimits(l)}
	s.late, s.lateStarts = 0, 0
	if s.nextSlot(now); s.needsSlots && l.hasWaiting() && !s.heldOff.After(now) {
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
	s.held = l.active
	return a
}

// sharedLimits are the limits of a lane: first its own, or that of its share, which pauses are of.
func (p *Plan) sharedLimits(l *lane) []SharedLimit {
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

// IsShort reports whether an Ask is due sooner than the last call of Asks said.
func (p *Plan) IsShort() bool { return p.short }

// noteShort has IsShort report an Ask of a lane that is due sooner.
func (p *Plan) noteShort(l *lane, now time.Time) {
	if l.shared == nil {
		return
	}
	if due, any := l.askDue(p.hostOf(l), now); any && due.Before(p.nextAsk) {
		p.short, p.nextAsk = true, due
	}
}

// returnShared has what a lane that is deleted holds given back.
func (p *Plan) returnShared(l *lane, now time.Time) {
	if l.shared.isHeld() {
		p.returned = append(p.returned, p.ask(l, now))
	}
}
