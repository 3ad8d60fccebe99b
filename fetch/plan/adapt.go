package plan

import (
	"math"
	"time"

	"batchfetch/fetch/judge"
)

// doublingTime is how long a host has to answer well at its limit until that has doubled, whatever the rate. So a fast
// host and a slow one recover in the same time, and one that refuses now and then, whatever its rate, is not slowed
// to a crawl.
const doublingTime = 3 * time.Second

// adaptRate slows a host down that refuses, speeds it up again as it answers well, and keeps to the quota that it
// announces.
func (l *lane) adaptRate(t *Task, lim *Limits, now time.Time) {
	v := &t.Verdict
	switch th := l.throttle; {
	case v.Quota.Announced():
		l.ensureThrottle().quota.update(v.Quota, l.starts-t.number, t.number, lim.RetryMaxDelay, now)
	case th != nil && v.Health != judge.Unknown && v.Health != judge.NoAnswer:
		th.quota.dropGuess(t.Started)
	}
	switch th := l.throttle; {
	case v.Health == judge.Throttled:
		l.slowDown(t, lim, now)
	case th == nil || !t.Started.After(th.lastRefusal):
	case v.Health == judge.Healthy:
		th.streak = 0
		l.speedUp(now)
	case v.Health == judge.Erroring:
		th.streak = 0
		if th.limit < th.refusedAt { // up to the rate at which the host refused, and not beyond
			l.speedUp(now)
			break
		}
		fallthrough
	default:
		th.raisedAt = latest(th.raisedAt, now) // the time until now does not count as good answers
	}
}

// ensureThrottle returns the throttle, which it makes where there is none.
func (l *lane) ensureThrottle() *throttle {
	if l.throttle == nil {
		l.throttle = new(throttle)
	}
	return l.throttle
}

// slowDown halves the rate, and pauses the host where it has not asked for a wait itself: the longer, the more often
// it has refused in a row. A refusal of an exchange that started before the last one came, or of a retry, changes
// nothing: the rate has been halved since, and a retry is about its page and has its own wait.
func (l *lane) slowDown(t *Task, lim *Limits, now time.Time) {
	th := l.ensureThrottle()
	if !t.Started.After(th.lastRefusal) || t.Attempts > 1 {
		return
	}
	th.refusedAt = l.observedRate(now)
	th.limit = max(th.refusedAt/2, leastRate(lim))
	if l.perSecond > 0 {
		th.limit = min(th.limit, l.perSecond)
	}
	l.pace.setRate(th.limit, now)
	th.streak++
	th.lastRefusal = now
	if t.Verdict.Pause == 0 {
		l.pausedUntil = latest(l.pausedUntil, now.Add(judge.Backoff(th.streak, lim.RetryDelay, longestPause(lim), 1)))
	}
	th.raisedAt = latest(l.pausedUntil, now)
}

// leastObservedRate is the least rate, in starts a second, at which a host is taken to have refused. The first refusal of
// a host that bears less costs a few more of them; that of a host that has hardly been asked yet does not slow it to
// a crawl.
const leastObservedRate = 10

// observedRate is the rate at which the host was asked when it refused, in starts a second.
func (l *lane) observedRate(now time.Time) float64 {
	rate := max(l.meter.perSecond(now), leastObservedRate)
	if limit := l.rate(); limit > 0 {
		rate = min(rate, limit)
	}
	return rate
}

// longestPause is the longest pause of a host that has not asked for a wait itself.
func longestPause(lim *Limits) time.Duration { return min(lim.RetryMaxDelay, 16*lim.RetryDelay) }

// leastRate is the least limit: one start in the longest pause.
func leastRate(lim *Limits) float64 { return 1 / max(longestPause(lim), time.Second).Seconds() }

// speedUp raises the limit by the time that has passed since it was raised last, at most to double, and drops it once
// it is back at the lane's own limit, or far above the rate at which the host is asked.
func (l *lane) speedUp(now time.Time) {
	th := l.throttle
	if th.limit == 0 {
		return
	}
	if step := min(now.Sub(th.raisedAt), doublingTime); step > 0 { // an answer that took longer is one answer all the same
		th.limit *= math.Exp2(step.Seconds() / doublingTime.Seconds())
		th.raisedAt = now
	}
	unbound := th.limit > 2*th.refusedAt && th.limit > 4*max(l.meter.perSecond(now), leastObservedRate)
	if unbound || l.perSecond > 0 && th.limit >= l.perSecond {
		th.limit = 0
		l.pace.setRate(l.perSecond, now)
		return
	}
	l.pace.setRate(th.limit, now)
}
