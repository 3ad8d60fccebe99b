package plan

import (
	"math"
	"time"
)

// A pageTrouble is what a lane knows of its doubtful responses: 5xx with Retry-After (judge.Verdict.PerhapsPage). A
// host sends them for a limit, after which the same request is accepted; a gateway sends them for a page that its own
// server fails to answer, and goes on to accept all others. A nil *pageTrouble is that of a host that has sent none.
type pageTrouble struct {
	lastOne   time.Time
	heldUntil time.Time // by their Retry-After
	mixed     bool      // the host has refused others, for a limit
	trial     rateTrial
	accepted  int     // exchanges that started after one of them, and before the next, and were accepted; from 1
	share     float64 // of the first exchanges of Tasks, that had one: moving average of about 32
	// evidence is that the pages are the cause, as the logarithm of a likelihood ratio: of what has become of Tasks that
	// had one and were sent again, within leastEvidence and mostEvidence (Wald's sequential test).
	evidence float64
}

const (
	enoughEvidence = 6.2 // 1 in 500 by a limit
	mostEvidence   = 9
	leastEvidence  = -6
	steady         = 0.95 // the share of troubled pages that are so again
	fewAccepted    = 5    // exchanges that were accepted: one may have been all that a limit allowed
	mostPutOffs    = 8
)

// isByPage reports whether a doubtful response says nothing of the host.
func (p *pageTrouble) isByPage() bool { return p != nil && p.evidence > enoughEvidence }

// isTried reports whether it is under trial what doubtful responses are for.
func (p *pageTrouble) isTried() bool { return p != nil && p.trial.isUnderWay() }

// repeats reports whether a Task that was refused, and has waited, is sent before others (rateTrial.repeats).
func (p *pageTrouble) repeats(t *Task) bool { return p != nil && p.trial.repeats(t) }

// noteStart notes the start of an exchange; alone says that the lane has no other under way. That of a Task that had a
// doubtful response shows what it was for where the host has accepted others since; or did, and none is in the way now.
func (p *pageTrouble) noteStart(t *Task, alone bool) {
	if p == nil || t.acceptedBefore == 0 {
		return
	}
	t.tells = p.isToldBy(t) || alone && t.tells
	t.OfPage = p.isByPage()
}

// isToldBy reports whether the host has accepted others since a Task had a doubtful response.
func (p *pageTrouble) isToldBy(t *Task) bool {
	return p != nil && t.acceptedBefore > 0 && p.accepted-t.acceptedBefore >= fewAccepted
}

// putOff lets a Task that had a doubtful response wait a part longer than was asked, so that others come before it, and
// reports whether it does: not for ever.
func (p *pageTrouble) putOff(t *Task, now time.Time) bool {
	part := t.Verdict.Delay / 4
	if p == nil || t.acceptedBefore == 0 || t.putOffs == mostPutOffs || part <= 0 {
		return false
	}
	t.putOffs++
	t.NotBefore = now.Add(part)
	return true
}

// weigh takes in what has become of a Task that had a doubtful response: another one, or it was accepted.
func (p *pageTrouble) weigh(again bool) { p.evidence = weighed(p.evidence, p.share, again) }

// weighed is the evidence that some responses are for their pages, after the request for one such page was made again:
// it had another, or was accepted. share is that of first requests that have one.
func weighed(evidence, share float64, again bool) float64 {
	byLimit := min(max(share, 0.1), 0.7)
	if again {
		return min(evidence+math.Log(steady/byLimit), mostEvidence)
	}
	return max(evidence+math.Log((1-steady)/(1-byLimit)), leastEvidence)
}
