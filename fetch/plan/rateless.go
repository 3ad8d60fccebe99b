package plan

import "time"

// A rateless finds a host whose refusals do not depend on the rate, such as servers that are up and down in turns: it
// has refused a request although it had accepted one sooner after another before. The zero rateless has found nothing.
type rateless struct {
	isFound    bool
	acceptedAt time.Time     // when the last exchange started that was accepted
	period     time.Duration // the least between two of those, with a refusal between; 0 is not known
}

// mostRateless is how many refusals in a row a host may answer whose refusals do not depend on the rate. More are that
// the holds, each of which was kept to, are too short.
const mostRateless = 2

// noteAccepted notes the start of an exchange that was accepted; afterRefusal says that the response before it was a
// refusal.
func (r *rateless) noteAccepted(started time.Time, afterRefusal bool) {
	if between := started.Sub(r.acceptedAt); afterRefusal && !r.acceptedAt.IsZero() && between > 0 &&
		(r.period == 0 || between < r.period) {
		r.period = between
	}
	r.acceptedAt = latest(r.acceptedAt, started)
}

// observe takes in a refusal that asks for a wait of hold, of an exchange that started then: the streak-th in a row.
func (r *rateless) observe(started time.Time, streak int, hold time.Duration) {
	switch waited := started.Sub(r.acceptedAt); {
	case r.isFound && streak > mostRateless:
		r.isFound, r.period = false, 0
	case streak == 1 && r.period > 0 && waited > r.period+r.period/4+hold/2:
		r.isFound = true
	}
}
