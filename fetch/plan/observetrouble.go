package plan

import (
	"time"

	"batchfetch/fetch/judge"
)

// observeTrouble takes in the Verdict of an exchange, and changes one that says nothing of the host.
func (l *lane) observeTrouble(t *Task, now time.Time) {
	v := &t.Verdict
	if l.trouble == nil {
		if !v.PerhapsPage {
			return
		}
		l.trouble = &pageTrouble{accepted: 1, trial: rateTrial{since: now}}
	}
	p, again := l.trouble, t.acceptedBefore > 0
	apart := t.Started.After(p.lastDoubtful) || p.trial.passed // by a limit, several at once are one observation
	p.hasLimit = p.hasLimit || v.Health == judge.Refused && !v.PerhapsPage
	if !again && t.Attempts <= 1 {
		p.doubtfulShare.add(v.PerhapsPage, 32)
	}
	switch {
	case v.PerhapsPage:
		if again && t.tells && apart {
			l.weighTrouble(now)
		}
		t.acceptedBefore, t.putOffs, p.lastDoubtful = p.accepted, 0, now
		if p.isByPage() && v.Refusal && (l.overload == nil || l.overload.overloadedShare <= overloadShare) {
			v.Health, v.Hold = judge.Overloaded, 0
		}
		p.heldUntil = latest(p.heldUntil, now.Add(v.Hold))
		return
	case v.Health == judge.Healthy:
		if apart {
			p.accepted++
		}
		if again {
			p.weigh(false)
		}
	}
	t.acceptedBefore, t.tells, t.OfPage = 0, false, t.OfPage && v.Fate == judge.Retry
}

// weighTrouble takes in another doubtful response to a Task. Once they are known to be for the pages, what the earlier
// ones have limited is so no more.
func (l *lane) weighTrouble(now time.Time) {
	before := l.trouble.isByPage()
	l.trouble.weigh(true)
	if before || !l.trouble.isByPage() {
		return
	}
	l.endTroubleHold(now)
	if l.throttle != nil && !l.trouble.hasLimit {
		l.throttle = l.throttle.anew(now)
		l.pace.setRate(l.paceRate(), now)
	}
}

// endTroubleHold ends the pause of the lane where a doubtful response has asked for it.
func (l *lane) endTroubleHold(now time.Time) {
	if !l.pausedUntil.After(l.trouble.heldUntil) {
		l.pausedUntil = now
	}
}

// observeTrial takes in a Verdict, and changes one whose wait concerns its own Task alone.
func (l *lane) observeTrial(t *Task, now time.Time) {
	v, r := &t.Verdict, &l.trouble.trial
	switch {
	case v.Health == judge.Healthy:
		r.accepted++
	case !v.PerhapsPage || !v.Refusal:
		return
	case r.passed:
		v.Health, v.Hold = judge.Overloaded, 0
	case r.isUnderWay():
		v.Hold = 0
	case l.trouble.hasLimit || l.throttle == nil:
		return
	case l.throttle.streak > 0 && !l.throttle.isBefore(t):
		r.doubts++
	}
	r.seen++
	switch {
	case r.passed:
	case r.isUnderWay():
		if r.observe(t, l.throttle.held, l.starts, now) {
			l.endTrial(now)
		}
		l.pace.setRate(l.paceRate(), now)
	case v.PerhapsPage && l.trouble.evidence <= 0 && r.mayBegin(v.Hold, now):
		r.begin(l.rate(), v.Hold, l.starts, now)
		v.Hold = 0
		l.endTroubleHold(now)
		l.pace.setRate(l.paceRate(), now)
	}
}

// endTrial has the throttle go on from before a trial, or begin anew after one that is passed. What is under way does
// not change it.
func (l *lane) endTrial(now time.Time) {
	if l.trouble.trial.passed {
		l.throttle = l.throttle.anew(now)
	}
	l.throttle.lastRefusal = now
}
