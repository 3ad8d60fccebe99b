package fetch

import (
	"errors"
	"time"
)

// Health is what an exchange says of its host.
type Health uint8

// Unheard is nothing: the exchange was cancelled, or never came to the host. Well is an answer as it is wanted, or a redirect,
// Throttled one that asks for less (429, 503), Unwell any other. Silent is that no answer came.
const (
	Unheard Health = iota
	Well
	Unwell
	Throttled
	Silent
)

// health tells what has died of what is only ill. It is nil for a host that answers.
type health struct {
	silent int      // exchanges in a row that brought no answer
	last   *Failure // of the last of them
	parked bool     // the host is asked by single probes only
	probe  *task    // the one under way; nil is none
	probes int      // that failed
	down   bool     // so did the last: nothing is asked any more
}

// probesToDown is how many probes have to fail until a parked host is given up for the run.
const probesToDown = 3

// firstProbe is the least time until the first probe; each further one waits twice as long.
const firstProbe = time.Second

// listen counts exchanges that brought no answer, and reports whether the host has just been given up.
//
// A host that has answered before is there: a connection that it breaks off then tells of a page, not of the host.
func (l *lane) listen(t *task, o *Options, now time.Time) (down bool) {
	h, v := l.health, &t.verdict
	l.answered = l.answered || v.Health != Unheard && v.Health != Silent
	switch {
	case v.Health == Silent && l.answered && isBrokenOff(v.Failure):
		if h != nil && h.probe == t {
			l.health = nil
		}
	case v.Health == Silent && o.HostMaxErrors > 0:
		if h == nil {
			h = new(health)
			l.health = h
		}
		return l.silence(t, o, now)
	case h == nil || h.down:
	case v.Health != Unheard && v.Health != Silent:
		l.health = nil
	case h.probe == t: // cut off: it says nothing, and another may go
		h.probe = nil
	}
	return false
}

// isBrokenOff reports whether there was a connection, and the other side ended it.
func isBrokenOff(f *Failure) bool {
	return f != nil && (f.Kind == Reset || f.Kind == Truncated || f.Kind == Protocol)
}

func (l *lane) silence(t *task, o *Options, now time.Time) (down bool) {
	h := l.health
	switch {
	case h.down || h.parked && h.probe != t: // it flew before
		return false
	case h.parked:
		h.probe = nil
		h.probes++
		h.down = h.probes >= probesToDown
	default:
		h.silent++
		h.parked = h.silent >= o.HostMaxErrors
	}
	h.last = t.verdict.Failure
	if h.parked && !h.down {
		wait := max(o.RetryDelay, firstProbe) << h.probes
		l.pausedUntil = latest(l.pausedUntil, now.Add(min(wait, max(o.RetryMaxDelay, firstProbe))))
	}
	return h.down
}

// asked notes the probe of a parked host.
func (h *health) asked(t *task) {
	if h != nil && h.parked {
		h.probe = t
	}
}

// probing reports whether a probe is under way: nothing else may be asked meanwhile.
func (h *health) probing() bool { return h != nil && h.probe != nil }

// parkedFor is how long a parked host of which nothing more is asked is remembered.
const parkedFor = time.Minute

// until is when a lane without Tasks may be forgotten, as far as the host's health goes.
func (h *health) until(paused time.Time) time.Time {
	switch {
	case h == nil || !h.parked:
		return time.Time{}
	case h.down:
		return paused.Add(longestWait)
	}
	return paused.Add(parkedFor)
}

// obituary is the last word on a Task whose host is down. One that has been asked before ends as it failed then.
func (h *health) obituary(t *task) *Failure {
	if t != nil && t.verdict.Failure != nil {
		own := t.verdict.Failure
		return failf(own.Kind, "%w; not asked again: the host is down, %d exchanges in a row and %d probes after them brought no answer",
			own, h.silent, h.probes)
	}
	return failf(HostDown, "not asked: %d exchanges in a row and %d probes after them brought no answer from the host, the last one so: %w",
		h.silent, h.probes, h.last)
}

// healthOf says what an answer tells of its host.
func healthOf(o *Options, a *answer) Health {
	switch {
	case a.status == 0 && a.spoke: // it talks, whatever that is
		return Unwell
	case a.status == 0:
		return silenceOf(a.failure)
	case stillsHost(a.status) && !o.AcceptStatus.Has(a.status):
		return Throttled
	case a.failure == nil && (o.AcceptStatus.Has(a.status) || isRedirect(a.status)):
		return Well
	}
	return Unwell
}

// silenceOf tells a host that brought no answer from an exchange that says nothing of it.
func silenceOf(f *Failure) Health {
	var proxys *proxyRefusal
	if f == nil || errors.As(f, &proxys) { // a proxy said no: the host was not asked
		return Unheard
	}
	switch f.Kind {
	case DNS, Connect, TLS, Timeout, Stalled, Reset, Truncated, Protocol:
		return Silent
	}
	return Unheard
}
