package plan

import "time"

// An outage is a row of connections that a host has dropped before a byte of a response, and answered none meanwhile:
// what accepts them has nobody behind it for a while, as a forwarder of TCP whose backend restarts. All that is started
// then is lost in a moment, one after the other; so the host is paused, and a single exchange follows. The zero outage
// is none.
type outage struct {
	row      int       // exchanges in a row that were dropped
	most     int       // more than so many are an outage; 0 is leastDropRow
	pauses   int       // in a row that have not helped
	pausedAt time.Time // when the last one began: what had started before says nothing more
}

const (
	leastDropRow     = 30
	longestDropRow   = 10_000
	mostOutagePauses = 4 // 1, 2, 4 and 8 s; then the pages may be why
)

// isTested reports whether the next exchange shows if an outage is over.
func (o *outage) isTested() bool { return o.pauses > 0 && o.pauses <= mostOutagePauses }

// noteDrop counts an exchange that was dropped. It returns for how long the host is to be paused, and whether that is
// given up: it has not helped.
func (o *outage) noteDrop(t *Task, now time.Time) (pause time.Duration, givenUp bool) {
	if o.pauses > mostOutagePauses || o.pauses > 0 && !t.Started.After(o.pausedAt) {
		return 0, false
	}
	if o.row++; o.pauses == 0 && o.row <= max(o.most, leastDropRow) {
		return 0, false
	}
	o.pauses++
	if o.pauses > mostOutagePauses {
		o.most = min(2*max(o.most, leastDropRow), longestDropRow)
		return 0, true
	}
	o.pausedAt = now
	return time.Second << (o.pauses - 1), false
}

// end takes in a response.
func (o *outage) end() { o.row, o.pauses = 0, 0 }
