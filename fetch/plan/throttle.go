package plan

import "time"

// A throttle is the limit on a host's rate that the host itself has caused by refusals: a refusal halves the rate,
// later responses raise it again step by step. A nil *throttle is that of a host that has refused nothing.
type throttle struct {
	limit       float64       // starts a second; 0 is no limit but the lane's own
	refusedAt   float64       // the rate at which the host refused last
	streak      int           // refusals in a row, no other response between them
	streakSince time.Time     // when the first of them came
	lastRefusal time.Time     // when the last of them came; exchanges that started before it change no rate
	raisedAt    time.Time     // when the limit was raised last, or may be raised first
	limitBefore float64       // the limit before the last refusal
	held        time.Duration // the last hold that the host asked for
	longest     time.Duration // the longest of them
	few         int           // holds after few responses, until the limit is removed or, for one alone, many have come
	acceptedAt  time.Time     // when the last exchange started that was not refused
	period      time.Duration // the least between two of those, with a refusal between; 0 is not known
	rateless    bool          // refusals do not depend on the rate
	slowStart   slowStart
	width       widthLimit
	volley      volley // of refusals: where some were accepted it sets width
	drops       drops
}

// noteOther takes in a response that was no refusal, to a Task of that number. See widthLimit.widen.
func (th *throttle) noteOther(underWay, all int, number, starts uint64, now time.Time) {
	th.streak = 0
	th.slowStart.widen(all)
	if th.width.widen(underWay, number, starts, now) {
		th.width.remove()
	}
}

// mostFew is how many responses between two refusals with a hold are few. Where that happens again the host is likely
// to allow one more at a time (a token bucket), and is asked at the rate at which it has. That doubles in fewToDouble
// responses, until enough have come in a row that the host seems to allow more.
const (
	mostFew     = 4
	fewToDouble = 28
	enoughToTry = 16
	fewPart     = 0.85
)

// countFew counts a hold after so many responses since the one before.
func (th *throttle) countFew(taken int) {
	switch {
	case taken > 0 && taken <= mostFew:
		th.few++
	case taken > mostFew && !th.isFew():
		th.few = 0
	}
}

// isFew reports whether the host allows few requests at a time.
func (th *throttle) isFew() bool { return th.few > 1 }

// anew returns the throttle of a host whose refusals until now were for something else than its rate: what it drops is
// still for the number of connections.
func (th *throttle) anew(now time.Time) *throttle {
	return &throttle{lastRefusal: now, drops: th.drops}
}

// noteAccepted notes the start of an exchange that was not refused.
func (th *throttle) noteAccepted(started time.Time) {
	if between := started.Sub(th.acceptedAt); th.streak > 0 && !th.acceptedAt.IsZero() && between > 0 &&
		(th.period == 0 || between < th.period) {
		th.period = between
	}
	th.acceptedAt = latest(th.acceptedAt, started)
}

// noteRateless notes a refusal, with a hold, of an exchange that started then. Where the host once took another one
// sooner after the last that it had taken, a lower rate is no help: so do servers that are up and down in turns. Not so
// where refusals follow each other although each hold was kept to: they are too short.
func (th *throttle) noteRateless(started time.Time) {
	switch waited := started.Sub(th.acceptedAt); {
	case th.rateless && th.streak > mostRateless:
		th.rateless, th.period = false, 0
	case th.streak == 1 && th.period > 0 && waited > th.period+th.period/4+th.held/2:
		th.rateless = true
	}
}

// mostRateless is how many refusals in a row a host may answer whose refusals do not depend on the rate.
const mostRateless = 2

// leastObservedRate is the least rate, in starts a second, at which a host is assumed to have refused. So a host that
// has had few requests yet is not limited to a very low rate by its first refusal; one that allows less than this rate
// refuses a few more times.
const leastObservedRate = 10

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
	return th.limit
}

// expiry is when a lane without Tasks may be deleted, as far as its throttle goes. The zero time is now.
func (th *throttle) expiry() time.Time {
	if th == nil || th.limit == 0 {
		return time.Time{}
	}
	return th.lastRefusal.Add(throttleLifetime)
}
