package plan

import "time"

// A rateTrial finds out whether a host that sends doubtful responses (pageTrouble) to a share of its requests does so
// whatever their rate: as one of whose servers one is out of order, or that prepares what is requested first. To obey
// each would then make it slow for nothing. So where they come right after such a hold too, a trial lets more requests
// start, whatever is asked for meanwhile, and more again for as long as more are accepted in a second than before (hill
// climbing). A host with a limit does not accept more: the trial ends, and the next one is later.
type rateTrial struct {
	rate   float64   // starts a second; 0 is that no trial is under way
	passed bool      // the rate is not why the host refuses
	next   time.Time // no trial begins before
	vain   int       // trials in a row that have failed
	doubts int       // doubtful responses right after the hold of another, since the last trial

	// Counts of the step under way; without a trial since the last one, or since the host's first doubtful response.
	since    time.Time
	accepted int    // responses that were
	seen     int    // the same with those that were refused
	started  uint64 // Tasks of the lane that had started at its begin

	priorShare   float64 // of the responses before the trial, that was accepted
	priorRate    float64 // accepted a second, before the trial
	lastStepRate float64 // the same before the step
	earlierSteps int     // accepted in the steps before
}

const (
	enoughDoubts = 2  // by a limit that is told rightly there is none
	leastHolds   = 10 // times the hold, from the first doubtful response or the last trial to the begin of a trial

	startsPerHold = 2               // the least rate of a trial: starts in the time of a hold
	trialGrowth   = 4               // of the rate from step to step
	stepTime      = 3 * time.Second // of a step, at least
	stepHolds     = 6               // times the hold, at least: what is sent again takes some
	longestStep   = 10              // times the least time
	stepSeen      = 32              // responses in a step, at most while few are accepted

	stepAccepted  = 5   // responses that are accepted in a step that has gained
	stepGain      = 1.5 // by which it has more in a second than the one before
	trialAccepted = 12  // responses that are accepted in a trial that is passed
	trialGain     = 3   // by which they are more in a second than before it

	mostPrepared = 0.5 // the share accepted before, below which a host may prepare what is requested

	mostLoss    = 0.4 // of the share accepted before, below which a trial has failed at once
	enoughToSay = 6   // responses that were to be accepted by that share
	mostTried   = 14  // refusals in a row of one Task, after which a trial has failed

	trialPause = 30 * time.Second // after a trial that has failed; doubled with each in a row
	mostPauses = 16               // times that, at most
)

// isUnderWay reports whether a trial is under way.
func (r *rateTrial) isUnderWay() bool { return r.rate > 0 }

// repeats reports whether a Task that was refused, and has waited, is sent before others, where the host has accepted
// few: it may prepare what is requested, and with the rate more of that is requested first.
func (r *rateTrial) repeats(t *Task) bool {
	return (r.rate > 0 || r.passed) && r.priorShare < mostPrepared && t.Refusals > 0 && t.Refusals <= mostRepeats
}

// mayBegin reports whether a trial is to begin, where doubtful responses ask for a wait of hold.
func (r *rateTrial) mayBegin(hold time.Duration, now time.Time) bool {
	return r.doubts >= enoughDoubts && now.Sub(r.since) >= leastHolds*hold && !now.Before(r.next)
}

// begin begins a trial, at so many starts a second so far, of a host that asks for waits of hold.
func (r *rateTrial) begin(rate float64, hold time.Duration, starts uint64, now time.Time) {
	r.priorRate = float64(r.accepted) / max(now.Sub(r.since), time.Second).Seconds()
	r.priorShare = float64(r.accepted) / float64(max(r.seen, 1))
	r.lastStepRate, r.earlierSteps = r.priorRate, 0
	r.rate = max(trialGrowth*rate, startsPerHold/max(hold, time.Second).Seconds())
	r.beginStep(starts, now)
}

// beginStep begins to count; starts is how many Tasks of the lane have started.
func (r *rateTrial) beginStep(starts uint64, now time.Time) {
	r.since, r.accepted, r.seen, r.started, r.doubts = now, 0, 0, starts, 0
}

// observe takes in the last response to a Task, and reports whether the trial has ended: it is passed, or has failed.
func (r *rateTrial) observe(t *Task, hold time.Duration, starts uint64, now time.Time) (ended bool) {
	took, least := now.Sub(r.since), max(stepTime, stepHolds*hold)
	switch {
	case r.isLost(t):
		return r.fail(starts, now)
	case took < least, r.accepted < 2*stepAccepted && r.seen < stepSeen && took < longestStep*least:
		return false
	}
	r.earlierSteps += r.accepted
	rate, used := float64(r.accepted)/took.Seconds(), float64(starts-r.started)/took.Seconds()
	isUsed := used >= r.rate/2 // else something other than the rate limits the lane: it can't become faster
	switch {
	case r.accepted < stepAccepted, rate < stepGain*r.lastStepRate,
		!isUsed && (r.earlierSteps < trialAccepted || rate < trialGain*r.priorRate):
		return r.fail(starts, now)
	case isUsed:
		r.rate, r.lastStepRate = trialGrowth*r.rate, rate
	default:
		r.passed, r.rate = true, 0
	}
	r.beginStep(starts, now)
	return r.passed
}

// isLost reports whether it is seen early that a trial fails: much less is accepted of its requests than of those
// before, or a Task is refused too often. Where less than half was accepted before, what is sent again may need time.
func (r *rateTrial) isLost(t *Task) bool {
	expected := r.priorShare * float64(r.seen)
	return t.Refusals >= mostTried ||
		r.priorShare >= mostPrepared && expected >= enoughToSay && float64(r.accepted) < mostLoss*expected
}

// fail ends a trial that has changed nothing. It returns true.
func (r *rateTrial) fail(starts uint64, now time.Time) bool {
	r.next = now.Add(trialPause * time.Duration(min(1<<min(r.vain, 10), mostPauses)))
	r.vain++
	r.rate = 0
	r.beginStep(starts, now)
	return true
}
