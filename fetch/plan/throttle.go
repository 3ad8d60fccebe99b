package plan

import "time"

// A throttle is what the refusals of a host (429, 503) limit of its lane. Hosts refuse in several ways, and which it is
// shows only by what they accept; so each has a limit of its own, or something that finds it:
//
//	pauses     any, without a time to wait: how long nothing is sent
//	limit      too many requests in a time: the rate (AIMD)
//	burst      the same, few at a time (token bucket): sets limit
//	slowStart  any, with a time to wait (Retry-After): the exchanges at once, for a while
//	rateless   some of the requests at any rate: removes limit
//	volley     too many at once, whatever the rate: sets width, and limit to what it was before
//	drops      too many connections, which are closed without a response
//	queue      too many at once, which wait for too long
//	outage     none: all connections are closed for a while
//
// takeRefusal (refusals.go) says which of them a refusal concerns. A 5xx without Retry-After is for the overload; one
// with it may be for the pageTrouble. A nil *throttle is that of a host that has refused nothing.
type throttle struct {
	streak      int           // refusals in a row, no other response between them
	streakSince time.Time     // when the first of them came
	lastRefusal time.Time     // when the last of them came; exchanges that started before it change no rate
	held        time.Duration // the last hold that the host asked for

	pauses    pauses
	limit     rateLimit
	burst     smallBurst
	slowStart slowStart
	rateless  rateless
	volley    volley
	width     widthLimit
	drops     dropLimit
	queue     queueLimit
	outage    outage
}

// isBefore reports whether an exchange started before the last refusal came: it was sent by the limits before that.
func (th *throttle) isBefore(t *Task) bool { return !t.Started.After(th.lastRefusal) }

// countRefusal counts a refusal that is the first one of its volley.
func (th *throttle) countRefusal(now time.Time) {
	th.lastRefusal = now
	if th.streak == 0 {
		th.streakSince = now
	}
	th.streak++
}

// noteOther takes in a response that was no refusal. Where one more exchange at once than width allows is accepted, it
// is not the number that is limited any more.
func (th *throttle) noteOther(lo load, now time.Time) {
	th.streak = 0
	th.pauses.noteAccepted()
	th.slowStart.widen(lo.limit)
	if th.width.widen(lo, now) {
		th.width.remove()
	}
}

// doubling is the time in which the limit on the rate doubles now.
func (th *throttle) doubling(now time.Time) time.Duration {
	if th.burst.isFound() && th.slowStart.accepted < enoughOfBurst {
		return th.burst.doubling(th.limit.perSecond)
	}
	return th.limit.doubling(now.Sub(th.lastRefusal))
}

// removeLimit removes the limit on the rate.
func (th *throttle) removeLimit() { th.limit.perSecond, th.burst.holds = 0, 0 }

// anew returns the throttle of a host whose refusals until now were for something else than its rate: what it drops is
// still for the number of connections.
func (th *throttle) anew(now time.Time) *throttle {
	return &throttle{lastRefusal: now, drops: th.drops, queue: th.queue}
}

// isInOutage reports whether all connections have been dropped since the host was paused for that.
func (th *throttle) isInOutage() bool { return th != nil && th.outage.pauses > 0 }

// throttleLifetime is how long a lane without Tasks is kept for its throttle, after the last refusal.
const throttleLifetime = time.Minute

// refusesAll reports whether the host has refused ten times in a row, each time after a pause, and for a while, so that
// it is not likely to answer soon. With a RetryDelay of 1 s that takes 111 s, with a short Retry-After 100 s at least.
func (th *throttle) refusesAll(lim *Limits, now time.Time) bool {
	return th != nil && th.streak >= refusalsToClose && now.Sub(th.streakSince) >= 100*lim.RetryDelay
}

const (
	refusalsToClose = 10
	// refusalsToRepeat is how many refusals in a row make one Task be sent again and again, before others: a host may
	// have to prepare each page, and accept a request for it that is repeated. mostRepeats bounds that.
	refusalsToRepeat = 3
	mostRepeats      = 8
)

// repeats reports whether a Task that was refused, and has waited, is to be sent before others.
func (th *throttle) repeats(t *Task) bool {
	return th != nil && th.streak >= refusalsToRepeat && t.Refusals > 0 && t.Refusals <= mostRepeats
}

// rate is the limit in starts a second; 0 is no limit.
func (th *throttle) rate() float64 {
	if th == nil {
		return 0
	}
	return th.limit.perSecond
}

// expiry is when a lane without Tasks may be deleted, as far as its throttle goes. The zero time is now.
func (th *throttle) expiry() time.Time {
	if th == nil || th.limit.perSecond == 0 {
		return time.Time{}
	}
	return th.lastRefusal.Add(throttleLifetime)
}
