package plan

import (
	"slices"
	"time"
)

// tick is the length of time whose starts are allowed to come at once: at rates of up to 1000/s that is one start.
const tick = time.Millisecond

// A sentLog is a limit of so many requests in any time of a length (a sliding window log), by when they were sent. A
// request that waits for its connection (dial, TLS) comes to the server later than it started, and one that starts
// later, over a connection that is there, does not. The zero sentLog is no limit.
type sentLog struct {
	most       int           // requests in a unit; 0 is no limit
	unit       time.Duration // the least time from a request that is sent to the most-th start after it
	sent       []time.Time   // when the requests of the last starts, at most most, were sent, as far as known; a ring
	next       int           // where in sent the next one goes
	matterTill time.Time     // until then one of them may be in the unit of a start, and was sent late
}

// wasSentLate reports whether the request of a Task was sent so long after its start that it does not count as sent
// then.
func wasSentLate(t *Task) bool { return t.Sent.Sub(t.Started) > tick }

// noteStart records a start, as sent at once until more is known.
func (s *sentLog) noteStart(now time.Time) {
	switch {
	case s.most == 0:
		return
	case len(s.sent) < s.most:
		s.sent = append(s.sent, now)
	default:
		s.sent[s.next] = now
	}
	s.next = (s.next + 1) % s.most
}

// noteSent records when the request of a start was sent, where that was late (wasSentLate), and reports whether the log
// changes by it.
func (s *sentLog) noteSent(started, sent time.Time) bool {
	i := slices.Index(s.sent, started)
	if i < 0 {
		return false
	}
	s.sent[i], s.matterTill = sent, latest(s.matterTill, sent.Add(s.unit))
	return true
}

// nextStart is when the unit of the oldest request ends, where it has room for no more; else the zero time.
func (s *sentLog) nextStart() time.Time {
	if len(s.sent) < s.most || s.most == 0 {
		return time.Time{}
	}
	return s.sent[s.next].Add(s.unit)
}
