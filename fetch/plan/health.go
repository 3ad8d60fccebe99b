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

// noteProbe notes that a Task has started, where that is a probe.
func (h *health) noteProbe(t *Task) {
	if h != nil && h.probesOnly {
		h.probe = t
	}
}

// isProbing reports whether a probe is under way. No Task starts meanwhile.
func (h *health) isProbing() bool { return h != nil && h.probe != nil }

// probesOnlyLifetime is how long it is remembered that only probes start, of a host without Tasks.
const probesOnlyLifetime = time.Minute

// expiry is when a lane without Tasks may be forgotten, as far as its health goes: never one that is down.
func (h *health) expiry(paused time.Time) time.Time {
	switch {
	case h == nil || !h.probesOnly:
		return time.Time{}
	case h.down:
		return paused.Add(judge.LongestWait)
	}
	return paused.Add(probesOnlyLifetime)
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
