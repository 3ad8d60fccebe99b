package plan

import (
	"fmt"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// health is a host's streak of exchanges without a response, and the state of the probes that follow a long one. It
// distinguishes a host that is down from one with a few broken pages. A nil *health means that there is no such streak.
type health struct {
	unanswered int              // exchanges in a row that brought no response, probes not counted
	last       *failure.Failure // of the last exchange without a response
	probesOnly bool             // Tasks start as probes only, one at a time
	since      time.Time        // when that began
	probe      *Task            // the probe under way; nil is none
	probes     int              // probes that failed
	down       bool             // the last probe has failed: no more Tasks start in this run
}

// probesToDown is how many probes have to fail until a host is down, and timeToDown how long it is probed at least
// where it has answered before: a service that is restarted refuses connections meanwhile.
const (
	probesToDown = 3
	timeToDown   = 30 * time.Second
)

// firstProbe is the least wait before the first probe; that before each further one is twice as long.
const firstProbe = time.Second

// noteProbe records a Task that has started as the probe, where only probes start.
func (h *health) noteProbe(t *Task) {
	if h != nil && h.probesOnly {
		h.probe = t
	}
}

// isProbing reports whether a probe is under way. Meanwhile no Task of the host starts.
func (h *health) isProbing() bool { return h != nil && h.probe != nil }

// probesOnlyLifetime is how long a lane without Tasks is kept, after its pause, where only probes start.
const probesOnlyLifetime = time.Minute

// expiry is when a lane without Tasks may be deleted, as far as its health goes: practically never where the host is
// down. The zero time is now.
func (h *health) expiry(paused time.Time) time.Time {
	switch {
	case h == nil || !h.probesOnly:
		return time.Time{}
	case h.down:
		return paused.Add(judge.LongestWait)
	}
	return paused.Add(probesOnlyLifetime)
}

// downFailure is the Failure of a Task whose host is down; a nil Task is one that has had no exchange. One that has
// had one keeps the kind of its own failure.
func (h *health) downFailure(t *Task) *failure.Failure {
	if t != nil && t.Verdict.Failure != nil {
		own := t.Verdict.Failure
		return own.Reworded(fmt.Errorf("%w; not retried: the host is down, "+
			"%d attempts in a row and %d probes after them got no answer", own, h.unanswered, h.probes))
	}
	return failure.New(failure.HostDown, "not sent: %d attempts in a row and %d probes after them got no answer "+
		"from the host, the last one: %w", h.unanswered, h.probes, h.last)
}
