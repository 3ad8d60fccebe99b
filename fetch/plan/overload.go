package plan

import (
	"math"
	"time"
)

// An overload is the limit on the rate of a host that answers most requests with Overloaded. It follows the adaptive
// throttling of client requests of the SRE book (chapter Handling Overload): so many requests are sent as the host has
// accepted lately, and a part more. A nil *overload is that of a host that has answered no request so.
type overload struct {
	limit    float64   // starts a second; 0 is no limit, as most requests are accepted
	share    float64   // of the last responses that were Overloaded: moving average of about 16
	accepted meter     // of the others
	capacity float64   // how many of these came in a second lately, at most
	lastOne  time.Time // when the last of them came
	takenAt  time.Time // when capacity was taken last

	streak int       // Overloaded in a row, of requests that started after heldAt
	failed int       // Overloaded in a row
	row    int       // other responses in a row
	holds  int       // in a row, without another response
	heldAt time.Time // when the host was held last

	entry    float64      // the capacity when the limit was set first
	lowSince time.Time    // since when the limit has been well below entry
	low      int          // responses since then
	lowShare int          // how many of these were Overloaded
	pages    failingPages // whether they are for their pages
	deafTo   time.Time    // until then only a host that accepts hardly any is limited: a lower rate has changed nothing
}

const (
	overloadShare   = 0.5 // of responses that are Overloaded, beyond which the rate is limited
	deafShare       = 0.9 // the same where a lower rate has changed nothing
	overloadExcess  = 1.1 // requests for one that is accepted: K in the SRE book
	overloadGrowth  = 1.5 // the same where none is refused for leastRow responses and half a second
	leastRow        = 10
	rareOverload    = 0.05            // the share that is hardly any
	capacityDecay   = 0.1             // by which part the capacity falls in a second in which fewer are accepted
	overloadDecay   = 0.3             // the same for the share that is Overloaded
	leastOverloaded = 1               // starts a second, at least
	brokenAfter     = 2 * time.Minute // nothing has been accepted for so long: the host is given up

	streakToLimit = 8                      // Overloaded in a row after which the rate is limited
	streakToHold  = 3                      // Overloaded in a row after which the host is held
	firstHold     = 100 * time.Millisecond // doubled with each further one in a row
	longestHold   = time.Second

	lowTime  = 4 * time.Second // for how long a rate is low until it is judged
	lowCount = 16              // after how many responses
	deafTime = time.Minute
)

// rate is the limit in starts a second; 0 is no limit.
func (o *overload) rate() float64 {
	if o == nil {
		return 0
	}
	return o.limit
}

// observe takes in the response to a request: one that is Overloaded or another.
func (o *overload) observe(overloaded bool, started, now time.Time) {
	x := 0.0
	switch {
	case !overloaded:
		o.accepted.add(now)
		o.row++
		o.lastOne, o.streak, o.holds = now, 0, 0
	default:
		if x, o.row = 1, 0; started.After(o.heldAt) {
			o.streak++
		}
	}
	o.share += (x - o.share) / 16
	elapsed := min(max(now.Sub(o.takenAt).Seconds(), 0), 10)
	o.takenAt = now
	o.capacity = max(o.accepted.perSecond(now), o.capacity*math.Pow(1-capacityDecay-overloadDecay*o.share, elapsed))
	if !o.lowSince.IsZero() && started.After(o.lowSince) {
		o.low++
		o.lowShare += int(x)
	}
}

// refusesAll reports whether the host is limited, and has accepted nothing for brokenAfter.
func (o *overload) refusesAll(now time.Time) bool {
	return o != nil && o.limit > 0 && now.Sub(o.lastOne) > brokenAfter && o.failed > streakToLimit
}

// newLimit is the limit that follows from the responses so far.
func (o *overload) newLimit() float64 {
	excess := overloadExcess
	if float64(o.row) >= max(leastRow, o.limit/2) {
		excess = overloadGrowth
	}
	return max(excess*o.capacity, leastOverloaded)
}

// isDeaf reports whether the host refuses a large share at a rate well below what it had accepted too: then the rate is
// not why it refuses.
func (o *overload) isDeaf(now time.Time) bool {
	switch {
	case o.limit > 0.75*o.entry:
		o.lowSince, o.low, o.lowShare = time.Time{}, 0, 0
		return false
	case o.lowSince.IsZero():
		o.lowSince = now
		return false
	}
	share := float64(o.lowShare) / float64(max(o.low, 1))
	return o.low >= lowCount && now.Sub(o.lowSince) > lowTime && share > 0.2 && share < deafShare
}

// isOver reports whether the share of refused requests makes the rate be limited.
func (o *overload) isOver(now time.Time) bool {
	if now.Before(o.deafTo) || o.pages.areKnown() {
		return o.share > deafShare
	}
	return o.share > overloadShare || o.streak >= streakToLimit
}

// isRare reports whether so few responses are Overloaded that the rate is limited no more.
func (o *overload) isRare() bool {
	return o.share < rareOverload || o.pages.areKnown() && o.share < overloadShare
}

// forgive ends the limit, and what the responses that were for their pages have added to the share.
func (o *overload) forgive() {
	o.limit, o.share, o.streak, o.holds, o.failed = 0, min(o.pages.share, overloadShare), 0, 0, 0
	o.lowSince, o.low, o.lowShare = time.Time{}, 0, 0
}

// expiry is when a lane without Tasks may be deleted, as far as its overload goes. The zero time is now.
func (o *overload) expiry() time.Time {
	if o == nil || o.limit == 0 {
		return time.Time{}
	}
	return o.takenAt.Add(throttleLifetime)
}
