package plan

import (
	"math"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

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

// doubling is the time in which the limit doubles now.
func (th *throttle) doubling(now time.Time) time.Duration {
	switch {
	case th.isFew() && th.slowStart.accepted < enoughToTry:
		return time.Duration(fewToDouble / th.limit * float64(time.Second))
	case th.limit < 0.9*th.refusedAt:
		return returnTime
	case now.Sub(th.lastRefusal) < cautious:
		return cautiousTime
	}
	return doublingTime
}

// adaptRate adapts the lane's throttle to the Verdict of an exchange: it lowers the rate or the width after a refusal,
// and raises them after other responses. ofBucket says that a refusal concerns a bucket that is kept to by its own hold
// and quotas.
func (l *lane) adaptRate(t *Task, ofBucket bool, lim *Limits, now time.Time) {
	v := &t.Verdict
	l.adaptToOverload(t, now)
	if th := l.throttle; th != nil && !t.Started.After(th.lastRefusal) && v.Health != judge.Unknown {
		l.observeVolley(v.Health == judge.Refused, now)
	}
	switch th := l.throttle; {
	case v.Health == judge.Refused:
		l.slowDown(t, ofBucket, lim, now)
	case th == nil || !t.Started.After(th.lastRefusal):
	case v.Health == judge.Healthy:
		th.noteAccepted(t.Started)
		th.noteOther(l.active+1, l.concurrency, t.number, l.starts, now)
		l.speedUp(now)
	case v.Health == judge.Erroring || v.Health == judge.Overloaded:
		th.noteOther(l.active+1, l.concurrency, t.number, l.starts, now)
		if th.limit < th.refusedAt { // raised at most to the rate at which the host refused
			l.speedUp(now)
			break
		}
		fallthrough
	default:
		th.raisedAt = latest(th.raisedAt, now) // the time until now does not count towards doublingTime
	}
}

// observeVolley takes in a response to an exchange that was under way when another was refused. Where the host has
// accepted a part of these, it is their number that is limited, and not the rate, which is again what it was.
func (l *lane) observeVolley(refused bool, now time.Time) {
	th := l.throttle
	if th.volley.count(refused) && now.After(th.width.notBefore) {
		th.width.set(th.volley.accepted, now)
		th.limit = th.limitBefore
		l.pace.setRate(l.paceRate(), now)
	}
}

// adaptToStall lets a single exchange follow where a connection that several shared has stalled, and more with each
// second response: all at once, over the next connection, would be likely to stall again. Where the host has answered
// others since the exchange started, it is the page that has stalled.
func (l *lane) adaptToStall(t *Task, now time.Time) {
	switch v := &t.Verdict; {
	case !v.Stalled && v.Health != judge.Unknown && v.Health != judge.NoAnswer:
		l.answeredAt = now
	case v.Stalled && !l.answeredAt.After(t.Started):
		l.ensureThrottle().slowStart.begin()
	}
}

// adaptToDrop limits the exchanges at once where a host takes only so many connections from one address and drops
// others without a word, as HAProxy (tcp-request connection reject) and mod_qos do: of those under way together some
// were answered, and a good part lost their connection before a byte of a response. A connection that had carried
// another exchange was taken: it is lost for another reason, as by a restart of the server.
func (l *lane) adaptToDrop(t *Task, now time.Time) {
	dropped, th := isDropped(&t.Verdict), l.throttle
	switch {
	case t.Verdict.Health == judge.Unknown:
	case dropped && t.Verdict.LostKept:
		l.ensureThrottle().drops.forget(now)
	case th != nil && !t.Started.After(th.drops.since):
		th.drops.count(dropped, now)
	case dropped && (th != nil || l.active > 0) && (th == nil || t.Started.After(th.drops.setAt)):
		l.ensureThrottle().drops.noteDrop(l.active, now)
	case th != nil && !dropped:
		th.drops.widen(l.active+1, l.concurrency, t.number, l.starts, now)
	}
}

// isDropped reports whether an exchange lost its connection, or got none, before a byte of a response.
func isDropped(v *judge.Verdict) bool {
	return v.Health == judge.NoAnswer && v.Failure != nil &&
		(v.Failure.Kind == failure.Reset || v.Failure.Kind == failure.Truncated || v.Failure.Kind == failure.Connect)
}

// slowDown takes in a refusal. Where the host has said how long to wait, a single exchange follows, and more with each
// response. Else the rate is halved, and the host is paused for a time that doubles with each refusal in a row; where
// the host has accepted other exchanges of the same volley, their number is limited in place of the rate. An exchange
// that started before the last refusal came changes nothing, as the rate has been halved since; nor does a retry, whose
// refusal may be due to its page, and which has its own wait. A host whose refusals do not depend on the rate is asked
// again after each hold, at any rate.
func (l *lane) slowDown(t *Task, ofBucket bool, lim *Limits, now time.Time) {
	th := l.ensureThrottle()
	if !t.Started.After(th.lastRefusal) || t.Attempts > 1 {
		return
	}
	since := now.Sub(th.lastRefusal)
	th.lastRefusal = now
	if th.streak == 0 {
		th.streakSince = now
	}
	th.streak++
	if l.trouble.isTried() {
		return
	}
	hold := t.Verdict.Hold
	least := l.leastRate(lim)
	switch {
	case ofBucket && (hold > 0 || isSpent(&t.Verdict)):
		return
	case hold > 0:
		taken := th.slowStart.accepted
		if l.obeyHold(t, since, lim, now) {
			return
		}
		if least = max(least, 1/hold.Seconds()); taken > 0 { // about as many as it has taken since the refusal before
			least = min(least, max(1.25*float64(taken)/since.Seconds(), l.leastRate(lim)))
		}
	case isOverload(&t.Verdict) && th.width.isCrowded(l.active+1, now), th.width.isExceeded(l.active+1, now):
		th.streak--
		return
	default:
		th.volley.begin(l.active)
		l.pausedUntil = latest(l.pausedUntil, now.Add(judge.Backoff(th.streak, lim.RetryDelay, l.longestPause(lim), 1)))
	}
	th.limitBefore = th.limit
	th.refusedAt = l.observedRate(now)
	th.limit = max(th.refusedAt/2, least)
	if l.perSecond > 0 {
		th.limit = min(th.limit, l.perSecond)
	}
	l.pace.setRate(l.paceRate(), now)
	th.raisedAt = latest(l.pausedUntil, now)
}

// obeyHold takes in a refusal that says how long to wait, so long after the one before. It reports whether that settles
// the rate, too: of a host that refuses at any, and of one that allows few requests at a time.
func (l *lane) obeyHold(t *Task, since time.Duration, lim *Limits, now time.Time) bool {
	th, hold := l.throttle, t.Verdict.Hold
	taken, held := th.slowStart.accepted, th.held
	th.held, th.longest = hold, max(th.longest, hold)
	th.slowStart.hold(int(l.starts)-l.active-1, 8*l.latency > hold)
	th.countFew(taken)
	th.noteRateless(t.Started)
	switch {
	case th.rateless:
		th.limit, th.few = 0, 0
		l.pace.setRate(l.paceRate(), now)
	case th.isFew():
		l.paceFew(taken, min(since, held+l.usualTime(taken)), l.leastRate(lim), now.Add(hold), now)
	default:
		return false
	}
	return true
}

// isOverload reports a refusal that is for the exchanges under way, whatever their rate.
func isOverload(v *judge.Verdict) bool { return v.Failure != nil && v.Failure.Overload }

// paceFew sets the rate of a host that allows few requests at a time: it has allowed so many in a span, and would have
// allowed almost one more, the one that it has refused. Where each refusal was for its page, and comes at any rate, the
// rate would fall for ever: it stays above leastRate, or half of the one at which each start keeps to the longest hold.
func (l *lane) paceFew(taken int, span time.Duration, leastRate float64, until, now time.Time) {
	th := l.throttle
	least, most := float64(taken)/span.Seconds(), float64(taken+1)/span.Seconds()
	th.limit = max(least, fewPart*most, min(leastRate, 0.5/th.longest.Seconds()))
	th.refusedAt, th.limitBefore, th.raisedAt = th.limit, th.limit, until
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

// speedUp raises the limit by the time that has passed since it was raised last, at most to double, and removes it once
// it has reached the lane's own limit, or is far above the rate at which exchanges start.
func (l *lane) speedUp(now time.Time) {
	th := l.throttle
	if th.limit == 0 {
		return
	}
	doubling := th.doubling(now)
	if step := min(now.Sub(th.raisedAt), doubling); step > 0 { // one response at most doubles the limit
		th.limit *= math.Exp2(step.Seconds() / doubling.Seconds())
		th.raisedAt = now
	}
	farAbove := th.limit > 2*th.refusedAt && th.limit > 4*max(l.meter.perSecond(now), leastObservedRate)
	if farAbove || l.perSecond > 0 && th.limit >= l.perSecond {
		th.limit, th.few = 0, 0
	}
	l.pace.setRate(l.paceRate(), now)
}

// longestToldInterval bounds the intervals of keepToldRate: spread evenly over a longer one, a quota would slow down a
// host that lets it be used at once.
const longestToldInterval = time.Minute

// keepToldRate limits the pace to the rate that a host tells: a limit and an interval, and nothing of what is left, as
// Crossref has it (see judge.Quota.RateOnly).
func (l *lane) keepToldRate(quotas []judge.Quota, now time.Time) {
	for i := range quotas {
		q := &quotas[i]
		if !q.RateOnly || q.Limit <= 0 || q.Interval <= 0 || q.Interval > longestToldInterval {
			continue
		}
		if told := float64(q.Limit) / q.Interval.Seconds(); l.perSecond == 0 || told < l.perSecond {
			l.perSecond, l.isToldRate = told, true
			l.pace.setRate(l.paceRate(), now)
		}
	}
}

// adaptToOverload adapts the lane's rate to the share of its responses that are Overloaded, and pauses it after some in
// a row.
func (l *lane) adaptToOverload(t *Task, now time.Time) {
	switch health := t.Verdict.Health; {
	case health == judge.Overloaded && l.overload == nil:
		l.overload = newOverload(l.meter, l.active, now)
	case l.overload == nil:
		return
	case health != judge.Overloaded && health != judge.Healthy && health != judge.Erroring:
		return
	}
	pause, changed := l.overload.observe(t, l.active, l.meter, l.perSecond, now)
	if pause > 0 {
		l.pausedUntil = latest(l.pausedUntil, now.Add(pause))
	}
	if changed {
		l.pace.setRate(l.paceRate(), now)
	}
}
