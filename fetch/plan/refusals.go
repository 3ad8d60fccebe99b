package plan

import (
	"fmt"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// refusals is a streak of answers that asked for a longer wait than is obeyed (Verdict.Refused). A nil *refusals is
// none.
type refusals struct {
	streak      int              // how many in a row
	last        *failure.Failure // of the last one
	closedUntil time.Time        // the lane is closed until then; zero means that it is not
}

// refusalsToClose is how many requests in a row a host has to refuse so until its other requests fail without an
// exchange: one such page says little about its host.
const refusalsToClose = 3

// until is when the lane opens again, or did.
func (r *refusals) until() time.Time {
	if r == nil {
		return time.Time{}
	}
	return r.closedUntil
}

// observeRefusal counts a refusal, or ends the streak, and reports whether the lane is closed because of it.
func (l *lane) observeRefusal(v *judge.Verdict, now time.Time) bool {
	if !v.Refused {
		if !l.refusals.until().After(now) {
			l.refusals = nil
		}
		return false
	}
	if l.refusals == nil {
		l.refusals = new(refusals)
	}
	r := l.refusals
	r.streak++
	r.last = v.Failure
	if r.streak < refusalsToClose {
		return false
	}
	r.closedUntil = latest(r.closedUntil, now.Add(v.Failure.RetryAfter))
	return true
}

// closedFailure is why a Task of a closed lane fails; a nil Task is one that has never been asked.
func (l *lane) closedFailure(t *Task, now time.Time) *failure.Failure {
	if l.health != nil && l.health.down {
		return l.health.downFailure(t)
	}
	r := l.refusals
	return &failure.Failure{
		Kind: failure.RateLimited,
		Err: fmt.Errorf("not asked: %d requests in a row were refused by the host, the last one so: %w",
			r.streak, r.last),
		RetryAfter: r.closedUntil.Sub(now),
	}
}
