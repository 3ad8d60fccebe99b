package plan

import (
	"fmt"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// observe updates the lane after an exchange, by the Verdict of its Task, and reports whether the lane has just been
// closed because of it.
func (l *lane) observe(t *Task, lim *Limits, now time.Time) (closed bool) {
	v := &t.Verdict
	if v.Hold > 0 {
		l.pausedUntil = latest(l.pausedUntil, now.Add(v.Hold))
	}
	if lim.Adaptive {
		l.adaptRate(t, lim, now)
	}
	refused := l.observeRefusal(v, now)
	if l.throttle.refusesAll() && !l.isClosed(now) { // as if it had asked for a wait of RetryMaxDelay
		l.refusals = &refusals{streak: l.throttle.streak, last: v.Failure, closedUntil: now.Add(lim.RetryMaxDelay)}
		l.throttle.streak = 0
		refused = true
	}
	down := l.observeHealth(t, lim, now)
	return refused || down
}

// isClosed reports whether Tasks of the lane fail without an exchange.
func (l *lane) isClosed(now time.Time) bool {
	return l.refusals.opensAt().After(now) || l.health != nil && l.health.down
}

// refusalsToClose is how many requests in a row a host has to refuse (Verdict.TooLong) until its other requests fail
// without an exchange: one such page says little about its host.
const refusalsToClose = 3

// observeRefusal counts a refusal, or ends the streak, and reports whether this exchange closes the lane or keeps it
// closed for longer.
func (l *lane) observeRefusal(v *judge.Verdict, now time.Time) bool {
	if !v.TooLong {
		if !l.refusals.opensAt().After(now) {
			l.refusals = nil
		}
		return false
	}
	if l.refusals == nil {
		l.refusals = new(refusals)
	}
	r := l.refusals
	r.streak++
	r.last = v.Failure
	if r.streak < refusalsToClose {
		return false
	}
	r.closedUntil = latest(r.closedUntil, now.Add(v.Failure.RetryAfter))
	return true
}

// closedFailure is the Failure of a Task of a closed lane; a nil Task is one that has had no exchange.
func (l *lane) closedFailure(t *Task, now time.Time) *failure.Failure {
	if l.health != nil && l.health.down {
		return l.health.downFailure(t)
	}
	r := l.refusals
	return &failure.Failure{
		Kind: failure.RateLimited,
		Err: fmt.Errorf("not asked: %d requests in a row were refused by the host, the last one so: %w",
			r.streak, r.last),
		RetryAfter: r.closedUntil.Sub(now),
	}
}

// observeHealth updates the streak of exchanges without a response, and reports whether the host has just gone down.
//
// A connection that the host ends early does not count once the host has answered any request: the cause is then the
// page, not the host.
func (l *lane) observeHealth(t *Task, lim *Limits, now time.Time) (down bool) {
	h, v := l.health, &t.Verdict
	l.responded = l.responded || v.Health != judge.Unknown && v.Health != judge.NoAnswer
	switch {
	case v.Health == judge.NoAnswer && l.responded && isBrokenOff(v.Failure):
		if h != nil && h.probe == t {
			l.health = nil
		}
	case v.Health == judge.NoAnswer && lim.HostMaxErrors > 0:
		if h == nil {
			h = new(health)
			l.health = h
		}
		return l.noAnswer(t, lim, now)
	case h == nil || h.down:
	case v.Health != judge.Unknown && v.Health != judge.NoAnswer:
		l.health = nil
	case h.probe == t: // it was cancelled, and another one may start
		h.probe = nil
	}
	return false
}

// isBrokenOff reports whether the host ended a connection before its response was whole.
func isBrokenOff(f *failure.Failure) bool {
	return f != nil && (f.Kind == failure.Reset || f.Kind == failure.Truncated || f.Kind == failure.Protocol)
}

// noAnswer counts an exchange without a response, and reports whether the host has just gone down. After HostMaxErrors
// in a row the host is paused and only probes start; each probe that fails doubles the pause, up to RetryMaxDelay.
func (l *lane) noAnswer(t *Task, lim *Limits, now time.Time) (down bool) {
	h := l.health
	switch {
	case h.down || h.probesOnly && h.probe != t: // the exchange started before the first probe
		return false
	case h.probesOnly:
		h.probe = nil
		h.probes++
		h.down = h.probes >= probesToDown
	default:
		h.unanswered++
		h.probesOnly = h.unanswered >= lim.HostMaxErrors
	}
	h.last = t.Verdict.Failure
	if h.probesOnly && !h.down {
		wait := max(lim.RetryDelay, firstProbe) << h.probes
		l.pausedUntil = latest(l.pausedUntil, now.Add(min(wait, max(lim.RetryMaxDelay, firstProbe))))
	}
	return h.down
}
