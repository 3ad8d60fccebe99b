package plan

import (
	"time"

	"batchfetch/fetch/judge"
)

// A quotaWindow is the time window in which a host has announced to answer so many requests, and what is left of them.
type quotaWindow struct {
	known bool
	left  int64         // starts left in the present one
	size  int64         // in a whole one; 0 is not known
	span  time.Duration // of a whole one: the longest that was announced
	end   time.Time     // of the present one
	long  bool          // it ends later than is waited for: at the end of that wait a single start finds out more
	from  uint64        // the number of the start whose answer was learned from last

	guessed time.Time // when the present one began, where no answer has announced it; zero means that one has
}

// learn takes in the quota in the answer to start number, when there have been so many later starts. A quota in the
// answer to an earlier start than the last one is ignored. The host is taken to have counted all starts up to that
// number, and no later one. A window is never waited for longer than most.
func (w *quotaWindow) learn(q judge.Quota, later, number uint64, most time.Duration, now time.Time) {
	if w.known && number < w.from {
		return
	}
	w.known, w.from, w.guessed = true, number, time.Time{}
	w.left = q.Remaining - int64(later)
	w.size = q.Limit
	w.long = q.Reset > most
	w.span = max(w.span, min(q.Reset, most))
	w.end = now.Add(min(q.Reset, most))
}

// forgetGuess drops a window that no answer has announced, once an answer to a start in it announces none.
func (w *quotaWindow) forgetGuess(t *Task) {
	if !w.guessed.IsZero() && !t.Started.Before(w.guessed) {
		*w = quotaWindow{}
	}
}

// allows is when the window allows a start; the zero time is now. After a window that is over another one like it is
// guessed, until an answer tells.
func (w *quotaWindow) allows(now time.Time) time.Time {
	if !w.known {
		return time.Time{}
	}
	if !w.end.After(now) {
		switch {
		case w.long:
			w.left = 1
		case w.size > 0:
			w.left = w.size
		default:
			w.known = false
			return time.Time{}
		}
		w.end, w.guessed = now.Add(max(w.span, time.Second)), now
	}
	if w.left > 0 {
		return time.Time{}
	}
	return w.end
}
