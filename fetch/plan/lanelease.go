package plan

import (
	"time"

	"batchfetch/fetch/judge"
)

// waitsForSlot reports whether Tasks of the lane wait for a Slot alone.
func (l *lane) waitsForSlot(now time.Time) bool {
	s := l.lease
	return s != nil && s.needsSlots && l.hasWaiting() && s.nextSlot(now).After(latest(s.barredUntil, l.pauseEnd()))
}

// tellOthers has the other processes know of a pause that the host has asked for, or of a quota that is spent, by a
// Verdict; paused is until when the lane was paused before.
func (l *lane) tellOthers(v *judge.Verdict, paused, now time.Time) {
	if l.pausedUntil.After(paused) {
		l.lease.tell(l.pausedUntil)
	}
	if isSpent(v) && l.buckets != nil && !l.buckets.isSplit() {
		if until := l.quotaStart(now); until.After(now) {
			l.lease.tell(until)
		}
	}
}

// askDue is when the next Ask for a lane is to be made; false is that none is. A nil host is that of a lane that is no
// part of one.
func (l *lane) askDue(host *hostLanes, now time.Time) (time.Time, bool) {
	s := l.lease
	switch {
	case s.asking:
		return time.Time{}, false
	case !s.toTell.IsZero():
		return now, true
	case l.isEmpty() && l.active == 0:
		return now, s.mustReturn()
	}
	soon := s.askedAt.Add(soonestAsk)
	width, slots := latest(soon, s.againAt), latest(soon, latest(s.slotsAt, s.barredUntil))
	switch {
	case l.needsMoreWidth(host) && l.needsMoreSlots():
		return earliest(width, slots), true
	case l.needsMoreWidth(host):
		return width, true
	case s.claimed > max(s.width, l.active), s.claimed > l.active+l.taskCount():
		return s.askedAt.Add(slotSlice / 4), true // to give it back
	case l.needsMoreSlots():
		return slots, true
	}
	return s.askedAt.Add(usualAsk), true
}

// needsMoreWidth reports whether more exchanges could be under way by the limits than the other processes leave.
func (l *lane) needsMoreWidth(host *hostLanes) bool {
	wanted := min(l.concurrency, l.active+l.taskCount())
	return l.lease.width < wanted || host != nil && host.width < min(host.concurrency, host.wanted())
}

// needsMoreSlots reports whether half of the Slots that are of use have been used.
func (l *lane) needsMoreSlots() bool {
	s := l.lease
	if !s.needsSlots || !l.hasWaiting() {
		return false
	}
	useful := l.usefulSlots()
	return useful > 0 && 2*s.slots.Len() <= useful
}

// usefulSlots is how many Slots the lane could use: one for each exchange that may be under way beside those that are,
// or that will end within slotGrace by the usual latency, and no more than a slotSlice has. A Slot beyond that
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
		most = max(int(slotSlice/distance), 1)
	}
	return min(useful, most, mostSlots, max(l.taskCount(), 1))
}
