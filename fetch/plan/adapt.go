package plan

import (
	"time"

	"batchfetch/fetch/judge"
)

// adapt adapts what limits the starts of the lane to the Verdict of an exchange, beside pauses and quotas: by a rate
// that the host tells, by the share of its responses that are Overloaded, by refusals, by connections that are
// lost, and by responses that do not come in time. ofBucket says that a refusal concerns a bucket that is kept to by
// its own hold and quotas.
func (l *lane) adapt(t *Task, ofBucket bool, lim *Limits, now time.Time) {
	l.keepToldRate(t.Verdict.Quotas, now)
	l.adaptToOverload(t, now)
	l.adaptToRefusals(t, ofBucket, lim, now)
	l.adaptToStall(t)
	l.adaptToDrop(t, now)
	l.adaptToQueue(t, now)
	l.adaptToOutage(t, now)
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

// adaptToOverload adapts the lane's rate to the share of its responses that are Overloaded, or its exchanges at once to
// how many are not, and pauses it after some in a row. A connection that is closed without a response counts for the
// rate and the pauses, once the host has answered any request and not in an outage: else the host may be down.
func (l *lane) adaptToOverload(t *Task, now time.Time) {
	switch health := t.Verdict.Health; {
	case l.overload == nil && (health == judge.Overloaded || countsAsOverloaded(&t.Verdict) && l.responded):
		l.overload = newOverload(l.meter, l.active, now)
	case l.overload == nil:
		return
	case health != judge.Healthy && health != judge.Erroring && !countsAsOverloaded(&t.Verdict),
		health == judge.NoAnswer && l.throttle.isInOutage():
		l.overload.crowd.leaveOut(t.Started)
		return
	}
	switch crowd := &l.overload.crowd; t.Verdict.Health {
	case judge.Overloaded:
		crowd.refuse(t.Started, l.active, now)
	case judge.NoAnswer: // how many connections a host takes is for dropLimit
		crowd.leaveOut(t.Started)
	default:
		crowd.take(t.Started, l.load(t), now)
	}
	l.overload.unavailable.manyWait = l.taskCount() >= manyTasks
	pause, changed := l.overload.observe(t, l.active, l.meter, l.perSecond, now)
	if pause > 0 {
		l.pausedUntil = latest(l.pausedUntil, now.Add(min(pause, max(l.maxDelay, longestOverloadPause))))
	}
	if changed {
		l.pace.setRate(l.paceRate(), now)
	}
}
