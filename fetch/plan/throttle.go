package plan

import (
	"math"
	"time"

	"batchfetch/fetch/judge"
)

// A throttle is a limit on a host's rate that the host itself has caused, by refusals (429, 503) and by the quota
// that it announces: a refusal halves the rate, good answers raise it again step by step. A nil *throttle is a host
// that has done neither.
type throttle struct {
	limit       float64   // starts a second; 0 is none beside that of the lane
	refusedAt   float64   // the rate at which the host refused last
	streak      int       // refusals in a row, no other answer between them
	lastRefusal time.Time // when the last of them came; exchanges that started before it tell nothing new
	stepped     time.Time // when the limit was raised last, or may be raised first
	quota       quotaWindow
}

// doubling is how long a host has to answer well at its limit until that has doubled, whatever the rate. So a fast
// host and a slow one recover in the same time, and one that refuses now and then, whatever its rate, is not slowed
// to a crawl.
const doubling = 3 * time.Second

// throttleKept is how long the limit of a host without Tasks is remembered.
const throttleKept = time.Minute

// adapt slows a host down that refuses, speeds it up again as it answers well, and keeps to the quota that it
// announces.
func (l *lane) adapt(t *Task, lim *Limits, now time.Time) {
	v := &t.Verdict
	switch th := l.throttle; {
	case v.Quota.Announced():
		l.needThrottle().quota.learn(v.Quota, l.starts-t.number, t.number, lim.RetryMaxDelay, now)
	case th != nil && v.Health != judge.Unknown && v.Health != judge.NoAnswer:
		th.quota.forgetGuess(t)
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
		th.stepped = latest(th.stepped, now) // the time until now does not count as good answers
	}
}

// needThrottle returns the throttle, which it makes where there is none.
func (l *lane) needThrottle() *throttle {
	if l.throttle == nil {
		l.throttle = new(throttle)
	}
	return l.throttle
}

// slowDown halves the rate, and pauses the host where it has not asked for a wait itself: the longer, the more often
// it has refused in a row. A refusal of an exchange that started before the last one came, or of a retry, changes
// nothing: the rate has been halved since, and a retry is about its page and has its own wait.
func (l *lane) slowDown(t *Task, lim *Limits, now time.Time) {
	th := l.needThrottle()
	if !t.Started.After(th.lastRefusal) || t.Attempts > 1 {
		return
	}
	th.refusedAt = l.observedRate(now)
	th.limit = max(th.refusedAt/2, slowest(lim))
	if l.perSecond > 0 {
		th.limit = min(th.limit, l.perSecond)
	}
	l.pace.set(th.limit, now)
	th.streak++
	th.lastRefusal = now
	if t.Verdict.Pause == 0 {
		l.pausedUntil = latest(l.pausedUntil, now.Add(judge.Backoff(th.streak, lim.RetryDelay, longestPause(lim), 1)))
	}
	th.stepped = latest(l.pausedUntil, now)
}

// leastObserved is the least rate, in starts a second, at which a host is taken to have refused. The first refusal of
// a host that bears less costs a few more of them; that of a host that has hardly been asked yet does not slow it to
// a crawl.
const leastObserved = 10

// observedRate is the rate at which the host was asked when it refused, in starts a second.
func (l *lane) observedRate(now time.Time) float64 {
	rate := max(l.meter.perSecond(now), leastObserved)
	if limit := l.rate(); limit > 0 {
		rate = min(rate, limit)
	}
	return rate
}

// longestPause is the longest pause of a host that has not asked for a wait itself.
func longestPause(lim *Limits) time.Duration { return min(lim.RetryMaxDelay, 16*lim.RetryDelay) }

// slowest is the least limit: one start in the longest pause.
func slowest(lim *Limits) float64 { return 1 / max(longestPause(lim), time.Second).Seconds() }

// refusesAll reports whether the host has refused ten times in a row, each time after a pause: it is not likely to
// answer soon. With a RetryDelay of 1 s that is after 111 s.
func (th *throttle) refusesAll() bool { return th != nil && th.streak >= 10 }

// speedUp raises the limit by the time that has passed since it was raised last, at most to double, and drops it once
// it is back at the lane's own limit, or far above the rate at which the host is asked.
func (l *lane) speedUp(now time.Time) {
	th := l.throttle
	if th.limit == 0 {
		return
	}
	if step := min(now.Sub(th.stepped), doubling); step > 0 { // an answer that took longer is one answer all the same
		th.limit *= math.Exp2(step.Seconds() / doubling.Seconds())
		th.stepped = now
	}
	unbound := th.limit > 2*th.refusedAt && th.limit > 4*max(l.meter.perSecond(now), leastObserved)
	if unbound || l.perSecond > 0 && th.limit >= l.perSecond {
		th.limit = 0
		l.pace.set(l.perSecond, now)
		return
	}
	l.pace.set(th.limit, now)
}

// rate is the limit on starts a second; 0 is none.
func (th *throttle) rate() float64 {
	if th == nil {
		return 0
	}
	return th.limit
}

// spend takes a start from the quota.
func (th *throttle) spend() {
	if th != nil {
		th.quota.left--
	}
}

// allows is when the quota allows another start; the zero time is now.
func (th *throttle) allows(now time.Time) time.Time {
	if th == nil {
		return time.Time{}
	}
	return th.quota.allows(now)
}

// until is when a lane without Tasks may be forgotten, as far as its throttle goes.
func (th *throttle) until() time.Time {
	switch {
	case th == nil:
		return time.Time{}
	case th.limit == 0:
		return th.quota.end
	}
	return latest(th.quota.end, th.lastRefusal.Add(throttleKept))
}
