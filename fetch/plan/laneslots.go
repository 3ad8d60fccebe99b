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

// askDue is when the next Ask for a lane is to be made; false is that none is. A nil host is that of a lane that is no
// part of one.
func (l *lane) askDue(host *hostLanes, now time.Time) (time.Time, bool) {
	s := l.shared
	switch {
	case s.asking:
		return time.Time{}, false
	case !s.toTell.IsZero():
		return now, true
	case l.isEmpty() && l.active == 0:
		return now, s.isHeld()
	}
	soon := s.askedAt.Add(soonest)
	width, slots := latest(soon, s.againAt), latest(soon, latest(s.slotsAt, s.heldOff))
	switch {
	case l.lacksWidth(host) && l.lacksSlots():
		return earliest(width, slots), true
	case l.lacksWidth(host):
		return width, true
	case s.held > max(s.width, l.active), s.held > l.active+l.taskCount():
		return s.askedAt.Add(slice / 4), true // to give it back
	case l.lacksSlots():
		return slots, true
	}
	return s.askedAt.Add(usual), true
}

// lacksWidth reports whether more exchanges could be under way by the limits than the other processes leave.
func (l *lane) lacksWidth(host *hostLanes) bool {
	wanted := min(l.concurrency, l.active+l.taskCount())
	return l.shared.width < wanted || host != nil && host.width < min(host.concurrency, host.wanted())
}

// lacksSlots reports whether half of the Slots that are of use have been used.
func (l *lane) lacksSlots() bool {
	s := l.shared
	if !s.needsSlots || !l.hasWaiting() {
		return false
	}
	useful := l.usefulSlots()
	return useful > 0 && 2*s.slots.Len() <= useful
}

// usefulSlots is how many Slots the lane could use: one for each exchange that may be under way beside those that are,
// or that will end within slotGrace by the usual latency, and no more than a slice of time has. A Slot beyond that
// would pass while all exchanges are under way, and be lost to every process.
func (l *lane) usefulSlots() int {
	width := max(min(l.width(), l.concurrency), 1)
	useful := max(width-l.active, 0)
	if l.latency > 0 {
		useful += int(min(float64(width)*float64(slotGrace)/float64(l.latency), mostSlots))
	}
	distance := distanceOf(l.perSecond)
	if l.within != nil {
		distance = max(distance, distanceOf(l.within.perSecond))
	}
	most := mostSlots
	if distance > 0 {
		most = max(int(slice/distance), 1)
	}
	return min(useful, most, mostSlots, max(l.taskCount(), 1))
}
