package plan

import (
	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// failingPages is what an overload knows of whether the responses of its host that are Overloaded are for their pages,
// whatever the rate. A host that has too much to do accepts the same request later; one that has pages that fail, as
// when an application has errors for some items, accepts all others at any rate. At the end of a run only the failing
// ones are left, and their retries say nothing of the host. Pages that fail one after the other, as all of one month,
// look like a host that is down: then Tasks from anywhere in the queue start ahead, between those in their order.
type failingPages struct {
	accepted     int          // responses that were not Overloaded
	failingShare movingShare  // of the first exchanges of the last 32 Tasks or so, those that were
	evidence     pageEvidence // that they are for their pages
	lastFailed   bool         // the last response to a first exchange was Overloaded
	failingAfter movingShare  // of the responses after such a one, those that were, too
	weighedAt    int          // accepted when the last response to a request that was made again was taken for evidence

	row           int         // Overloaded in a row: responses to first exchanges of Tasks that started in their order
	rowShare      movingShare // of the last 8 of these responses or so, those that were Overloaded
	acceptedAhead int         // Tasks that started ahead and were accepted since the last of these responses
	failedAhead   int         // the same, those that were Overloaded
	ahead         bool        // the last Task started ahead
}

const (
	mostOfRow   = 0.93 // the share of requests after one that failed by the host that fail too, at most
	longRow     = 3    // Overloaded in a row after which each second Task starts ahead
	failAhead   = 0.2  // the part of Tasks that start ahead that fail, where the pages of a row do
	aheadLooked = 8    // Tasks that are looked at for one to start ahead
)

// areKnown reports whether pages of the host fail at any rate.
func (p *failingPages) areKnown() bool { return p.evidence.isEnough() }

// observe takes in the response to t, where so many other exchanges are under way, and reports whether it is only the
// trouble of its page: it was Overloaded before too, and the host has accepted others that started since.
// overloadedShare is that of the last responses that were Overloaded.
func (p *failingPages) observe(t *Task, active int, overloadedShare movingShare) (ofPage bool) {
	overloaded := countsAsOverloaded(&t.Verdict)
	again := t.failsFrom > 0 && p.accepted >= t.failsFrom
	if t.Attempts <= 1 {
		p.observeRow(t.ahead, overloaded)
	}
	switch {
	case again && overloaded && p.accepted == p.weighedAt: // the host may be why all of a row fail
		byHost := max(likelyShare(max(p.failingShare, overloadedShare)), min(float64(p.failingAfter), mostOfRow))
		p.evidence.raise(failingAgain / byHost)
	case again:
		p.evidence.weigh(overloaded, max(p.failingShare, overloadedShare))
		p.weighedAt = p.accepted
	case t.Attempts <= 1:
		p.failingShare.add(overloaded, 32)
		if p.lastFailed {
			p.failingAfter.add(overloaded, 16)
		}
		p.lastFailed = overloaded
	}
	switch {
	case !overloaded:
		p.accepted++
		t.failsFrom = 0
	case t.failsFrom == 0:
		t.failsFrom = p.accepted + active + fewAccepted
	}
	return overloaded && again && p.areKnown()
}

// observeRow takes in the response to the first exchange of a Task, which started ahead or in its order. Those that
// started ahead, and that most of them were accepted, show that the pages of a row are the cause, where the row goes on
// to fail after them: a host that has too much to do would accept both, or neither.
func (p *failingPages) observeRow(ahead, overloaded bool) {
	switch {
	case ahead && overloaded:
		p.failedAhead++
		return
	case ahead:
		p.acceptedAhead++
		return
	case overloaded:
		byHost := likelyShare(p.rowShare)
		if p.acceptedAhead > p.failedAhead {
			p.evidence.raise((1 - failAhead) / (1 - byHost))
		} else if p.failedAhead > p.acceptedAhead {
			p.evidence.lower(failAhead / byHost)
		}
		p.rowShare.add(true, 8)
		p.row++
	default:
		p.rowShare.add(false, 8)
		p.row = 0
	}
	p.acceptedAhead, p.failedAhead = 0, 0
}

// goesAhead reports whether the next Task is to start ahead of its turn: each second one while a row fails.
func (p *failingPages) goesAhead() bool {
	p.ahead = p.row >= longRow && !p.ahead
	return p.ahead
}

// countsAsOverloaded reports whether an exchange shows that the host may have too much to do: its response is
// Overloaded, or the connection was closed in place of one.
func countsAsOverloaded(v *judge.Verdict) bool {
	return v.Health == judge.Overloaded || v.Health == judge.NoAnswer && v.Failure != nil &&
		(v.Failure.Kind == failure.Reset || v.Failure.Kind == failure.Truncated)
}
