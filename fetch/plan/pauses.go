package plan

// pauses finds how long a host is paused that refuses requests and does not say for how long: twice as long after each
// refusal in a row. Some hosts refuse all until nothing has come for a while, as each request, also a refused one,
// extends the window that it counts in (flask-limiter, fixed-window-elastic-expiry). So the pause that was long enough
// is the first one the next time; where it is not, as the host may count from before, the others begin at the shortest.
// The zero pauses knows nothing.
type pauses struct {
	doubled  int  // how many times the pause under way is doubled, plus one; 0 is none
	enough   int  // the same of one that was long enough after shorter ones; 0 is not known
	lasted   int  // how many times in a row that one has been long enough at once
	accepted int  // requests since the last pause
	byEnough bool // the pause under way is that one
}

const (
	leastEnough     = 3 // shorter pauses are tried anew each time
	leastAccepted   = 3 // requests between two pauses; a host that accepts fewer has none for its window to end
	pausesToShorten = 4 // of which each was long enough: a shorter one may be
)

// next begins the pause after a refusal, the first one of a row or not, and returns how many times it is doubled, plus
// one.
func (p *pauses) next(isFirst bool) int {
	switch {
	case isFirst && p.enough > 0 && p.accepted >= leastAccepted:
		p.doubled, p.byEnough = p.enough, true
		return p.doubled
	case isFirst, p.byEnough:
		p.doubled = 1
	default:
		p.doubled++
	}
	p.byEnough = false
	return p.doubled
}

// noteAccepted takes in that the host accepts a request.
func (p *pauses) noteAccepted() {
	p.accepted++
	if p.doubled == 0 {
		return
	}
	if !p.byEnough && p.doubled >= leastEnough && p.doubled > p.enough {
		p.enough, p.lasted = p.doubled, 0
	}
	if p.byEnough {
		if p.lasted++; p.lasted == pausesToShorten {
			p.enough, p.lasted = p.enough-1, 0
		}
	}
	p.doubled, p.accepted = 0, 1
}
