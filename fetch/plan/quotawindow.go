package plan

import (
	"time"

	"batchfetch/fetch/judge"
)

// A quotaWindow is the time window in which a host has announced to answer a number of requests, and how many of them
// are left. The zero quotaWindow is that of a host that has announced none.
type quotaWindow struct {
	known     bool
	remaining int64         // starts left in the present window; may be negative
	limit     int64         // starts in a whole window; 0 is not known
	length    time.Duration // of a whole window: the longest that was announced
	end       time.Time     // of the present window
	cutShort  bool          // the host's window ends after RetryMaxDelay: end is earlier, and a single start follows it
	lastStart uint64        // Task.number of the start whose response was used last

	guessedAt time.Time // when the present window began, if no response has announced it yet; else zero
}

// update sets the window to the quota q in the response to the start of that number, since when later starts have
// happened. A quota from an earlier start than the last one is ignored. The host is assumed to have counted all starts
// up to that number, and no later one. The plan waits for a window for at most most.
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

// dropGuess clears a guessed window after a response without a quota to a request that started in it.
func (w *quotaWindow) dropGuess(started time.Time) {
	if !w.guessedAt.IsZero() && !started.Before(w.guessedAt) {
		*w = quotaWindow{}
	}
}

// nextStart is when the window allows a start; the zero time is now. After the end of a window another one of the same
// length and limit is guessed, until a response announces it or not.
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
