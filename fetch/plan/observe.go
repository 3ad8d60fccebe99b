package plan

import (
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// effects are what the Verdict of an exchange has changed beside the state of its own lane.
type effects struct {
	laneClosed, bucketClosed bool // just now: Tasks fail
	bucketShared             bool // the lane's share has a bucket now
	holdsShare               bool // the host has said how long to wait: that holds for all lanes of the share
}

// observe updates the lane after an exchange, by the Verdict of its Task.
func (l *lane) observe(t *Task, lim *Limits, now time.Time) (e effects) {
	v, pausedBefore := &t.Verdict, l.pausedUntil
	if v.Health != judge.Unknown && v.Health != judge.NoAnswer && !v.Stalled {
		l.answered++
		l.lastAnswered = max(l.lastAnswered, t.number)
	}
	if l.isUntroubled() && isOrdinary(v) {
		if v.Health == judge.Healthy {
			l.responded, l.untold = true, true
		}
		return effects{}
	}
	if l.trouble != nil || v.PerhapsPage {
		l.observeTrouble(t, now)
		l.observeTrial(t, now)
	}
	hadBuckets := l.buckets != nil
	var b *bucket
	if l.buckets != nil || len(v.Quotas) > 0 || v.Bucket != "" {
		b = l.observeBuckets(t, lim, now)
	}
	ofBucket := b != nil && (isSpent(v) || v.Bucket != "" && len(v.Quotas) == 0)
	if v.Hold > 0 && !v.TooLong && (v.Refusal || !isSpent(v)) { // the windows know when a quota is back
		until := &l.pausedUntil
		if ofBucket {
			until = &b.until
		}
		*until = latest(*until, now.Add(v.Hold))
	}
	if v.Health == judge.Healthy {
		l.untold = len(v.Quotas) == 0
	}
	if lim.Adaptive {
		l.adapt(t, ofBucket && (!l.untold || l.buckets.isSplit()), lim, now)
	}
	if l.lease != nil {
		l.tellOthers(v, pausedBefore, now)
	}
	if l.share != nil && v.Health != judge.Overloaded && l.pausedUntil.After(pausedBefore) {
		l.share.until = latest(l.share.until, l.pausedUntil)
		e.holdsShare = v.Hold > 0
	}
	e.bucketShared = l.share != nil && !hadBuckets && l.buckets != nil
	e.laneClosed, e.bucketClosed = l.closeAfter(v, b, ofBucket, lim, now)
	e.laneClosed = l.observeHealth(t, lim, now) || e.laneClosed
	return e
}

// closeAfter closes the lane, or the bucket b of the exchange, where the Verdict shows that the host takes no requests
// for longer than they may wait; a nil b is none. ofBucket says that the limit is the bucket's. It reports which has
// just been closed.
func (l *lane) closeAfter(
	v *judge.Verdict, b *bucket, ofBucket bool, lim *Limits, now time.Time,
) (laneClosed, bucketClosed bool) {
	next := closure{why: v.Failure}
	var spentUntil time.Time
	if b != nil {
		spentUntil = b.spentBeyond(l.maxDelay, l.buckets.others(b), now)
	}
	switch {
	case v.TooLong && v.Failure != nil:
		next.until = now.Add(max(v.Hold, v.Failure.RetryAfter))
	case !spentUntil.IsZero():
		next.until, ofBucket = spentUntil, true
		next.why = failure.New(failure.RateLimited, "the host's quota is used up for %s, longer than retry-max-delay %s; "+
			"--retry-max-delay %[1]s would wait", spentUntil.Sub(now).Round(time.Second), l.maxDelay)
	case l.throttle.refusesAll(lim, now) && !l.isClosed(now): // as if it had asked for a wait of RetryMaxDelay
		next.until, next.streak = now.Add(l.maxDelay), l.throttle.streak
		l.throttle.streak = 0
	case l.overload.refusesAll(now) && !l.isClosed(now):
		next.until, next.streak, next.failing = now.Add(l.maxDelay), l.overload.overloadedRow, !v.Unavailable
		l.overload.acceptedAt = now // not at once again
	}
	if !next.until.After(now) {
		return false, false
	}
	isPart := l.within != nil // then the settings say what has a bucket of its own
	if ofBucket && (l.buckets.isSplit() || !isPart && l.buckets.supposeOthers()) {
		b.closure = b.closure.extend(next)
		return false, true
	}
	l.closure = l.closure.extend(next)
	return true, false
}

// isUntroubled reports whether the lane has no state that an ordinary response changes. With isOrdinary it saves the
// most frequent case 6 % of the instructions of a step.
func (l *lane) isUntroubled() bool {
	return l.buckets == nil && l.throttle == nil && l.overload == nil && l.health == nil && l.trouble == nil
}

// isOrdinary reports whether a Verdict says nothing about the host but that it is healthy, if that.
func isOrdinary(v *judge.Verdict) bool {
	return v.Health <= judge.Healthy && v.Hold == 0 && v.Bucket == "" && len(v.Quotas) == 0 && !v.TooLong
}

// isClosed reports whether Tasks of the lane fail without an exchange.
func (l *lane) isClosed(now time.Time) bool {
	return l.closure.opensAt().After(now) || l.health != nil && l.health.down
}

// closedFailure is the Failure of a Task of a closed lane; a nil Task is one that has had no exchange.
func (l *lane) closedFailure(t *Task, now time.Time) *failure.Failure {
	if l.health != nil && l.health.down {
		return l.health.downFailure(t)
	}
	return l.closure.failure(t, now)
}

// observeHealth updates the streak of exchanges without a response, and reports whether the host has just gone down.
//
// A connection that the host ends early does not count once the host has answered any request: the cause is then the
// page, not the host. Nor does an exchange without a response where others have brought one since it started.
func (l *lane) observeHealth(t *Task, lim *Limits, now time.Time) (down bool) {
	h, v := l.health, &t.Verdict
	l.responded = l.responded || v.Health != judge.Unknown && v.Health != judge.NoAnswer
	switch {
	case v.Health == judge.NoAnswer && l.responded && isBrokenOff(v.Failure),
		isMute(v) && l.answered > t.answered:
		if h != nil && h.probe == t {
			l.health = nil
		}
	case v.Health == judge.NoAnswer && lim.HostMaxErrors > 0:
		if h == nil {
			h = new(health)
			l.health = h
		}
		return l.noAnswer(t, lim, now)
	case h == nil || h.down:
	case v.Health != judge.Unknown && v.Health != judge.NoAnswer:
		l.health = nil
	case h.probe == t: // it was cancelled, and another one may start
		h.probe = nil
	}
	return false
}

// noAnswer counts an exchange without a response, and reports whether the host has just gone down. After HostMaxErrors
// in a row the host is paused and only probes start; each probe that fails doubles the pause, up to RetryMaxDelay. Some
// have to fail until it is down, for some time where it has answered before.
func (l *lane) noAnswer(t *Task, lim *Limits, now time.Time) (down bool) {
	h := l.health
	switch {
	case h.down || h.probesOnly && h.probe != t: // the exchange started before the first probe
		return false
	case h.probesOnly:
		h.probe = nil
		h.probes++
		h.down = h.probes >= probesToDown && (!l.responded || now.Sub(h.since) >= timeToDown)
	default:
		h.unanswered++
		h.probesOnly, h.since = h.unanswered >= lim.HostMaxErrors, now
	}
	h.last = t.Verdict.Failure
	if h.probesOnly && !h.down {
		wait := max(lim.RetryDelay, firstProbe) << h.probes
		l.pausedUntil = latest(l.pausedUntil, now.Add(min(wait, max(l.maxDelay, firstProbe))))
	}
	return h.down
}
