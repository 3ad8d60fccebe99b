package plan

import (
	"time"

	"batchfetch/fetch/judge"
)

// observeTrouble takes in the Verdict of an exchange for the pageTrouble of the lane. A doubtful response that is known
// to be for its page is made one that is Overloaded and asks for no hold.
func (l *lane) observeTrouble(t *Task, now time.Time) {
	v := &t.Verdict
	if l.trouble == nil {
		l.trouble = &pageTrouble{accepted: 1, trial: rateTrial{trialStep: trialStep{since: now}}}
	}
	p, isRepeated := l.trouble, t.acceptedAtDoubt > 0            // since another such response, or several
	isApart := t.Started.After(p.lastDoubtful) || p.trial.passed // by a limit, several at once are one observation
	p.hasLimit = p.hasLimit || v.Health == judge.Refused && !v.PerhapsPage
	if !isRepeated && t.Attempts <= 1 {
		p.doubtfulShare.add(v.PerhapsPage, 32)
	}
	switch {
	case v.PerhapsPage:
		if isRepeated && t.tells && isApart {
			l.weighTrouble(now)
		}
		t.acceptedAtDoubt, t.putOffs, p.lastDoubtful = p.accepted, 0, now
		if p.isByPage() && v.Refusal && (l.overload == nil || l.overload.overloadedShare <= overloadShare) {
			v.Health, v.Hold = judge.Overloaded, 0
		}
		p.heldUntil = latest(p.heldUntil, now.Add(v.Hold))
		return
	case v.Health == judge.Healthy:
		if isApart {
			p.accepted++
		}
		if isRepeated {
			p.weigh(false)
		}
	}
	t.acceptedAtDoubt, t.tells, t.OfPage = 0, false, t.OfPage && v.Fate == judge.Retry
}

// weighTrouble takes in another doubtful response to a Task. Once they are known to be for the pages, what the earlier
// ones have limited is so no more.
func (l *lane) weighTrouble(now time.Time) {
	wasByPage := l.trouble.isByPage()
	l.trouble.weigh(true)
	if wasByPage || !l.trouble.isByPage() {
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

// observeTrial takes in the Verdict of an exchange for the rateTrial of the lane, and begins or ends a trial by it. A
// doubtful response asks for no hold while a trial is under way, and is made one that is Overloaded once a trial is
// passed: its Task alone waits.
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
