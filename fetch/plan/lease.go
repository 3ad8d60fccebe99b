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
	// slotGrace is how late a start may be. Slots have a distance that leaves room for it (slotMargin).
	slotGrace = 15 * time.Millisecond
	// sentGrace is how much later than its start a request may be sent without being told as late.
	sentGrace = 3 * time.Millisecond
	// slotMargin is as paceMargin: n Slots take 20 ms longer than a unit of a second, which is more than slotGrace,
	// sentGrace and the error of a clock.
	slotMargin = 0.02
	// slotSlice is the time whose starts are asked for at once.
	slotSlice = 100 * time.Millisecond
	// mostSlots bounds the Slots of a lane.
	mostSlots = 128
	// soonestAsk is the least time between two Asks of a lane, usualAsk that of one that has what it wants: so
	// late a pause that another process has met is known.
	soonestAsk = 2 * time.Millisecond
	usualAsk   = 250 * time.Millisecond
)

// A lease is what a lane has of the limits that several processes keep to together: exchanges at once, and Slots for
// starts. A nil *lease is that of a lane whose limits are this process's own.
type lease struct {
	needsSlots  bool
	slots       queue.Queue[Slot]
	last        int64     // the stamp of the last Slot that was granted
	width       int       // the most exchanges at once
	claimed     int       // the exchanges that other processes count as this one's
	barredUntil time.Time // until when no process is to send requests
	toTell      time.Time // until when the host has asked for no requests; the zero time is that nothing is to be told
	asking      bool      // an Ask has not been answered
	askedAt     time.Time // when the last Ask was made
	againAt     time.Time // when more exchanges at once may be asked for
	slotsAt     time.Time // when more Slots may be asked for; the zero time is soon
	late        time.Duration
	lateStarts  int
}

// distanceOf is the distance of the Slots at a rate; 0 is no limit.
func distanceOf(perSecond float64) time.Duration {
	if perSecond <= 0 {
		return 0
	}
	distance := 1 / perSecond
	return max(boundedSeconds(distance+min(slotMargin*distance, maxPaceMargin)), time.Microsecond)
}

// nextSlot is when the next start may be, by what the other processes leave. Slots that have passed are dropped.
func (s *lease) nextSlot(now time.Time) time.Time {
	switch {
	case s == nil:
		return time.Time{}
	case !s.needsSlots:
		return s.barredUntil
	}
	for s.slots.Len() > 0 && now.Sub(s.slots.Peek().At) > slotGrace {
		s.slots.Pop()
	}
	if s.slots.Len() == 0 {
		return now.Add(judge.LongestWait)
	}
	return latest(s.slots.Peek().At, s.barredUntil)
}

// mustReturn reports whether other processes wait for what the lane has.
func (s *lease) mustReturn() bool {
	return s != nil && (s.asking || s.width > 0 || s.claimed > 0 || s.slots.Len() > 0 || !s.toTell.IsZero())
}

// spendSlot takes the Slot of a start.
func (s *lease) spendSlot() {
	if s != nil && s.slots.Len() > 0 {
		s.slots.Pop()
	}
}

// noteSent takes in when the request of a start was sent.
func (s *lease) noteSent(started, sent time.Time) {
	if late := sent.Sub(started); s != nil && s.needsSlots && late > sentGrace {
		s.late = max(s.late, late-sentGrace)
		s.lateStarts++
	}
}

// tell has the other processes know that the host is to be sent nothing until then.
func (s *lease) tell(until time.Time) {
	if s != nil && until.After(s.barredUntil) {
		s.toTell = latest(s.toTell, until)
	}
}
