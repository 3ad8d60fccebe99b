package plan

import "time"

// An unavailability is a time in which a host answers all requests with Overloaded: while it restarts, or until the
// next window of a limit that it does not tell. Each request that is sent meanwhile uses up one of its retries, so the
// host is paused: where it answers 503, for longer each time, and a single exchange follows each pause. When one is
// accepted the rate grows from a low one, as what was accepted until then does not show how many the host takes. The
// zero unavailability is none.
type unavailability struct {
	row      int              // Overloaded in a row, of requests that started after the last pause began
	pausedAt time.Time        // when that was
	pauses   int              // in a row, without another response
	by503    bool             // the last response was a 503, which may be for a limit; a 500 is rather for its page
	lasted   [2]time.Duration // the last two that were long; 0 is none
	reopened bool             // one has ended, and not two requests in a row have been Overloaded since
	manyWait bool             // manyTasks wait, or more
}

const (
	// After streakToPause Overloaded in a row the host is paused: for firstOverloadPause, twice as long each time, at
	// most longestOverloadPause or one unavailablePart of the time so far, and not beyond overloadTimeToClosure. Where
	// fewer than manyTasks wait, whose retries are used up before that at one a second, it is longestOfFew: they may be
	// pages that fail, as the last ones of a list often are, and would only fail later.
	streakToPause        = 3
	firstOverloadPause   = 100 * time.Millisecond
	longestOverloadPause = time.Second
	unavailablePart      = 4
	manyTasks            = 40
	longestOfFew         = 700 * time.Millisecond
	mostDoublings        = 10

	overloadTimeToClosure = 2 * time.Minute // without one that is accepted: the host is given up

	// A single exchange follows each pause after pausesToTest in a row, and the first one where the host has been
	// unavailable for more than longUnavailable before.
	pausesToTest    = 2
	longUnavailable = 2 * time.Second

	// Where the last two lasted for about the same time (aboutSame), the first pause is expectedPart of that, at most
	// longestExpected.
	aboutSame       = 1.5
	expectedPart    = 0.7
	longestExpected = time.Minute

	// leastReopened is the rate after its end, in starts a second; it doubles with each that is accepted, up to
	// mostReopened times the most before, until rowToSlow in a row are Overloaded.
	leastReopened = 2
	mostReopened  = 4
	rowToSlow     = 2
)

// isTested reports whether a single exchange is to show if the host accepts any again.
func (u *unavailability) isTested() bool {
	return u.by503 && (u.pauses > pausesToTest || u.pauses > 0 && u.lasted[1] > 0)
}

// noteOverloaded takes in an Overloaded response to t, the row-th in a row.
func (u *unavailability) noteOverloaded(t *Task, row int) {
	if t.Started.After(u.pausedAt) {
		u.row++
	}
	u.by503 = t.Verdict.Unavailable
	u.reopened = u.reopened && row < rowToSlow
}

// noteAccepted takes in that a request that started then was accepted, the last one before at acceptedAt. It reports
// whether that ends a long time.
func (u *unavailability) noteAccepted(started, acceptedAt time.Time) (ended bool) {
	if lasted := started.Sub(acceptedAt); u.isTested() && lasted > longUnavailable {
		u.lasted = [2]time.Duration{u.lasted[1], lasted}
		u.reopened, ended = true, true
	}
	u.row, u.pauses = 0, 0
	return ended
}

// pause begins a pause where it is time for one, and returns how long that is; 0 is none. The last request was accepted
// at acceptedAt.
func (u *unavailability) pause(acceptedAt, now time.Time) (pause time.Duration) {
	if u.row < streakToPause && !(u.isTested() && u.row > 0) {
		return 0
	}
	shorter, longer := min(u.lasted[0], u.lasted[1]), max(u.lasted[0], u.lasted[1])
	pause = firstOverloadPause << min(u.pauses, mostDoublings)
	switch isExpected := longer.Seconds() < aboutSame*shorter.Seconds(); {
	case !u.by503:
		pause = min(pause, longestOverloadPause)
	case u.pauses == 0 && isExpected:
		pause = min(time.Duration(expectedPart*float64(shorter)), longestExpected)
	case !u.manyWait && !isExpected:
		pause = min(pause, longestOfFew)
	default:
		silence := now.Sub(acceptedAt)
		pause = min(pause, max(longestOverloadPause, min(silence/unavailablePart, overloadTimeToClosure-silence)))
	}
	u.row, u.pausedAt = 0, now
	u.pauses++
	return pause
}

// rate is the rate after its end, in starts a second, where it was perSecond until now; before is the most that was
// accepted before it began.
func (u *unavailability) rate(perSecond, before float64) float64 {
	return min(max(2*perSecond, leastReopened), mostReopened*max(before, leastObservedRate))
}

// forgive ends the pauses: the host was not why.
func (u *unavailability) forgive() { u.row, u.pauses = 0, 0 }
