package plan

import "time"

// A crowdLimit is the limit on the exchanges at once of a host that answers those beyond a number with Overloaded, such
// as a 503 without Retry-After, while it goes on with the others: nginx (limit_conn) and Traffic Server
// (per_server.connection.max) do. Where others take long, the retries of a request end before a place is free, at
// whatever rate. The zero crowdLimit is no limit.
type crowdLimit struct {
	width  widthLimit
	volley volley
	since  time.Time // when the first one of the volley was refused
	found  int       // the limit that was set first, or that was left when it was lowered as too many were refused
	setAt  time.Time // when the limit was set: exchanges that started before are more than it
	later  int       // exchanges not refused that started after the first one of the volley was refused
}

const (
	leastCrowded = 2
	crowdedPart  = 4 // one in so many of a volley is a good part
	leastMisses  = 2
	missedPart   = 8 // one in so many is too much: pages fail, whatever their number
)

// refuse takes in that an exchange that started then was refused, while so many others are under way.
func (c *crowdLimit) refuse(started time.Time, others int, now time.Time) {
	v, ofVolley := &c.volley, c.isOfVolley(started)
	switch {
	case ofVolley:
		v.count(true)
	case v.open > 0:
		v.refused++
	}
	switch most := c.width.most; {
	case most > 0 && started.After(c.setAt):
		c.noteMiss(others+1, now)
	case v.open == 0 && !ofVolley:
		v.begin(others)
		c.since, c.later = now, 0
	case (most == 0 || ofVolley) && !now.Before(c.width.notBefore):
		c.set(now)
	}
}

// isOfVolley reports whether an exchange that started then was under way when the first one was refused.
func (c *crowdLimit) isOfVolley(started time.Time) bool {
	return c.volley.open > 0 && !started.After(c.since)
}

// set sets the limit to how many of the volley have not been refused, where a good part has been. Where all have been,
// their number is not why.
func (c *crowdLimit) set(now time.Time) {
	v := &c.volley
	left := v.open + v.accepted
	switch {
	case left == 0:
		c.width.remove()
	case v.refused >= leastCrowded && v.refused*crowdedPart >= v.refused+left+c.later:
		c.width.set(left, now)
		c.setAt, c.found = now, left
	}
}

// noteMiss notes that an exchange was refused though so many are under way, as the limit allows. The limit is lowered
// where one more was tried. Where requests are refused within it too often or by chance, with those that came after one
// more was taken, which may be as another had just ended, it is lowered if it had been raised, or else rejected.
func (c *crowdLimit) noteMiss(underWay int, now time.Time) {
	w := &c.width
	if w.trying && underWay >= w.most {
		passed := w.passed
		if w.lower(now); passed == 0 {
			return
		}
	}
	w.misses++
	switch isMany := w.misses >= leastMisses && w.misses*missedPart > w.taken || w.isChance(); {
	case !isMany:
	case underWay >= w.most && w.most > c.found:
		w.lower(now)
		w.misses, w.taken, c.found = 0, 0, w.most
	default:
		w.reject(now)
		c.volley = volley{}
	}
}

// take takes in that an exchange was not refused.
func (c *crowdLimit) take(started time.Time, lo load, now time.Time) {
	switch {
	case c.isOfVolley(started):
		c.volley.count(false)
	case c.volley.open > 0:
		c.later++
	}
	if started.After(c.setAt) {
		c.width.taken++
	}
	c.width.widenOn(lo, now)
}

// leaveOut ends the count of an exchange that says nothing of their number.
func (c *crowdLimit) leaveOut(started time.Time) {
	if c.isOfVolley(started) {
		c.volley.open--
	}
}
