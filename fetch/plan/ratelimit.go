package plan

import (
	"math"
	"time"
)

// A rateLimit is the limit on the rate of a host that has refused requests: each refusal halves it, and it doubles in a
// time in which others are accepted (multiplicative decrease and increase). The zero rateLimit is no limit.
type rateLimit struct {
	perSecond float64   // starts a second; 0 is no limit but the lane's own
	before    float64   // perSecond before the last refusal
	refusedAt float64   // the rate at which the host refused last
	raisedAt  time.Time // when perSecond was raised last, or may be raised first
}

// leastObservedRate is the least rate, in starts a second, at which a host is assumed to have refused. So a host that
// has had few requests yet is not limited to a very low rate by its first refusal; one that allows less than this rate
// refuses a few more times.
const leastObservedRate = 10

// doublingTime is how long a host has to give accepted responses at its limit until the limit has doubled, whatever the
// rate. So a fast host and a slow one recover in the same time, and a host that refuses now and then at any rate keeps
// a usable one. Up to a little below the rate at which the host refused it is returnTime; from there on it is
// cautiousTime while that refusal is not longer ago than cautious.
const (
	doublingTime = 3 * time.Second
	returnTime   = time.Second
	cautiousTime = 20 * time.Second
	cautious     = 10 * time.Second
)

// halve sets the limit to half of the rate at which the host has refused, at least least, and at most most; where most
// is 0 it is no bound. It is not raised before now, or until a pause ends.
func (r *rateLimit) halve(refusedAt, least, most float64, until time.Time) {
	r.before, r.refusedAt, r.raisedAt = r.perSecond, refusedAt, until
	r.perSecond = max(refusedAt/2, least)
	if most > 0 {
		r.perSecond = min(r.perSecond, most)
	}
}

// set sets the limit to the rate at which the host is known to allow requests. It is not raised until then.
func (r *rateLimit) set(perSecond float64, until time.Time) {
	*r = rateLimit{perSecond: perSecond, before: perSecond, refusedAt: perSecond, raisedAt: until}
}

// doubling is the time in which the limit doubles, where the last refusal is so long ago.
func (r *rateLimit) doubling(sinceRefusal time.Duration) time.Duration {
	switch {
	case r.perSecond < 0.9*r.refusedAt:
		return returnTime
	case sinceRefusal < cautious:
		return cautiousTime
	}
	return doublingTime
}

// raise raises the limit by the time that has passed since it was raised last: at most to double, as by one doubling.
func (r *rateLimit) raise(doubling time.Duration, now time.Time) {
	if step := min(now.Sub(r.raisedAt), doubling); step > 0 {
		r.perSecond *= math.Exp2(step.Seconds() / doubling.Seconds())
		r.raisedAt = now
	}
}

// isDone reports whether the limit is needed no more: it is as high as most, the lane's own limit (0 is none), or far
// above the rate at which the host refused, and the one of the starts.
func (r *rateLimit) isDone(starts *meter, most float64, now time.Time) bool {
	farAbove := r.perSecond > 2*r.refusedAt && r.perSecond > 4*max(starts.perSecond(now), leastObservedRate)
	return farAbove || most > 0 && r.perSecond >= most
}
