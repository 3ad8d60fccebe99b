package plan

import (
	"time"

	"batchfetch/fetch/judge"
)

// A quotaWindow is what one policy of a host allows: a number of requests in a time window, or of exchanges at once.
// What is left is the least number that a response has told, less all exchanges that are unanswered: in which order the
// host has counted those under way is not known.
type quotaWindow struct {
	policy     string
	concurrent bool          // limit bounds the exchanges at once, and nothing else is used
	least      int64         // requests that were left by the response that told the fewest; may be negative
	leastAt    time.Time     // when that response came
	starts     uint64        // how many Tasks of the lane had started by then
	leastPath  string        // Task.Path of its request
	refused    bool          // that response was a refusal
	limit      int64         // requests in a whole window; 0 is not known
	length     time.Duration // of a whole window: the longest that was told
	reset      time.Duration // the time from leastAt until there are more requests, as read
	unitless   bool          // judge.Quota.Unitless of it
	rounded    bool          // judge.Quota.Rounded of it
	end        time.Time     // when there are more requests, as told
	late       time.Duration // how much later than told the host's windows have ended so far, in whole seconds
	probe      *Task         // the single exchange that asks, after the end, how many there are; nil is none
	unit       resetUnit
	full       bool          // the last window that was probed had its whole limit
	sliding    slidingWindow // whether requests come back one by one
}

const (
	// unknownReset is when a quota is asked for again whose response told no reset.
	unknownReset = time.Second
	// mostLate bounds quotaWindow.late: what rounding to seconds, of the reset and of the Date, can make.
	mostLate = time.Second
	// longestUnitless is the longest window of which a request waits while its unit may still turn out to be milliseconds.
	longestUnitless = 90 * time.Second
	// unanswered is a time for starts that wait for a response: Done reclassifies the lane when it comes.
	unansweredWait = time.Minute
)

// newQuotaWindow returns the window that a response to t told first, when so many Tasks of the lane had started.
func newQuotaWindow(q *judge.Quota, t *Task, starts uint64, now time.Time) quotaWindow {
	w := quotaWindow{policy: q.Policy, concurrent: q.Concurrent}
	w.unit.note(q, t, now)
	w.set(q, t, starts, now)
	if int64(starts) > w.limit { //nolint:gosec // far fewer
		w.sliding.first = t.number
	}
	return w
}

// update takes in what a response to t tells. A request that started after the least number was known has seen the
// quota later than that; of requests that were under way together the one that tells the fewest counts, and of equal
// ones see isPreferred.
func (w *quotaWindow) update(q *judge.Quota, t *Task, starts uint64, now time.Time) {
	if w.unit.note(q, t, now) && w.unitless { // another unit than was assumed
		w.length = 0
		w.setEnd()
	}
	w.sliding.observe(w.size(), q.Remaining-(w.least-1), now.Before(w.end), t)
	switch {
	case w.probe != nil && w.probe != t && t.Started.Before(w.end): // of the window before; the probe tells the next one
		w.least = min(w.least, q.Remaining)
	case w.probe == t:
		w.notice(q, now)
		w.set(q, t, starts, now)
		w.beginWindow(q.Remaining, w.end.Sub(now), t, now)
	case t.number > w.starts, q.Remaining < w.least, q.Remaining == w.least && w.isPreferred(q, t, now):
		w.set(q, t, starts, now)
	}
}

// size is how many requests a whole window has, as far as known.
func (w *quotaWindow) size() quotaSize { return quotaSize{w.limit, w.length} }

// beginWindow takes in what the first response of a window tells, of so many requests for so long. A long one may have
// been told in milliseconds: then no request waits.
func (w *quotaWindow) beginWindow(remaining int64, left time.Duration, t *Task, now time.Time) {
	if !w.unitless || w.unit.score != 0 || w.length <= longestUnitless {
		w.sliding.begin(w.size(), remaining, left, t, now)
	}
}

// leastEnd is when the window ends at the earliest: what is told in whole seconds is rounded up.
func (w *quotaWindow) leastEnd() time.Time {
	if w.rounded {
		return w.end.Add(-judge.WaitRounding)
	}
	return w.end.Add(-time.Second)
}

// isPreferred reports whether of two responses that tell the same number the later one counts: the one that tells the
// later end, as it was counted later; but what a refusal asks for (Retry-After) has precedence over resets.
func (w *quotaWindow) isPreferred(q *judge.Quota, t *Task, now time.Time) bool {
	asks := t.Verdict.Refusal && t.Verdict.Hold > 0
	return asks || !w.refused && w.endOf(q, now).After(w.end)
}

// set replaces what is known of the present window.
func (w *quotaWindow) set(q *judge.Quota, t *Task, starts uint64, now time.Time) {
	w.least, w.leastAt, w.leastPath, w.starts, w.probe = q.Remaining, now, t.Path, starts, nil
	if q.Limit > 0 {
		w.limit = q.Limit
	}
	if w.concurrent && q.Limit == 0 { // what it allows is what is under way, and what is left
		w.limit = max(w.limit, q.Remaining)
	}
	w.reset, w.rounded, w.unitless, w.refused = q.Reset, q.Rounded, q.Unitless, t.Verdict.Refusal
	w.setEnd()
	w.length = max(w.length, q.Interval)
}

// setEnd sets the end by the reset, in the unit that is known by now.
func (w *quotaWindow) setEnd() {
	q := judge.Quota{Reset: w.reset, Unitless: w.unitless, Remaining: w.least}
	w.end = w.endOf(&q, w.leastAt)
	w.length = max(w.length, w.unit.convert(&q))
}

// endOf is when there are more requests, by what a response that came at some time tells.
func (w *quotaWindow) endOf(q *judge.Quota, came time.Time) time.Time {
	reset := w.unit.convert(q)
	switch {
	case reset <= 0:
		reset = unknownReset
	case q.Remaining <= 0:
		reset = max(reset, time.Second)
	}
	return came.Add(reset)
}

// notice compares the quota in the response to a probe with what was told of the window: whether that ended later than
// told, and whether there were as many requests as a window has.
func (w *quotaWindow) notice(q *judge.Quota, now time.Time) {
	guessed := w.refused && w.end.Sub(w.leastAt) <= mostLate // since what was told had passed
	if !guessed && q.Remaining == 0 && w.unit.convert(q) <= 2*mostLate {
		w.late = mostLate
	}
	limit := max(w.limit, q.Limit)
	w.full = limit > 0 && q.Remaining >= limit-1
}

// left is how many requests may start, where so many exchanges are unanswered.
func (w *quotaWindow) left(unanswered int) int64 {
	if w.concurrent {
		return max(w.limit, 1) - int64(unanswered)
	}
	return w.least - int64(unanswered)
}

// nextStart is when the window allows a start, where so many exchanges are unanswered; the zero time is now. After its
// end a single exchange asks how many requests there are. Where that would take long, as measured by the window, and
// the last one was whole, so is the next.
func (w *quotaWindow) nextStart(unanswered int, latency time.Duration, now time.Time) time.Time {
	if w.sliding.known {
		return w.sliding.nextStart(w.size(), w.left(unanswered), w.leastAt)
	}
	switch end := w.end.Add(w.late + w.sliding.delay); {
	case w.left(unanswered) == 1 && now.Before(w.end):
		return w.sliding.lookAt
	case w.left(unanswered) > 0:
		return time.Time{}
	case w.concurrent:
		return now.Add(unansweredWait)
	case now.Before(end):
		return end
	case w.full && w.probe == nil && 3*latency > w.length:
		w.least, w.leastAt, w.end, w.full = w.limit, now, now.Add(w.length), false
		w.reset, w.unitless, w.rounded = w.length, false, false
		return time.Time{}
	case w.probe != nil:
		return now.Add(unansweredWait)
	}
	return time.Time{}
}

// noteStart records a start, where so many exchanges were unanswered before it: as the probe, where none is left and
// the window has ended.
func (w *quotaWindow) noteStart(t *Task, unanswered int, now time.Time) {
	if w.concurrent {
		return
	}
	left := w.left(unanswered)
	if left <= 0 && !w.sliding.known && !now.Before(w.end) {
		w.probe = t
	}
	w.sliding.noteStart(t, left, now)
}

// untold takes in a response to t that did not tell the window: the request counts all the same. It reports whether the
// window is to be dropped, as the request was sent after its end.
func (w *quotaWindow) untold(t *Task) (gone bool) {
	if w.concurrent {
		return false
	}
	if w.probe == t || !t.Started.Before(w.end) {
		return true
	}
	w.least--
	return false
}

// isSpent reports whether the host has told that nothing is left.
func (w *quotaWindow) isSpent() bool { return !w.concurrent && w.least <= 0 && !w.sliding.known }
