package plan

import "time"

// A widthLimit is the limit on the exchanges at once of a host that takes no more of them, whatever their rate. It is
// set to as many as the host has accepted of a volley; from time to time one more is tried. The zero widthLimit is no
// limit.
type widthLimit struct {
	most      int           // exchanges at once; 0 is no limit
	notBefore time.Time     // until then none is set: one that was has been wrong
	widenAt   time.Time     // when one more is tried
	probation time.Duration // from the last change until then

	trying bool   // one more is tried
	tried  uint64 // how many Tasks of the lane had started before that
	passed int    // responses to later ones

	misses int // exchanges that were refused since the limit was set, though there were not more than it
	taken  int // exchanges that were not

	triesRefused int // exchanges of tries of one more that were refused since the limit was set: one for each such try
	triesPassed  int // those that were not

	tooHigh int // limits in a row that were too high (forget)
}

// A load is what a lane has under way when the response to a Task comes.
type load struct {
	underWay int    // exchanges, with that of the Task
	limit    int    // of these, without what the host has caused
	number   uint64 // Task.number
	starts   uint64 // how many Tasks of the lane have started
}

const (
	firstProbation   = 2 * time.Second // doubled each time that one more was refused
	longestProbation = time.Minute
	wrongWidthTime   = time.Minute
	mostTooHigh      = 3
	leastTries       = 3
	chancePart       = 3 // times as many are refused by chance in a try, which ends at the first that is
)

// limit is the number of exchanges at once, at most most.
func (w *widthLimit) limit(most int) int {
	if w.most > 0 {
		return min(most, w.most)
	}
	return most
}

// set sets the limit.
func (w *widthLimit) set(most int, now time.Time) {
	w.most, w.misses, w.taken = most, 0, 0
	w.triesRefused, w.triesPassed = 0, 0
	w.keep(now)
}

// keep ends the try of one more, and puts the next one off for the shortest time.
func (w *widthLimit) keep(now time.Time) {
	w.trying, w.probation = false, firstProbation
	w.widenAt = now.Add(w.probation)
}

// lower takes one off the limit, ends the try of one more, and puts the next one off for twice as long.
func (w *widthLimit) lower(now time.Time) {
	if w.most = max(w.most-1, 1); w.trying {
		w.triesRefused++
		w.triesPassed += w.passed
	}
	w.trying = false
	w.probation = min(2*w.probation, longestProbation)
	w.widenAt = now.Add(w.probation)
}

// isChance reports whether exchanges are refused whatever their number: hardly a larger part of the tries of one more
// than of those within the limit.
func (w *widthLimit) isChance() bool {
	return w.triesRefused >= leastTries &&
		w.triesRefused*(w.misses+w.taken) <= chancePart*w.misses*(w.triesRefused+w.triesPassed)
}

// remove removes a limit that is not needed any more.
func (w *widthLimit) remove() { w.most, w.trying = 0, false }

// reject removes a limit that has been wrong: the number is not why the host refuses.
func (w *widthLimit) reject(now time.Time) {
	w.remove()
	w.notBefore, w.tooHigh = now.Add(wrongWidthTime), 0
}

// forget removes a limit within which the host has turned a connection away: as more connections than it takes are
// closed meanwhile, the number that it has accepted may be too high. The volley that follows sets a lower one.
func (w *widthLimit) forget() {
	if w.most > 0 && !w.trying && w.tooHigh < mostTooHigh {
		w.tooHigh++
		w.remove()
	}
}

// isExceeded lowers the limit after a refusal of the one more that was tried, with so many exchanges under way, and
// reports whether it was that. A refusal with fewer shows that the limit is wrong.
func (w *widthLimit) isExceeded(underWay int, now time.Time) bool {
	switch {
	case w.most == 0:
		return false
	case !w.trying || underWay < w.most:
		w.reject(now)
		return false
	}
	w.lower(now)
	return true
}

// isCrowded lowers the limit after a refusal that is for the exchanges under way, so many with it, and reports whether
// fewer may be enough.
func (w *widthLimit) isCrowded(underWay int, now time.Time) bool {
	if w.most == 0 || underWay < 2 {
		return false
	}
	w.most = min(w.most, underWay)
	w.lower(now)
	return true
}

// widen tries one more where it is time to, after a response that was no refusal. It reports whether the host has
// accepted one more: twice as many Tasks as there are exchanges at once, of those that started since.
func (w *widthLimit) widen(lo load, now time.Time) (accepted bool) {
	switch {
	case w.most == 0 || lo.underWay < w.most:
	case w.trying && lo.number > w.tried:
		w.passed++
		return w.passed >= 2*w.most
	case !w.trying && now.After(w.widenAt):
		w.most++
		w.trying, w.tried, w.passed = true, lo.starts, 0
	}
	return false
}

// widenOn is widen, and goes on with one more where the host has accepted that. The limit is removed where it is no
// lower than that of the lane.
func (w *widthLimit) widenOn(lo load, now time.Time) (accepted bool) {
	if !w.widen(lo, now) {
		return false
	}
	w.triesPassed += w.passed
	w.keep(now)
	if w.most >= lo.limit {
		w.remove()
	}
	return true
}
