package plan

import (
	"time"

	"batchfetch/fetch/judge"
)

// A quotaWindow is the time window in which a host has announced to answer so many requests, and what is left of them.
type quotaWindow struct {
	known     bool
	remaining int64         // starts left in the present one
	limit     int64         // in a whole one; 0 is not known
	length    time.Duration // of a whole one: the longest that was announced
	end       time.Time     // of the present one
	cutShort  bool          // it ends later than is waited for: at the end of that wait a single start finds out more
	lastStart uint64        // the number of the start whose answer was learned from last

	guessedAt time.Time // when the present one began, where no answer has announced it; zero means that one has
}

// update takes in the quota in the answer to start number, when there have been so many later starts. A quota in the
// answer to an earlier start than the last one is ignored. The host is taken to have counted all starts up to that
// number, and no later one. A window is never waited for longer than most.
func (w *quotaWindow) update(q judge.Quota, later, number uint64, most time.Duration, now time.Time) {
	if w.known && number < w.lastStart {
		return
	}
	w.known, w.lastStart, w.guessedAt = true, number, time.Time{}
	w.remaining = q.Remaining - int64(later)
	w.limit = q.Limit
	w.cutShort = q.Reset > most
	w.length = max(w.length, min(q.Reset, most))
	w.end = now.Add(min(q.Reset, most))
}

// forgetGuess drops a window that no answer has announced, once an answer to a start in it announces none.
func (w *quotaWindow) dropGuess(started time.Time) {
	if !w.guessedAt.IsZero() && !started.Before(w.guessedAt) {
		*w = quotaWindow{}
	}
}

// nextStart is when the window allows a start; the zero time is now. After a window that is over another one like it is
// guessed, until an answer tells.
func (w *quotaWindow) nextStart(now time.Time) time.Time {
	if !w.known {
		return time.Time{}
	}
	if !w.end.After(now) {
		switch {
		case w.cutShort:
			w.remaining = 1
		case w.limit > 0:
			w.remaining = w.limit
		default:
			w.known = false
			return time.Time{}
		}
		w.end, w.guessedAt = now.Add(max(w.length, time.Second)), now
	}
	if w.remaining > 0 {
		return time.Time{}
	}
	return w.end
}
