package plan

import "time"

// A width is the limit on the exchanges at once that a host has caused by refusals, as of a host that refuses for how
// many are under way, whatever their rate. The zero width is no limit.
type width struct {
	slow  int // after a hold that the host asked for, or a stall: 1, and one more with each second response; 0 is no limit
	taken int // responses since that hold
	again int // responses that are expected since then; 0 is not known

	most      int           // exchanges that the host has taken at once when it refused others; 0 is no limit
	probation time.Duration // how long one more is not tried
	widenAt   time.Time     // when one more is tried
	trying    bool          // one more is tried
	tried     uint64        // how many Tasks of the lane had started before that
	passed    int           // responses to later ones
	notBefore time.Time     // until then refusals are not taken to be for the number: that has been wrong

	open     int // exchanges under way at the first refusal of a volley that have not ended
	refused  int // exchanges that were refused in the volley
	accepted int // exchanges of the volley that were not
}

const (
	firstProbation   = 2 * time.Second // doubled each time that one more was refused
	longestProbation = time.Minute
	wrongWidthTime   = time.Minute
)

// limit is the number of exchanges at once, at most most.
func (w *width) limit(most int) int {
	if w.slow > 0 {
		most = min(most, w.slow)
	}
	if w.most > 0 {
		most = min(most, w.most)
	}
	return most
}

// hold limits the number after a hold that the host asked for, and that came after so many responses where it is the
// first one. quick says that exchanges take long: then as many as were taken before follow the first one.
func (w *width) hold(first int, quick bool) {
	if w.slow > 0 || w.taken > 0 {
		first = w.taken
	}
	w.slow, w.taken, w.again = 1, 0, 0
	if quick {
		w.again = first
	}
}

// stall limits the number after a connection that exchanges shared has stalled.
func (w *width) stall() { w.slow, w.taken, w.again = 1, 0, 0 }

// beginVolley notes the first of the refusals of exchanges that were under way together: so many others are open.
func (w *width) beginVolley(open int) { w.open, w.refused, w.accepted = open, 1, 0 }

// countVolley counts an exchange that started before the first refusal of a volley came, and reports whether it was the
// last one, and the host has accepted some.
func (w *width) countVolley(refused bool) (mixed bool) {
	if w.open == 0 {
		return false
	}
	w.open--
	if refused {
		w.refused++
	} else {
		w.accepted++
	}
	return w.open == 0 && w.accepted > 0
}

// narrow sets the limit to what the host has accepted of a volley.
func (w *width) narrow(now time.Time) {
	w.most, w.probation, w.trying = w.accepted, firstProbation, false
	w.widenAt = now.Add(w.probation)
}

// isExceeded reports whether a refusal that came with so many exchanges under way is of the one more that was tried.
// Where it came with fewer, the number was not why the host refused, and the limit is removed.
func (w *width) isExceeded(underWay int, now time.Time) bool {
	if w.most == 0 {
		return false
	}
	if !w.trying || underWay < w.most {
		w.most, w.notBefore = 0, now.Add(wrongWidthTime)
		return false
	}
	w.lower(now)
	return true
}

// isCrowded narrows the limit after a refusal that is for the exchanges under way, so many with it, and reports whether
// fewer may be enough.
func (w *width) isCrowded(underWay int, now time.Time) bool {
	if w.most == 0 || underWay < 2 {
		return false
	}
	w.most = min(w.most, underWay)
	w.lower(now)
	return true
}

// lower takes one off the limit, and puts the next try of one more off.
func (w *width) lower(now time.Time) {
	w.most--
	w.trying = false
	w.probation = min(2*w.probation, longestProbation)
	w.widenAt = now.Add(w.probation)
}

// observe widens the limits after a response to a Task of that number that was no refusal, with so many exchanges under
// way. all is how many may be without a limit, starts how many Tasks of the lane have started. Where one more is
// accepted, twice as often as there are exchanges at once, the number is not limited any more.
func (w *width) observe(underWay, all int, number, starts uint64, now time.Time) {
	w.taken++
	if w.slow > 0 {
		if w.slow = max(1+w.taken/2, w.again-w.taken); w.slow >= all {
			w.slow = 0
		}
	}
	switch {
	case w.most == 0 || underWay < w.most:
	case w.trying:
		if number <= w.tried {
			return
		}
		if w.passed++; w.passed >= 2*w.most {
			w.most, w.trying = 0, false
		}
	case now.After(w.widenAt):
		w.most++
		w.trying, w.tried, w.passed = true, starts, 0
	}
}
