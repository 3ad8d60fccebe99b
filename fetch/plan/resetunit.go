package plan

import (
	"time"

	"batchfetch/fetch/judge"
)

// A resetUnit finds out whether a host tells the time until the reset of its quota in milliseconds, where that was a
// number without a unit and read as seconds. It compares responses in pairs: between two of them a reset in seconds
// falls by no more than the time that can have passed, one in milliseconds by a thousand times as much. The zero
// resetUnit takes resets as read.
type resetUnit struct {
	samples []resetSample // the last mostSamples, in the order in which the responses came
	score   int           // samples that can't be of seconds, less those that can't be of milliseconds
}

// A resetSample is what a response told: the host counted its request after started and before came.
type resetSample struct {
	started, came    time.Time
	remaining, limit int64
	reset            time.Duration // as read
}

const (
	leastApart  = 50 * time.Millisecond // between two responses that show that a reset is not in milliseconds
	mostSamples = 8
	sureScore   = 16
)

// note takes in what a response to t that came now tells, and reports whether the unit is now taken for another one.
func (u *resetUnit) note(q *judge.Quota, t *Task, now time.Time) (changed bool) {
	if !q.Unitless || u.score >= sureScore || u.score <= -sureScore {
		return false
	}
	before := u.isMilli()
	s := resetSample{started: t.Started, came: now, remaining: q.Remaining, limit: q.Limit, reset: q.Reset}
	milli, seconds, isNew := false, false, true
	for i := range u.samples {
		m, sec, comparable := compareResets(&u.samples[i], &s)
		milli, seconds, isNew = milli || m, seconds || sec, isNew && comparable
	}
	switch {
	case seconds:
		u.score--
	case milli:
		u.score++
	}
	if isNew {
		if len(u.samples) == mostSamples {
			u.samples = append(u.samples[:0], u.samples[1:]...)
		}
		u.samples = append(u.samples, s)
	}
	return u.isMilli() != before
}

// isMilli reports whether resets are in milliseconds.
func (u *resetUnit) isMilli() bool { return u.score > 0 }

// compareResets reports whether two samples can be of milliseconds only, or of seconds only. Of two that were under way
// together and have seen the same number left it is not known which one was counted first. Where the lower reset, in
// seconds, can be over between them, they may be of two windows.
func compareResets(a, b *resetSample) (milli, seconds, comparable bool) {
	apart := b.started.Sub(a.came) // at least; negative where both were under way together
	switch {
	case a.limit != b.limit:
		return false, false, true
	case apart < 0 && a.remaining == b.remaining && a.remaining > 0:
		return false, false, false
	case apart < 0 && a.remaining == b.remaining && a.reset < b.reset: // a spent quota has no other reset
		a, b = b, a
	case apart < 0 && a.remaining < b.remaining:
		a, b = b, a
	}
	most, fall := b.came.Sub(a.started), a.reset-b.reset
	passed := fall / 1000 // if they are of milliseconds
	milli = min(fall, b.reset) > most+time.Second && passed <= most+time.Millisecond && passed >= apart-10*time.Millisecond
	seconds = apart >= leastApart && passed < apart/2 && fall > apart-time.Second && fall <= most+time.Second
	return milli, seconds, true
}

// convert returns the reset of a quota; one without a unit in that which was found.
func (u *resetUnit) convert(q *judge.Quota) time.Duration {
	if q.Unitless && u.isMilli() {
		return q.Reset / 1000
	}
	return q.Reset
}
