package fetch

import (
	"time"

	"golang.org/x/time/rate"
)

// A pace spaces starts evenly: 60/m is one a second, never sixty at once.
type pace struct {
	limiter *rate.Limiter // nil is no limit
	due     time.Time     // when the next start may be
}

// tick is the span within which more than one start may come at once: at up to 1000/s that is one.
// lateness is how late a timer may be without slowing the rate down; the runtime's are up to a tick late, and the wake-up comes on top.
// What a late start has missed is caught up with at once: that is never more than lateness holds.
const (
	tick     = time.Millisecond
	lateness = 2 * tick
)

func newPace(perSecond float64) pace {
	if perSecond <= 0 {
		return pace{}
	}
	burst := max(1, int(perSecond*tick.Seconds()))
	return pace{limiter: rate.NewLimiter(rate.Limit(perSecond), burst)}
}

// spend takes the token of a start at now. A start that is no more than lateness late counts from when it was due.
func (p *pace) spend(now time.Time) {
	if p.limiter == nil {
		return
	}
	from := now
	if late := now.Sub(p.due); late > 0 && late <= lateness {
		from = p.due
	}
	p.limiter.ReserveN(from, 1)
	p.due = from
	if missing := 1 - p.limiter.TokensAt(from); missing > 0 {
		wait := min(missing/float64(p.limiter.Limit()), longestWait.Seconds())
		p.due = from.Add(time.Duration(wait * float64(time.Second)))
	}
}
