package plan

import (
	"time"

	"batchfetch/fetch/judge"
)

// adaptToRefusals adapts the lane's throttle to the Verdict of an exchange: refusals lower its limits, other responses
// raise them. ofBucket says that a refusal concerns a bucket that is kept to by its own hold and quotas.
func (l *lane) adaptToRefusals(t *Task, ofBucket bool, lim *Limits, now time.Time) {
	v, th := &t.Verdict, l.throttle
	if th != nil && th.isBefore(t) && v.Health != judge.Unknown {
		l.observeVolley(v.Health == judge.Refused, now)
	}
	switch {
	case v.Health == judge.Refused:
		l.takeRefusal(t, ofBucket, lim, now)
		return
	case th == nil || th.isBefore(t):
		return
	case v.Health == judge.Healthy:
		th.rateless.noteAccepted(t.Started, th.streak > 0)
		th.noteOther(l.load(t), now)
		l.raiseRate(now)
		return
	case v.Health == judge.Erroring || v.Health == judge.Overloaded:
		th.noteOther(l.load(t), now)
		if th.limit.perSecond < th.limit.refusedAt { // raised at most to the rate at which the host refused
			l.raiseRate(now)
			return
		}
	}
	th.limit.raisedAt = latest(th.limit.raisedAt, now) // the time until now does not count towards doublingTime
}

// observeVolley takes in a response to an exchange that was under way when another was refused. Where the host has
// accepted a part of these, it is their number that is limited, and not the rate, which is again what it was.
func (l *lane) observeVolley(refused bool, now time.Time) {
	th := l.throttle
	if th.volley.count(refused) && now.After(th.width.notBefore) {
		th.width.set(th.volley.accepted, now)
		th.limit.perSecond = th.limit.before
		l.pace.setRate(l.paceRate(), now)
	}
}

// takeRefusal takes in a refusal. The first of these that it is decides what changes:
//
//	an exchange that started before the last refusal came   nothing: the limits were lowered since
//	a retry                                                 nothing: it may be for its page, and has its own wait
//	while a trial of the rate is under way (rateTrial)      the streak alone
//	of a bucket that is kept to by its hold or quotas       the streak alone
//	with a hold                                             slowStart and the rate (obeyHold)
//	for the exchanges under way (Failure.Overload)          width, where one is known: one fewer
//	of the one more that width has tried                    width: one fewer
//	any other                                               the rate is halved, after a pause, twice as long each time;
//	                                                        a volley begins, which may show that it is for width
func (l *lane) takeRefusal(t *Task, ofBucket bool, lim *Limits, now time.Time) {
	th, v := l.ensureThrottle(), &t.Verdict
	if th.isBefore(t) || t.Attempts > 1 {
		return
	}
	if t.Connection.isTurnedAway() {
		th.width.forget()
	}
	sinceLast := now.Sub(th.lastRefusal)
	th.countRefusal(now)
	switch {
	case l.trouble.isTried(), ofBucket && (v.Hold > 0 || isSpent(v)):
	case v.Hold > 0:
		l.obeyHold(t, sinceLast, lim, now)
	case isOverload(v) && th.width.isCrowded(l.active+1, now), th.width.isExceeded(l.active+1, now):
		th.streak--
	default:
		th.volley.begin(l.active)
		pause := judge.Backoff(th.pauses.next(th.streak == 1), lim.RetryDelay, l.longestPause(lim), 1)
		l.pausedUntil = latest(l.pausedUntil, now.Add(pause))
		l.halveRate(l.leastRate(lim), now)
	}
}

// isOverload reports a refusal that is for the exchanges under way, whatever their rate.
func isOverload(v *judge.Verdict) bool { return v.Failure != nil && v.Failure.Overload }

// obeyHold takes in a refusal that says how long to wait, so long after the one before. A single exchange follows, and
// more with each response. A host that is rateless is asked again at any rate, one that allows few requests at a time
// at the rate at which it has; of others the rate is halved.
func (l *lane) obeyHold(t *Task, sinceLast time.Duration, lim *Limits, now time.Time) {
	th, hold, heldBefore := l.throttle, t.Verdict.Hold, l.throttle.held
	accepted := th.slowStart.accepted
	th.held = hold
	th.slowStart.hold(int(l.starts)-l.active-1, 8*l.latency > hold)
	th.burst.observe(accepted, hold)
	th.rateless.observe(t.Started, th.streak, hold)
	least := l.leastRate(lim)
	switch {
	case th.rateless.isFound:
		th.removeLimit()
	case th.burst.isFound():
		span := min(sinceLast, heldBefore+l.usualTime(accepted))
		th.limit.set(th.burst.rate(accepted, span, least), now.Add(hold))
	default:
		leastByHold := max(least, 1/hold.Seconds())
		if accepted > 0 { // about as many as it has accepted since the refusal before
			leastByHold = min(leastByHold, max(1.25*float64(accepted)/sinceLast.Seconds(), least))
		}
		l.halveRate(leastByHold, now)
		return
	}
	l.pace.setRate(l.paceRate(), now)
}

// usualTime is about the time in which a lane makes so many exchanges and one more, at its present rate.
func (l *lane) usualTime(exchanges int) time.Duration {
	each := 2 * l.latency
	if rate := l.rate(); rate > 0 {
		each += time.Duration(float64(time.Second) / rate)
	}
	return time.Duration(exchanges+1) * each
}

// halveRate halves the rate at which the host has refused, to at least least.
func (l *lane) halveRate(least float64, now time.Time) {
	l.throttle.limit.halve(l.observedRate(now), least, l.perSecond, latest(l.pausedUntil, now))
	l.pace.setRate(l.paceRate(), now)
}

// observedRate is the rate at which exchanges started when the host refused, in starts a second.
func (l *lane) observedRate(now time.Time) float64 {
	rate := max(l.meter.perSecond(now), leastObservedRate)
	if limit := l.rate(); limit > 0 {
		rate = min(rate, limit)
	}
	return rate
}

// longestPause is the longest pause of a host whose refusals have no Retry-After.
func (l *lane) longestPause(lim *Limits) time.Duration { return min(l.maxDelay, 16*lim.RetryDelay) }

// leastRate is the least limit in starts a second: one in longestPause, at most one a second.
func (l *lane) leastRate(lim *Limits) float64 {
	return 1 / max(l.longestPause(lim), time.Second).Seconds()
}

// raiseRate raises the limit of the throttle on the rate, where there is one, and removes it once it is not needed.
func (l *lane) raiseRate(now time.Time) {
	th := l.throttle
	if th.limit.perSecond == 0 {
		return
	}
	th.limit.raise(th.doubling(now), now)
	if th.limit.isDone(l.meter, l.perSecond, now) {
		th.removeLimit()
	}
	l.pace.setRate(l.paceRate(), now)
}
