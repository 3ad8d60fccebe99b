package plan

import "time"

// A rateTrial finds out whether a host that sends doubtful responses (pageTrouble) to a share of its requests does so
// whatever their rate: as one of whose servers one is out of order, or that prepares what is requested first. To obey
// each would then make it slow for nothing. So where they come right after such a hold too, a trial lets more requests
// start, whatever is asked for meanwhile, and more again for as long as more are accepted in a second than before (hill
// climbing). A host with a limit does not accept more: the trial ends, and the next one is later.
type rateTrial struct {
	rate        float64   // starts a second; 0 is that no trial is under way
	passed      bool      // the rate is not why the host refuses
	doubts      int       // doubtful responses right after the hold of another, since the last trial
	failures    int       // trials in a row that have failed
	notBefore   time.Time // no trial begins before
	priorShare  float64   // of the responses before the trial, those that were accepted
	priorRate   float64   // responses accepted a second before the trial
	stepRate    float64   // the same in the last step, or before the first one
	allAccepted int       // responses accepted in all steps that have ended
	trialStep
}

// A trialStep counts what comes of the step of a trial that is under way; without one, what has come since the last
// trial, or since the host's first doubtful response.
type trialStep struct {
	since    time.Time
	started  uint64 // Tasks of the lane that had started at its begin
	seen     int    // responses, accepted or refused
	accepted int
}

// The settings of trials. A "hold" is the wait that the host's doubtful responses ask for.
const (
	// A trial begins once enoughDoubts doubtful responses have come right after the hold of another (from a limit that
	// is told rightly none does), and leastHolds times the hold after the first one or the last trial.
	enoughDoubts = 2
	leastHolds   = 10

	// The rate is trialGrowth times the one before, in each step; at least startsPerHold starts in the time of a hold.
	trialGrowth   = 4
	startsPerHold = 2

	// A step takes stepTime, and stepHolds times the hold, as what is sent again takes some. While fewer than twice
	// stepAccepted responses were accepted it goes on for up to longestStep times that, or stepSeen responses.
	stepTime    = 3 * time.Second
	stepHolds   = 6
	longestStep = 10
	stepSeen    = 32

	// A step has gained where stepAccepted responses were accepted, stepGain times as many a second as in the one
	// before. A trial is passed where the last step was limited by something else than the rate, and trialAccepted
	// responses were accepted in all, trialGain times as many a second as before the trial.
	stepAccepted  = 5
	stepGain      = 1.5
	trialAccepted = 12
	trialGain     = 3

	// A trial fails at once where a Task has been refused mostTried times in a row; or where, of enoughToSay responses
	// that would have been accepted by the share before the trial, less than mostLoss were. Below the share mostPrepared
	// the host may prepare what is requested first: then what is sent again may need time.
	mostTried    = 14
	enoughToSay  = 6
	mostLoss     = 0.4
	mostPrepared = 0.5

	// After a trial that has failed none begins for trialPause, doubled with each in a row up to mostPauses times that.
	trialPause = 30 * time.Second
	mostPauses = 16
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
	return r.doubts >= enoughDoubts && now.Sub(r.since) >= leastHolds*hold && !now.Before(r.notBefore)
}

// begin begins a trial, at so many starts a second so far, of a host that asks for waits of hold.
func (r *rateTrial) begin(rate float64, hold time.Duration, starts uint64, now time.Time) {
	r.priorRate = float64(r.accepted) / max(now.Sub(r.since), time.Second).Seconds()
	r.priorShare = float64(r.accepted) / float64(max(r.seen, 1))
	r.stepRate, r.allAccepted = r.priorRate, 0
	r.rate = max(trialGrowth*rate, startsPerHold/max(hold, time.Second).Seconds())
	r.beginStep(starts, now)
}

// beginStep begins to count; starts is how many Tasks of the lane have started.
func (r *rateTrial) beginStep(starts uint64, now time.Time) {
	r.trialStep, r.doubts = trialStep{since: now, started: starts}, 0
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
	r.allAccepted += r.accepted
	acceptedRate, startedRate := float64(r.accepted)/took.Seconds(), float64(starts-r.started)/took.Seconds()
	isUsed := startedRate >= r.rate/2 // else something other than the rate limits the lane: it can't become faster
	switch {
	case r.accepted < stepAccepted, acceptedRate < stepGain*r.stepRate,
		!isUsed && (r.allAccepted < trialAccepted || acceptedRate < trialGain*r.priorRate):
		return r.fail(starts, now)
	case isUsed:
		r.rate, r.stepRate = trialGrowth*r.rate, acceptedRate
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
	r.notBefore = now.Add(trialPause * time.Duration(min(1<<min(r.failures, 10), mostPauses)))
	r.failures++
	r.rate = 0
	r.beginStep(starts, now)
	return true
}
