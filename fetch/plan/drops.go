package plan

import "time"

// A drops is the limit on the exchanges at once of a host that drops connections beyond a number. The zero drops is no
// limit.
type drops struct {
	width width
	since time.Time // when the first one of those that are counted was dropped
	setAt time.Time // when the limit was set last: exchanges that started before are more than it
	times int       // that it was set without an end of the drops
}

const (
	leastDropped = 2
	droppedPart  = 4 // one in so many is a good part
	restartTime  = 10 * time.Second
	mostLimits   = 3 // as many times in a row the limit has changed nothing: the number is not why
)

// noteDrop notes that a connection was dropped, of an exchange that so many others were under way with. It lowers the
// limit where one more was tried.
func (d *drops) noteDrop(others int, now time.Time) {
	switch w := &d.width; {
	case w.trying && others+1 >= w.most:
		w.lower(now)
	case w.open == 0:
		w.beginVolley(others)
		d.since = now
	}
}

// forget ends the count of those under way, after a connection was lost that the host had taken: for a while others may
// be, or not be made, for the same reason.
func (d *drops) forget(now time.Time) {
	d.width.open, d.width.notBefore = 0, latest(d.width.notBefore, now.Add(restartTime))
}

// count counts an exchange that was under way when the first one was dropped. After the last one of them the limit is
// set to how many the host has answered.
func (d *drops) count(dropped bool, now time.Time) {
	w := &d.width
	if !w.countVolley(dropped) || now.Before(w.notBefore) {
		return
	}
	if w.refused < leastDropped || w.refused*droppedPart < w.refused+w.accepted {
		return
	}
	if d.times++; d.times > mostLimits {
		d.times, w.most, w.notBefore = 0, 0, now.Add(wrongWidthTime)
		return
	}
	w.narrow(now)
	d.setAt = now
}

// widen raises the limit by one after an answer to a Task of that number, with so many exchanges under way, now and
// then; one more each time that the host has answered twice as many as there are at once. all is how many may be
// without a limit, starts how many Tasks of the lane have started.
func (d *drops) widen(underWay, all int, number, starts uint64, now time.Time) {
	w := &d.width
	switch {
	case w.most == 0 || underWay < w.most:
	case w.trying && number > w.tried:
		if w.passed++; w.passed < 2*w.most {
			return
		}
		w.trying, w.probation, d.times = false, firstProbation, 0
		w.widenAt = now.Add(w.probation)
		if w.most >= all {
			w.most = 0
		}
	case !w.trying && now.After(w.widenAt):
		w.most++
		w.trying, w.tried, w.passed = true, starts, 0
	}
}
