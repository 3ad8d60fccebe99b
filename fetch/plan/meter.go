package plan

import "time"

// A meter counts events in the present second and in the one before.
type meter struct {
	second          time.Time // when the present second began
	count, previous int       // events in the present second, and in the one before
}

// add counts an event.
func (m *meter) add(now time.Time) {
	m.advance(now)
	m.count++
}

// advance begins a new second at now where the present one is over.
func (m *meter) advance(now time.Time) {
	past := now.Sub(m.second)
	if past < time.Second {
		return
	}
	m.previous = m.count
	if past >= 2*time.Second {
		m.previous = 0
	}
	m.second, m.count = now, 0
}

// perSecond is the number of events in the present second or in the one before, whichever is larger.
func (m *meter) perSecond(now time.Time) float64 {
	m.advance(now)
	return float64(max(m.count, m.previous))
}

// A movingShare is what part of the last events were of some kind, 0 to 1: an exponential moving average.
type movingShare float64

// add takes in an event, which counts one in span.
func (s *movingShare) add(isOfKind bool, span movingShare) {
	x := movingShare(0)
	if isOfKind {
		x = 1
	}
	*s += (x - *s) / span
}
