package limits

import (
	"time"

	"batchfetch/fetch/plan"
)

// own is this process's part of limits while there is no server: the n-th of each rate, and of each width at least 1.
type own struct {
	parts  int
	began  time.Time            // when the server failed: what it had granted may start later still
	limits map[string]*ownLimit // by plan.SharedLimit.Name
}

type ownLimit struct {
	next time.Time // when the next start may be
	held time.Time // until when nothing is to be sent
}

// maxOwnLimits bounds the limits that are kept; beyond it those that hold nothing up any more are dropped.
const maxOwnLimits = 1 << 14

// answer answers a plan.Ask.
func (o *own) answer(a *plan.Ask, now time.Time) (g plan.Grant) {
	if len(o.limits) > maxOwnLimits {
		for name, l := range o.limits {
			if l.next.Before(now) && l.held.Before(now) {
				delete(o.limits, name)
			}
		}
	}
	for _, l := range a.Limits {
		known := o.limits[l.Name]
		if known == nil {
			known = &ownLimit{next: o.began.Add(max(ahead+slice, l.Distance))}
			o.limits[l.Name] = known
		}
		if until := now.Add(l.Hold); l.Hold > 0 && until.After(known.held) {
			known.held = until
		}
		if known.held.After(now) && known.held.After(g.HeldUntil) {
			g.HeldUntil = known.held
		}
		width := min(l.Active+l.Wanted, max(l.Width/o.parts, 1))
		if l.Width == 0 {
			width = 0
		}
		g.Widths = append(g.Widths, width)
	}
	if g.HeldUntil.IsZero() {
		o.addSlots(a, &g, now)
	}
	return g
}

// addSlots grants the starts of a slice of time.
func (o *own) addSlots(a *plan.Ask, g *plan.Grant, now time.Time) {
	for len(g.Slots) < a.Starts {
		at := now
		for _, l := range a.Limits {
			if next := o.limits[l.Name].next; l.Distance > 0 && next.After(at) {
				at = next
			}
		}
		if at.Sub(now) > ahead {
			g.Again = at.Add(-ahead)
			return
		}
		g.Slots = append(g.Slots, plan.Slot{At: at, Stamp: at.UnixMicro()})
		for _, l := range a.Limits {
			if l.Distance > 0 {
				o.limits[l.Name].next = at.Add(time.Duration(o.parts) * l.Distance)
			}
		}
	}
}
