package plan

import "time"

// A meter counts events in the present second and in the one before.
type meter struct {
	second        time.Time // when the present second began
	count, before int       // events in the present second, and in the one before
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
	m.before = m.count
	if past >= 2*time.Second {
		m.before = 0
	}
	m.second, m.count = now, 0
}

// perSecond is the number of events in the present second or in the one before, whichever is larger.
func (m *meter) perSecond(now time.Time) float64 {
	m.advance(now)
	return float64(max(m.count, m.before))
}
