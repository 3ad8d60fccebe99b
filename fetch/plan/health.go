package plan

import (
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// health is a host's streak of exchanges without an answer, which tells one that is down from one with a few broken
// pages. A nil *health means that there is no such streak.
type health struct {
	unanswered int              // exchanges in a row that brought no answer, probes aside
	last       *failure.Failure // of the last exchange without an answer
	probesOnly bool             // Tasks start as probes only, one at a time
	probe      *Task            // the one under way; nil is none
	probes     int              // that failed
	down       bool             // the last probe failed too: no more Tasks start in this run
}

// probesToDown is how many probes have to fail until a host is down.
const probesToDown = 3

// firstProbe is the least time until the first probe; each further one waits twice as long.
const firstProbe = time.Second

// observeHealth counts exchanges that brought no answer, and reports whether the host has just gone down.
//
// A connection that the host breaks off does not count once it has answered: then that is about a page, not about the
// host.
func (l *lane) observeHealth(t *Task, lim *Limits, now time.Time) (down bool) {
	h, v := l.health, &t.Verdict
	l.answered = l.answered || v.Health != judge.Unknown && v.Health != judge.NoAnswer
	switch {
	case v.Health == judge.NoAnswer && l.answered && isBrokenOff(v.Failure):
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
	case h.probe == t: // it was cancelled, and another may start
		h.probe = nil
	}
	return false
}

// isBrokenOff reports whether the host ended a connection before its answer was whole.
func isBrokenOff(f *failure.Failure) bool {
	return f != nil && (f.Kind == failure.Reset || f.Kind == failure.Truncated || f.Kind == failure.Protocol)
}

// noAnswer counts an exchange without an answer, and reports whether the host has just gone down. At
// lim.HostMaxErrors in a row the host is paused and only probes start; each probe that fails doubles the pause.
func (l *lane) noAnswer(t *Task, lim *Limits, now time.Time) (down bool) {
	h := l.health
	switch {
	case h.down || h.probesOnly && h.probe != t: // it started before the first probe
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

// noteProbe notes that a Task has started, where that is a probe.
func (h *health) noteProbe(t *Task) {
	if h != nil && h.probesOnly {
		h.probe = t
	}
}

// probing reports whether a probe is under way. No Task starts meanwhile.
func (h *health) probing() bool { return h != nil && h.probe != nil }

// probesOnlyKept is how long it is remembered that only probes start, of a host without Tasks.
const probesOnlyKept = time.Minute

// until is when a lane without Tasks may be forgotten, as far as its health goes: never one that is down.
func (h *health) until(paused time.Time) time.Time {
	switch {
	case h == nil || !h.probesOnly:
		return time.Time{}
	case h.down:
		return paused.Add(judge.LongestWait)
	}
	return paused.Add(probesOnlyKept)
}

// downFailure is why a Task fails whose host is down; a nil Task is one that has never been asked. One that has been
// asked keeps the kind of its own failure.
func (h *health) downFailure(t *Task) *failure.Failure {
	if t != nil && t.Verdict.Failure != nil {
		own := t.Verdict.Failure
		return failure.New(own.Kind, "%w; not asked again: the host is down, "+
			"%d exchanges in a row and %d probes after them brought no answer", own, h.unanswered, h.probes)
	}
	return failure.New(failure.HostDown, "not asked: %d exchanges in a row and %d probes after them brought no answer "+
		"from the host, the last one so: %w", h.unanswered, h.probes, h.last)
}
