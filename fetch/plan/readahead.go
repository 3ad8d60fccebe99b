package plan

import "time"

// Requests are read ahead so that the plan sees which hosts will take longest. But a Task that waits for long has left
// the processor's caches when its turn comes: with 10,000 of them in memory an exchange takes a quarter more processor
// time than with 1000. So while no more exchanges may be under way the input is read only as far as needed soon, and
// beyond that an installment each readEvery up to Limits.Lookahead and, as far as Tasks can be spilled, one each
// spillEvery beyond.

// leastAhead is how many Tasks are kept in memory at least while more are to be read; aheadPerExchange is how many for
// each exchange that may be under way.
const leastAhead, aheadPerExchange = 1000, 2

// Full reports whether no more Tasks may be added now. inMemory is how many Tasks are in memory and have not ended, and
// pending how many of those are yet to be added; heavy says that they take more bytes than they should. Where spilling
// makes room, Full spills Tasks first.
func (p *Plan) Full(inMemory, pending int, heavy bool, now time.Time) bool {
	switch {
	case inMemory >= p.limits.Lookahead:
		return !p.makeRoom(p.installmentSize(), now)
	case heavy:
		return !p.makeRoom(min(p.installmentSize(), inMemory/8), now)
	}
	return p.SeesEnough(pending, now)
}

// SeesEnough reports whether no more Tasks need to be added now, although Limits.Lookahead allows it; pending is as for
// Full.
func (p *Plan) SeesEnough(pending int, now time.Time) bool {
	if p.Wanted(pending) > 0 {
		return false
	}
	if p.spill.lastGrant.IsZero() { // the first installment is due readEvery from now
		p.spill.lastGrant = now
	}
	return !p.grantInstallment(now)
}

// Wanted returns how many more Tasks are to be added now, as far as Limits.Lookahead allows it; pending is as for Full.
func (p *Plan) Wanted(pending int) int {
	ahead := max(leastAhead, aheadPerExchange*p.limits.Concurrency)
	switch {
	case pending >= ahead: // they come first
		return 0
	case p.hasIdleSlots:
		return p.limits.Lookahead
	case p.spill.count > 0: // the first ones added may belong to hosts that can start no more
		return max(p.spill.credit, 0)
	}
	return max(p.spill.credit, ahead-p.inMemory-pending, 0)
}

// idleCredit is how many Tasks are read beyond those that have filled the last idle place, so that the feeder is not
// woken for each.
const idleCredit = 128
