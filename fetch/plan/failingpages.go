package plan

import "batchfetch/fetch/judge"

// failingPages is what an overload knows of whether the responses of its host that are Overloaded are for their pages,
// whatever the rate. A host that has too much to do accepts the same request later; one that has pages that fail, as
// when an application has errors for some items, accepts all others at any rate. At the end of a run only the failing
// ones are left, and their retries say nothing of the host.
type failingPages struct {
	accepted int     // responses that were not Overloaded
	share    float64 // of the first exchanges of Tasks, that were: moving average of about 32
	evidence float64 // as pageTrouble.evidence
}

// areKnown reports whether pages of the host fail at any rate.
func (p *failingPages) areKnown() bool { return p.evidence > enoughEvidence }

// observe takes in the response to t, where so many other exchanges are under way, and reports whether it is only the
// trouble of its page: it was Overloaded before too, and the host has accepted others that started since. share is that
// of the last responses that were Overloaded.
func (p *failingPages) observe(t *Task, active int, share float64) (ofPage bool) {
	overloaded := t.Verdict.Health == judge.Overloaded
	again := t.failsFrom > 0 && p.accepted >= t.failsFrom
	switch {
	case again:
		p.evidence = weighed(p.evidence, max(p.share, share), overloaded)
	case t.Attempts <= 1:
		x := 0.0
		if overloaded {
			x = 1
		}
		p.share += (x - p.share) / 32
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
