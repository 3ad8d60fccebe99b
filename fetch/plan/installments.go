package plan

import "time"

// readEvery is the least time between two installments that stay in memory, while no more exchanges may be under way: a
// run that is slow enough for the order of hosts to matter has all of Limits.Lookahead within half a second.
const readEvery = 50 * time.Millisecond

// spillEvery is the same for installments for which Tasks are spilled. They show too which hosts will take longest, but
// cost processor time that the exchanges could use.
const spillEvery = 250 * time.Millisecond

// installmentSize is how many Tasks are spilled at a time while no more exchanges may be under way.
func (p *Plan) installmentSize() int { return max(p.limits.Lookahead/8, tasksPerBatch) }

// mostPeriods bounds the installments that are granted at once, where nothing has asked for one for long.
const mostPeriods = 8

// movesItself is how many installments have to start in spillEvery for the window to move on by itself: another one
// would let the plan see what follows at most a fifth sooner, and all that follows would be packed and unpacked.
const movesItself = 4

// grantInstallment grants another installment, or the ones of the time since the last, and reports whether it has: at
// most one each readEvery, or spillEvery once Tasks are spilled, and none where the window moves on by itself.
func (p *Plan) grantInstallment(now time.Time) bool {
	every := readEvery
	if p.spill.count > 0 {
		every = spillEvery
	}
	since := now.Sub(p.spill.lastGrant)
	if since < every {
		return false
	}
	periods := int(min(since/every, mostPeriods))
	if p.spill.lastGrant.IsZero() {
		periods = 1
	}
	moved := p.starts - p.spill.starts
	p.spill.lastGrant, p.spill.starts = now, p.starts
	enough := movesItself * periods * p.installmentSize() / int(spillEvery/every)
	if moved >= uint64(enough) { //nolint:gosec // a size is not negative
		return false
	}
	p.spill.credit = periods * p.installmentSize()
	return true
}
