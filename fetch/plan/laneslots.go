package plan

import (
	"time"

	"batchfetch/fetch/judge"
)

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
