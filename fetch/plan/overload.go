package plan

import (
	"math"
	"time"
)

// An overload is the limit on the rate of a host that answers most requests with Overloaded: a 5xx without Retry-After.
// A connection that is closed without a response counts as that: so nginx (limit_req_status 444) and firewalls refuse.
// It is the adaptive throttling of client requests of the SRE book (chapter Handling Overload): so many requests are
// sent as the host has accepted lately, and a part more. The limit is removed where hardly any response is Overloaded
// any more, where they are for their pages (failingPages), and where a lower rate has changed nothing. A host that is
// found to have a limit on the rate (steadyLimit) is asked at that rate. A nil *overload is that of a host that has
// answered no request so.
type overload struct {
	limit           float64     // starts a second; 0 is no limit
	overloadedShare movingShare // of the last 16 responses, or as many as are under way, those that were Overloaded
	accepted        meter       // of the responses that were not
	acceptedAt      time.Time   // when the last of these came
	capacity        float64     // the most of these in a second, lately
	capacityAt      time.Time   // when that was computed last

	acceptedRow   int            // of these in a row
	overloadedRow int            // Overloaded in a row
	unavailable   unavailability // the host is paused while all are

	capacityBefore float64     // the most accepted in a second, before the limit and since
	lowRate        lowRate     // what has come of a limit well below that
	ratelessUntil  time.Time   // until then only a host that accepts hardly any is limited: a lower rate changed nothing
	steady         steadyLimit // in place of the capacity, where it is found
	pages          failingPages
	crowd          crowdLimit
}

// A lowRate counts what a host answers while its rate is well below its capacity. The zero lowRate is that it is not.
type lowRate struct {
	since      time.Time
	responses  int // to requests that started since then
	overloaded int // of these
}

const (
	// The rate is limited where more of the responses are Overloaded than overloadShare, or streakToLimit in a row, and
	// no more where fewer are than rareOverload. They are not in a row, nor so many, where just as many exchanges are
	// under way that started before them: errors come at once, and pages later.
	overloadShare = 0.5
	streakToLimit = 8
	rareOverload  = 0.05

	// The limit is overloadExcess times the capacity (K in the SRE book), or overloadGrowth times where none has been
	// Overloaded for leastRow responses and half a second; at least leastOverloaded starts a second, or where many Tasks
	// wait and nothing is accepted any more, as many as probesInSilence in a time as long as that has been so.
	overloadExcess  = 1.1
	overloadGrowth  = 1.5
	leastRow        = 10
	leastOverloaded = 1
	probesInSilence = 6

	// By these parts the capacity falls in a second in which fewer are accepted: capacityDecay, and as much of
	// overloadDecay as is Overloaded.
	capacityDecay = 0.1
	overloadDecay = 0.3

	// A lower rate has changed nothing where at lowPart of the capacity, for lowTime and lowResponses, more responses
	// than leastLowShare are Overloaded still. For ratelessTime the rate is limited then only by more than ratelessShare.
	lowPart       = 0.75
	lowTime       = 4 * time.Second
	lowResponses  = 16
	leastLowShare = 0.2
	ratelessTime  = time.Minute
	ratelessShare = 0.9
)

// newOverload returns the overload of a host whose first Overloaded has come, with so many other exchanges under way:
// what started before these, by the meter starts, was accepted.
func newOverload(starts *meter, active int, now time.Time) *overload {
	o := &overload{accepted: *starts, acceptedAt: now, capacityAt: now}
	o.accepted.count = max(o.accepted.count-active-1, 0)
	return o
}

// rate is the limit in starts a second; 0 is no limit.
func (o *overload) rate() float64 {
	if o == nil {
		return 0
	}
	return o.limit
}

// observe takes in the response to a Task: one that is Overloaded, or another. active is how many exchanges are under
// way beside it, starts counts them, and perSecond is the limit on their rate without this one. It returns how long the
// host is to be paused, 0 for not at all, and whether the limit may have changed.
func (o *overload) observe(
	t *Task, active int, starts *meter, perSecond float64, now time.Time,
) (pause time.Duration, changed bool) {
	known := o.pages.areKnown()
	ofPage := o.pages.observe(t, active, o.overloadedShare)
	if !known && o.pages.areKnown() {
		o.forgive()
		changed = true
	}
	if ofPage {
		return 0, changed
	}
	o.steady.observe(t.Started, countsAsOverloaded(&t.Verdict), o.overloadedShare)
	o.count(t, active, now)
	if o.limit == 0 {
		if !o.isOver(active, now) {
			return 0, changed
		}
		if o.capacityBefore = o.capacity; o.capacity < leastOverloaded { // too few to tell
			o.capacityBefore = leastObservedRate
		}
		o.capacity = max(o.capacity, leastObservedRate)
		o.accepted = meter{second: now} // what came in a burst is not counted again
	}
	o.capacityBefore = max(o.capacityBefore, o.accepted.perSecond(now))
	o.limit = o.newLimit(now)
	pause = o.unavailable.pause(o.acceptedAt, now)
	isDone := o.isRare() && (o.limit > 2*max(starts.perSecond(now), leastObservedRate) ||
		perSecond > 0 && o.limit >= perSecond)
	if rateless := o.isRateless(now); rateless || isDone {
		if rateless {
			o.ratelessUntil = now.Add(ratelessTime)
		}
		o.limit, o.lowRate = 0, lowRate{}
	}
	return pause, true
}

// isTested reports whether a single exchange is to show if the host accepts any again.
func (o *overload) isTested() bool { return o != nil && o.limit > 0 && o.unavailable.isTested() }

// count counts the response to a Task.
func (o *overload) count(t *Task, active int, now time.Time) {
	overloaded := countsAsOverloaded(&t.Verdict)
	switch {
	case !overloaded:
		if o.unavailable.noteAccepted(t.Started, o.acceptedAt) {
			o.lowRate = lowRate{}
		}
		o.accepted.add(now)
		o.acceptedRow++
		o.acceptedAt, o.overloadedRow = now, 0
	default:
		o.acceptedRow = 0
		o.overloadedRow++
		o.unavailable.noteOverloaded(t, o.overloadedRow)
	}
	o.overloadedShare.add(overloaded, movingShare(max(active, 16)))
	left := 1 - capacityDecay - overloadDecay*float64(o.overloadedShare) // of the capacity after a second
	elapsed := min(max(now.Sub(o.capacityAt).Seconds(), 0), 10)
	o.capacity = max(o.accepted.perSecond(now), o.capacity*math.Pow(left, elapsed))
	o.capacityAt = now
	if low := &o.lowRate; !low.since.IsZero() && t.Started.After(low.since) {
		low.responses++
		if overloaded {
			low.overloaded++
		}
	}
}

// refusesAll reports whether the host is limited, and has accepted nothing for overloadTimeToClosure.
func (o *overload) refusesAll(now time.Time) bool {
	return o != nil && o.limit > 0 && now.Sub(o.acceptedAt) > overloadTimeToClosure && o.overloadedRow > streakToLimit
}

// newLimit is the limit that follows from the responses so far.
func (o *overload) newLimit(now time.Time) float64 {
	if o.unavailable.reopened {
		return o.unavailable.rate(o.limit, o.capacityBefore)
	}
	excess := overloadExcess
	if float64(o.acceptedRow) >= max(leastRow, o.limit/2) {
		excess = overloadGrowth
	}
	if o.steady.isFound() {
		return max(excess*o.steady.perSecond(now), leastSlow)
	}
	return max(excess*o.capacity, o.leastRate(now))
}

// leastRate is the rate, in starts a second, at which the host is asked that accepts nothing. Where many Tasks wait, it
// is lower the longer that has been so: an outage ends later by a part of it at most, and a host that counts refused
// requests too, and accepts one only when none has come for a while, is left alone for as long as it wants.
func (o *overload) leastRate(now time.Time) float64 {
	if !o.unavailable.manyWait {
		return leastOverloaded
	}
	silence := now.Sub(o.acceptedAt).Seconds()
	return min(leastOverloaded, max(probesInSilence/max(silence, 1), leastSlow))
}

// isRateless reports whether the host refuses a large share at a rate well below what it had accepted too: then the
// rate is not why it refuses.
func (o *overload) isRateless(now time.Time) bool {
	low := &o.lowRate
	switch {
	case o.limit > lowPart*o.capacityBefore, o.steady.isFound():
		*low = lowRate{}
		return false
	case low.since.IsZero():
		low.since = now
		return false
	}
	overloadedShare := float64(low.overloaded) / float64(max(low.responses, 1))
	return low.responses >= lowResponses && now.Sub(low.since) > lowTime &&
		overloadedShare > leastLowShare && overloadedShare < ratelessShare
}

// isOver reports whether so many responses are Overloaded that the rate is limited.
func (o *overload) isOver(active int, now time.Time) bool {
	if now.Before(o.ratelessUntil) || o.pages.areKnown() {
		return o.overloadedShare > ratelessShare
	}
	return o.overloadedShare > overloadShare || o.unavailable.row >= max(active, streakToLimit)
}

// isRare reports whether so few responses are Overloaded that the rate is limited no more.
func (o *overload) isRare() bool {
	return o.overloadedShare < rareOverload || o.pages.areKnown() && o.overloadedShare < overloadShare
}

// forgive ends the limit, and what the responses that were for their pages have added to the share.
func (o *overload) forgive() {
	o.limit, o.overloadedShare, o.lowRate = 0, min(o.pages.failingShare, overloadShare), lowRate{}
	o.overloadedRow = 0
	o.unavailable.forgive()
}

// expiry is when a lane without Tasks may be deleted, as far as its overload goes. The zero time is now.
func (o *overload) expiry() time.Time {
	if o == nil || o.limit == 0 {
		return time.Time{}
	}
	return o.capacityAt.Add(throttleLifetime)
}
