package plan

import (
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// adaptToStall lets a single exchange follow where a connection that several shared has stalled, and more with each
// second response: all at once, over the next connection, would be likely to stall again. Where the host has answered
// others since the exchange started, it is the page that has stalled.
func (l *lane) adaptToStall(t *Task) {
	if t.Verdict.Stalled && l.answered == t.answered {
		l.ensureThrottle().slowStart.begin()
	}
}

// adaptToDrop limits the exchanges at once where a host takes only so many connections from one address and drops
// others without a word, as HAProxy (tcp-request connection reject) and mod_qos do: of those under way together some
// were answered, and a good part lost their connection before a byte of a response. A connection that had carried
// another exchange was taken: it is lost for another reason, as by a restart of the server.
func (l *lane) adaptToDrop(t *Task, now time.Time) {
	dropped, th := isDropped(&t.Verdict), l.throttle
	counted := th != nil && !t.Started.After(th.drops.since)
	switch {
	case t.Verdict.Health == judge.Unknown && counted:
		th.drops.leaveOut()
	case t.Verdict.Health == judge.Unknown:
	case dropped && t.Verdict.LostKept:
		l.ensureThrottle().drops.forget(now)
	case counted:
		th.drops.count(dropped, now)
	case dropped && (th != nil || l.active > 0) && (th == nil || t.Started.After(th.drops.setAt)):
		l.ensureThrottle().drops.noteDrop(l.active, now)
	case th != nil && !dropped:
		th.drops.widen(l.load(t), now)
	}
}

// isDropped reports whether an exchange lost its connection, or got none, before a byte of a response.
func isDropped(v *judge.Verdict) bool {
	return v.Health == judge.NoAnswer && v.Failure != nil &&
		(v.Failure.Kind == failure.Reset || v.Failure.Kind == failure.Truncated || v.Failure.Kind == failure.Connect)
}

// adaptToQueue limits the exchanges at once where others of them have been answered, and for a good part no response
// came until a limit of time.
func (l *lane) adaptToQueue(t *Task, now time.Time) {
	switch v := &t.Verdict; {
	case isMute(v) && l.lastAnswered > t.number+uint64(l.concurrency): // later ones have overtaken it: its page hangs
	case isMute(v):
		l.ensureThrottle().queue.noteMute(t, int(l.answered-t.answered), l.concurrency, now) //nolint:gosec // few
	case l.throttle != nil && v.Health != judge.Unknown && v.Health != judge.NoAnswer:
		l.throttle.queue.take(t, l.load(t), now)
	}
}

// isMute reports whether no byte of a response came within a limit of time.
func isMute(v *judge.Verdict) bool {
	return v.Health == judge.NoAnswer && v.Failure != nil &&
		(v.Failure.Kind == failure.Stalled || v.Failure.Kind == failure.Timeout)
}

// adaptToOutage pauses the lane while its host drops all connections: that was no overload.
func (l *lane) adaptToOutage(t *Task, now time.Time) {
	switch v := &t.Verdict; {
	case v.Health == judge.NoAnswer && l.responded && isBrokenOff(v.Failure) && l.answered == t.answered:
		th := l.ensureThrottle()
		pause, givenUp := th.outage.noteDrop(t, now)
		switch {
		case givenUp:
			th.slowStart = slowStart{}
		case pause > 0:
			l.pausedUntil = latest(l.pausedUntil, now.Add(min(pause, max(l.maxDelay, firstProbe))))
			th.slowStart.begin()
			l.forgiveOverload(now)
		}
	case l.throttle != nil && v.Health != judge.Unknown && v.Health != judge.NoAnswer:
		l.throttle.outage.end()
	}
}

// forgiveOverload ends the limit of the overload, if there is one.
func (l *lane) forgiveOverload(now time.Time) {
	if l.overload != nil {
		l.overload.forgive()
		l.pace.setRate(l.paceRate(), now)
	}
}

// isBrokenOff reports whether the host ended a connection before its response was whole.
func isBrokenOff(f *failure.Failure) bool {
	return f != nil && (f.Kind == failure.Reset || f.Kind == failure.Truncated || f.Kind == failure.Protocol)
}
