package plan

import (
	"time"

	"batchfetch/fetch/judge"
	"batchfetch/fetch/queue"
)

// A SharedLimit is a limit that several processes keep to together.
type SharedLimit struct {
	// Name is the same in all processes.
	Name string
	// Distance is the time between two starts; 0 is no limit on the rate.
	Distance time.Duration
	// Width is the most exchanges at once; 0 is no limit.
	Width int
	// Active of Width are under way in this process, and Wanted more could be.
	Active, Wanted int
	// Hold is for how long the host has asked for no requests; 0 is that it has not, or that this has been told.
	Hold time.Duration
}

// An Ask is what a Plan wants to know, tell or have of the limits of one lane.
type Ask struct {
	// Host is the name of the lane.
	Host string
	// Starts is how many more Slots are wanted.
	Starts int
	// Late is by how much the latest of LateStarts requests came after its Slot: so long, at most one distance for each,
	// the next Slots are to be later.
	Late       time.Duration
	LateStarts int
	// Unused is the stamp of the first of the Slots that are given back, and Last that of the last one; 0 is none.
	Unused, Last int64
	// Limits are all that hold for a start.
	Limits []SharedLimit
}

// A Slot is the right to one start, from At on and not later than slotGrace after it.
type Slot struct {
	At    time.Time
	Stamp int64 // the same time as whoever grants Slots counts it
}

// A Grant is the answer to an Ask.
type Grant struct {
	// Slots are in order, and at most as many as were asked for.
	Slots []Slot
	// Widths are the most exchanges at once that this process may have by each of Ask.Limits.
	Widths []int
	// HeldUntil is until when no process is to send requests to the host.
	HeldUntil time.Time
	// Again is when to ask for more where less was granted than wanted; the zero time is soon.
	Again time.Time
}

const (
	// slotGrace is how late a start may be. Slots have a distance that leaves room for it (sharedMargin).
	slotGrace = 15 * time.Millisecond
	// sentGrace is how much later than its start a request may be sent without being told as late.
	sentGrace = 3 * time.Millisecond
	// sharedMargin is as paceMargin: n Slots take 20 ms longer than a unit of a second, which is more than slotGrace,
	// sentGrace and the error of a clock.
	sharedMargin = 0.02
	// slice is the time whose starts are asked for at once.
	slice = 100 * time.Millisecond
	// mostSlots bounds the Slots of a lane.
	mostSlots = 128
	// soonest is the least time between two Asks of a lane, usual that between those of one that has what it wants: so
	// late a pause that another process has met is known.
	soonest = 2 * time.Millisecond
	usual   = 250 * time.Millisecond
)

// shared is what a lane has of the limits that several processes keep to together. A nil *shared is that of a lane
// whose limits are this process's own.
type shared struct {
	needsSlots bool
	slots      queue.Queue[Slot]
	last       int64     // the stamp of the last Slot that was granted
	width      int       // the most exchanges at once
	held       int       // the exchanges that other processes count as this one's
	heldOff    time.Time // until when no process is to send requests
	toTell     time.Time // until when the host has asked for no requests; the zero time is that nothing is to be told
	asking     bool      // an Ask has not been answered
	askedAt    time.Time // when the last Ask was made
	againAt    time.Time // when more may be asked for
	late       time.Duration
	lateStarts int
}

// distanceOf is the distance of the Slots at a rate; 0 is no limit.
func distanceOf(perSecond float64) time.Duration {
	if perSecond <= 0 {
		return 0
	}
	distance := 1 / perSecond
	return max(boundedSeconds(distance+min(sharedMargin*distance, maxPaceMargin)), time.Microsecond)
}

// nextSlot is when the next start may be, by what the other processes leave. Slots that have passed are dropped.
func (s *shared) nextSlot(now time.Time) time.Time {
	switch {
	case s == nil:
		return time.Time{}
	case !s.needsSlots:
		return s.heldOff
	}
	for s.slots.Len() > 0 && now.Sub(s.slots.Peek().At) > slotGrace {
		s.slots.Pop()
	}
	if s.slots.Len() == 0 {
		return now.Add(judge.LongestWait)
	}
	return latest(s.slots.Peek().At, s.heldOff)
}

// isHeld reports whether other processes wait for what the lane has.
func (s *shared) isHeld() bool {
	return s != nil && (s.asking || s.width > 0 || s.held > 0 || s.slots.Len() > 0 || !s.toTell.IsZero())
}

// spendSlot takes the Slot of a start.
func (s *shared) spendSlot() {
	if s != nil && s.slots.Len() > 0 {
		s.slots.Pop()
	}
}

// noteSent takes in when the request of a start was sent.
func (s *shared) noteSent(started, sent time.Time) {
	if late := sent.Sub(started); s != nil && s.needsSlots && late > sentGrace {
		s.late = max(s.late, late-sentGrace)
		s.lateStarts++
	}
}

// tell has the other processes know that the host is to be sent nothing until then.
func (s *shared) tell(until time.Time) {
	if s != nil && until.After(s.heldOff) {
		s.toTell = latest(s.toTell, until)
	}
}

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

// sharedStart is when the other processes leave a start; for a lane without Tasks, when it may be deleted.
func (l *lane) sharedStart(now time.Time) time.Time {
	if l.isEmpty() {
		if l.shared.isHeld() {
			return now.Add(judge.LongestWait)
		}
		return time.Time{}
	}
	return l.shared.nextSlot(now)
}

// lacksSlot reports whether Tasks of the lane wait for a Slot alone.
func (l *lane) lacksSlot(now time.Time) bool {
	s := l.shared
	return s != nil && s.needsSlots && l.hasWaiting() && s.nextSlot(now).After(latest(s.heldOff, l.pauseEnd()))
}

// tellOthers has the other processes know of a pause that the host has asked for, or of a quota that is spent, by a
// Verdict; paused is until when the lane was paused before.
func (l *lane) tellOthers(v *judge.Verdict, paused, now time.Time) {
	if l.pausedUntil.After(paused) {
		l.shared.tell(l.pausedUntil)
	}
	if isSpent(v) && l.buckets != nil && !l.buckets.isSplit() {
		if until := l.quotaStart(now); until.After(now) {
			l.shared.tell(until)
		}
	}
}

// askDue is when the next Ask for a lane is to be made; false is that none is.
func (l *lane) askDue(now time.Time) (time.Time, bool) {
	s := l.shared
	soon := latest(s.askedAt.Add(soonest), s.againAt)
	switch {
	case s.asking:
		return time.Time{}, false
	case !s.toTell.IsZero():
		return now, true
	case l.isEmpty() && l.active == 0:
		return now, s.isHeld()
	case l.lacksWidth():
		return soon, true
	case s.held > max(s.width, l.active), s.held > l.active+l.taskCount():
		return s.askedAt.Add(slice / 4), true // to give it back
	case l.lacksSlots():
		return latest(soon, s.heldOff), true
	}
	return s.askedAt.Add(usual), true
}

// lacksWidth reports whether more exchanges could be under way by the limits than the other processes leave.
func (l *lane) lacksWidth() bool {
	wanted := min(l.concurrency, l.active+l.taskCount())
	return l.shared.width < wanted || l.within != nil && l.within.width < min(l.within.concurrency, l.within.wanted())
}

// lacksSlots reports whether half of the Slots that are of use have been used.
func (l *lane) lacksSlots() bool {
	s := l.shared
	return s.needsSlots && l.hasWaiting() && 2*s.slots.Len() <= l.usefulSlots()
}

// usefulSlots is how many starts the lane could make within a slice of time.
func (l *lane) usefulSlots() int {
	width := max(min(l.width(), l.concurrency), 1)
	if l.latency > 0 {
		width += int(min(float64(width)*float64(slice)/float64(l.latency), mostSlots))
	}
	distance := distanceOf(l.perSecond)
	if l.within != nil {
		distance = max(distance, distanceOf(l.within.perSecond))
	}
	most := mostSlots
	if distance > 0 {
		most = max(int(slice/distance), 1)
	}
	return min(width, most, mostSlots, max(l.taskCount(), 1))
}

// Asks returns what is to be asked now of whoever keeps the limits that several processes share, at most so many, and
// when the next ones are to be. Each has to be answered by Granted.
func (p *Plan) Asks(most int, now time.Time) (asks []Ask, next time.Time) {
	next = now.Add(judge.LongestWait)
	if len(p.returned) > 0 {
		asks, p.returned = p.returned, nil
	}
	for _, l := range p.lanes {
		due, any := l.askDue(now)
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
	if h := l.within; h != nil {
		limits = append(limits, SharedLimit{Name: "parts " + h.name, Distance: distanceOf(h.perSecond),
			Width: h.concurrency, Active: h.active, Wanted: h.wanted() - h.active})
	}
	if p.limits.Rate > 0 {
		limits = append(limits, SharedLimit{Name: "all", Distance: distanceOf(p.limits.Rate)})
	}
	return limits
}

// Granted takes in the answer to an Ask; that of an Ask which got none is the zero Grant.
func (p *Plan) Granted(a *Ask, g *Grant, now time.Time) {
	l := p.lanes[a.Host]
	if l == nil || l.shared == nil || !l.shared.asking {
		return
	}
	s := l.shared
	s.asking = false
	s.againAt, s.heldOff = g.Again, latest(s.heldOff, g.HeldUntil)
	for _, slot := range g.Slots {
		s.slots.Push(slot)
		s.last = slot.Stamp
	}
	for i, width := range g.Widths {
		switch name := a.Limits[i].Name; {
		case name == "host "+l.host:
			s.width = width
			s.held = max(width, a.Limits[i].Active)
		case l.within != nil && name == "parts "+l.within.name:
			l.within.width = width
		}
	}
	p.reclassify(l, now)
	if l.within != nil {
		for i := len(l.within.lanes) - 1; i >= 0; i-- { // backwards, as one that is deleted leaves the list
			if other := l.within.lanes[i]; other != l && other.heap == &p.busy {
				p.reclassify(other, now)
			}
		}
	}
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
	if due, any := l.askDue(now); any && due.Before(p.nextAsk) {
		p.short, p.nextAsk = true, due
	}
}

// returnShared has what a lane that is deleted holds given back.
func (p *Plan) returnShared(l *lane, now time.Time) {
	if l.shared.isHeld() {
		p.returned = append(p.returned, p.ask(l, now))
	}
}

// earliest is the earlier of two times.
func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
