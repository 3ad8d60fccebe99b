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
	return pace{limiter: rate.NewLimiter(rate.Limit(perSecond), burst(perSecond))}
}

func burst(perSecond float64) int { return max(1, int(perSecond*tick.Seconds())) }

// set changes the rate from now on; 0 is no limit. The next start keeps its distance from the last one.
func (p *pace) set(perSecond float64, now time.Time) {
	switch {
	case perSecond <= 0:
		*p = pace{}
	case p.limiter == nil:
		*p = newPace(perSecond)
		p.spend(now) // as if one had just started
	default:
		p.limiter.SetLimitAt(now, rate.Limit(perSecond))
		p.limiter.SetBurstAt(now, burst(perSecond))
		p.due = p.after(now)
	}
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
	p.due = p.after(from)
}

// after is when there is a whole token again.
func (p *pace) after(from time.Time) time.Time {
	missing := 1 - p.limiter.TokensAt(from)
	if missing <= 0 {
		return from
	}
	wait := min(missing/float64(p.limiter.Limit()), longestWait.Seconds())
	return from.Add(time.Duration(wait * float64(time.Second)))
}
