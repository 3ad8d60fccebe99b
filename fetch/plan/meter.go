package plan

import "time"

// A meter counts events by the second, in two seconds' worth of memory.
type meter struct {
	second        time.Time // when the present one began
	count, before int       // events in it, and in the one before
}

// add counts an event.
func (m *meter) add(now time.Time) {
	m.advance(now)
	m.count++
}

// advance begins a new second where the present one is over.
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

// perSecond is how many events there were in the busier of the last two seconds.
func (m *meter) perSecond(now time.Time) float64 {
	m.advance(now)
	return float64(max(m.count, m.before))
}
