package plan

import "time"

// A pageTrouble is what a lane knows of its doubtful responses: 5xx with Retry-After (judge.Verdict.PerhapsPage). A
// host sends them for a limit, after which the same request is accepted; a gateway sends them for a page that its own
// server fails to answer, and goes on to accept all others. A nil *pageTrouble is that of a host that has sent none.
type pageTrouble struct {
	lastDoubtful  time.Time    // when the last one came
	heldUntil     time.Time    // by their Retry-After
	hasLimit      bool         // the host has refused others, for a limit
	accepted      int          // exchanges that started after one of them, and before the next, and were accepted; from 1
	doubtfulShare movingShare  // of the first exchanges of the last 32 Tasks or so, those that had one
	evidence      pageEvidence // that they are for their pages
	trial         rateTrial    // whether they come at any rate
}

// mostPutOffs is how many times a Task that had one waits longer than was asked.
const mostPutOffs = 8

// isByPage reports whether a doubtful response says nothing of the host.
func (p *pageTrouble) isByPage() bool { return p != nil && p.evidence.isEnough() }

// isTried reports whether it is under trial what doubtful responses are for.
func (p *pageTrouble) isTried() bool { return p != nil && p.trial.isUnderWay() }

// repeats reports whether a Task that was refused, and has waited, is sent before others (rateTrial.repeats).
func (p *pageTrouble) repeats(t *Task) bool { return p != nil && p.trial.repeats(t) }

// noteStart notes the start of an exchange; alone says that the lane has no other under way. That of a Task that had a
// doubtful response shows what it was for where the host has accepted others since; or did, and none is in the way now.
func (p *pageTrouble) noteStart(t *Task, alone bool) {
	if p == nil || t.acceptedAtDoubt == 0 {
		return
	}
	t.tells = p.isToldBy(t) || alone && t.tells
	t.OfPage = p.isByPage()
}

// isToldBy reports whether the host has accepted others since a Task had a doubtful response.
func (p *pageTrouble) isToldBy(t *Task) bool {
	return p != nil && t.acceptedAtDoubt > 0 && p.accepted-t.acceptedAtDoubt >= fewAccepted
}

// putOff lets a Task that had a doubtful response wait a part longer than was asked, so that others come before it, and
// reports whether it does: not for ever.
func (p *pageTrouble) putOff(t *Task, now time.Time) bool {
	part := t.Verdict.Delay / 4
	if p == nil || t.acceptedAtDoubt == 0 || t.putOffs == mostPutOffs || part <= 0 {
		return false
	}
	t.putOffs++
	t.NotBefore = now.Add(part)
	return true
}

// weigh takes in what has become of a Task that had a doubtful response: another one, or it was accepted.
func (p *pageTrouble) weigh(again bool) { p.evidence.weigh(again, p.doubtfulShare) }
