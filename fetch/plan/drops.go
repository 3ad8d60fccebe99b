package plan

import "time"

// A dropLimit is the limit on the exchanges at once of a host that drops connections beyond a number. The zero
// dropLimit is no limit.
type dropLimit struct {
	width  widthLimit
	volley volley
	since  time.Time // when the first one of the volley was dropped
	setAt  time.Time // when the limit was set last: exchanges that started before are more than it
	times  int       // that it was set without an end of the drops
}

const (
	leastDropped = 2
	droppedPart  = 4 // one in so many is a good part
	restartTime  = 10 * time.Second
	mostDropped  = 12 // so many within the limit, and one in missedDrops of all: the number is not why
	missedDrops  = 12
	mostLimits   = 3 // as many times in a row the limit has changed nothing: the number is not why
)

// unreplaced is the number of exchanges at once, at most most, by which none takes the place of one that was dropped
// until the volley is over: it would be dropped as well, and lost where it can't be retried.
func (d *dropLimit) unreplaced(most int) int {
	if v := &d.volley; v.open > 0 {
		return min(most, v.open+v.accepted)
	}
	return most
}

// noteDrop notes that a connection was dropped, of an exchange that so many others were under way with. It lowers the
// limit where one more was tried.
func (d *dropLimit) noteDrop(others int, now time.Time) {
	switch w := &d.width; {
	case w.trying && others+1 >= w.most:
		w.lower(now)
	case d.isMissed(now):
	case d.volley.open == 0:
		d.volley.begin(others)
		d.since = now
	}
}

// isMissed counts an exchange that was dropped within the limit, and reports whether it rejects that: as many are, so
// it is by chance that one is dropped.
func (d *dropLimit) isMissed(now time.Time) bool {
	if d.width.most == 0 {
		return false
	}
	w := &d.width
	w.misses++
	if isFew := w.misses < mostDropped || w.misses*missedDrops < w.misses+w.taken; isFew && !w.isChance() {
		return false
	}
	w.reject(now)
	d.times, d.volley = 0, volley{}
	return true
}

// forget ends the count of those under way, after a connection was lost that the host had taken: for a while others may
// be, or not be made, for the same reason.
func (d *dropLimit) forget(now time.Time) {
	d.volley.open, d.width.notBefore = 0, latest(d.width.notBefore, now.Add(restartTime))
}

// count counts an exchange that was under way when the first one was dropped. After the last one of them the limit is
// set to how many the host has answered.
func (d *dropLimit) count(dropped bool, now time.Time) {
	w, v := &d.width, &d.volley
	if !v.count(dropped) || now.Before(w.notBefore) {
		return
	}
	if v.refused < leastDropped || v.refused*droppedPart < v.refused+v.accepted {
		return
	}
	if d.times++; d.times > mostLimits {
		d.times = 0
		w.reject(now)
		return
	}
	w.set(v.accepted, now)
	d.setAt = now
}

// leaveOut ends the count of an exchange of which nothing is known.
func (d *dropLimit) leaveOut() { d.volley.open = max(d.volley.open-1, 0) }

// widen raises the limit by one after an answer to a Task, now and then.
func (d *dropLimit) widen(lo load, now time.Time) {
	d.width.taken++
	if d.width.widenOn(lo, now) {
		d.times = 0
	}
}
