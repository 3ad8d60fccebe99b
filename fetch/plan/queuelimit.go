package plan

import "time"

// A queueLimit is the limit on the exchanges at once of a host that makes fewer pages at once than are requested, one
// after the other: beyond a number a request waits for longer than the limits of time allow, and no response comes. The
// limit is a part of how many responses came in that time. The zero queueLimit is no limit.
type queueLimit struct {
	width widthLimit
	since time.Time // when the first exchange of a group ended without a response: others were under way then
	mute  int       // of the group, those that ended so; of the exchanges within the limit, where there is one

	patience time.Duration // how long they waited
	each     time.Duration // in which one response came
	setAt    time.Time     // when the limit was set
	drained  time.Time     // until then the host may be busy with those that were more: later ones may wait for that
	slow     int           // responses to later ones that took longer than in a queue
	quick    int           // the others
	rejected int           // times that the limit was rejected, at most mostRejected
}

const (
	leastMute    = 2
	mutePart     = 4 // one in so many is a good part
	patientPart  = 3 // an exchange is to take one in so many of the time that there is
	enoughOfLate = 3
	mostRejected = 6
)

// noteMute takes in that no byte of a response to a Task has come until a limit of time, and that the host has answered
// so many others meanwhile. atOnce is how many exchanges may be under way without the limit.
func (q *queueLimit) noteMute(t *Task, answered, atOnce int, now time.Time) {
	isLimited := q.width.most > 0
	switch {
	case isLimited && !t.Started.After(q.drained):
		if !t.Started.After(q.setAt) || time.Duration(q.width.most)*q.each <= q.patience/2 { // or it would go on for ever
			q.drained = q.drained.Add(q.each)
		}
		return
	case now.Before(q.width.notBefore):
		return
	case !isLimited && t.Started.After(q.since):
		q.since, q.mute = now, 0
	}
	others := answered
	if isLimited {
		others = q.slow + q.quick
	}
	if q.mute++; q.mute < leastMute || q.mute*mutePart < q.mute+others {
		return
	}
	switch most := max(answered/patientPart, 1); {
	case answered > 0 && most < q.width.limit(atOnce):
		q.set(most, now.Sub(t.Started), answered, now)
	case isLimited:
		q.reject(now)
	}
	q.mute = 0
}

// set sets the limit, after a wait for so long within which the host has answered so many.
func (q *queueLimit) set(most int, waited time.Duration, answered int, now time.Time) {
	q.width.set(most, now)
	q.patience = waited
	q.each = waited / time.Duration(answered)
	q.setAt, q.drained = now, now.Add(time.Duration(q.mute)*q.each)
	q.slow, q.quick = 0, 0
}

// reject removes a limit that has not helped. Each time the next one is set later, if at all.
func (q *queueLimit) reject(now time.Time) {
	q.width.remove()
	q.width.notBefore = now.Add(wrongWidthTime << q.rejected)
	q.rejected = min(q.rejected+1, mostRejected)
}

// take takes in a response. The limit is removed where responses take as long as before: then no queue is why. It is
// raised as long as they take a part of the time that there is.
func (q *queueLimit) take(t *Task, lo load, now time.Time) {
	took, most := now.Sub(t.Started), time.Duration(q.width.most)
	switch isSlow := took > q.each*most*3/2; {
	case most == 0 || !t.Started.After(q.setAt), isSlow && !t.Started.After(q.drained):
		return
	case isSlow:
		q.slow++
	default:
		q.quick++
		q.drained = earliest(q.drained, t.Started)
	}
	switch {
	case q.slow >= enoughOfLate && q.slow > q.quick:
		q.reject(now)
	case took*(most+1) <= q.patience*most/2:
		q.width.widenOn(lo, now)
	}
}
