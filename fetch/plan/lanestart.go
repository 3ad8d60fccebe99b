package plan

import (
	"time"

	"batchfetch/fetch/judge"
)

// startTask removes the next Task from the queue and accounts for its start. waiting must not be empty.
func (l *lane) startTask(now time.Time) *Task {
	t := l.takeTask(now)
	l.trouble.noteStart(t, l.active == 0)
	l.active++
	l.starts++
	if l.share != nil {
		l.share.active++
		l.share.starts++
		l.starts = l.share.starts
		l.share.pace.spendToken(now)
	}
	t.Started, t.number, t.answered = now, l.starts, l.answered
	l.pace.spendToken(now)
	l.lease.spendSlot()
	if l.within != nil {
		l.within.active++
		l.within.pace.spendToken(now)
	}
	l.meter.add(now)
	l.assignStart(t, now)
	l.health.noteProbe(t)
	return t
}

// paces are those that a start on the lane has to keep: its own, that of the host that it is a part of, and that of its
// share; nil where it has none.
func (l *lane) paces() (paces [3]*pace) {
	paces[0] = &l.pace
	if l.within != nil {
		paces[1] = &l.within.pace
	}
	if l.share != nil {
		paces[2] = &l.share.pace
	}
	return paces
}

// noteSent takes in when the request of a Task was sent, where that was late, for the paces that it started by.
func (l *lane) noteSent(t *Task) {
	l.lease.noteSent(t.Started, t.Sent)
	for _, p := range l.paces() {
		if p != nil {
			p.noteSent(t.Started, t.Sent)
		}
	}
}

// takeTask removes the first Task from the queue, or the one for a probe.
func (l *lane) takeTask(now time.Time) *Task {
	switch {
	case l.health != nil && l.health.probesOnly && l.waiting.Len() > 0:
		return l.takeProbe()
	case l.buckets.isSplit():
		return l.takeSorted(now)
	case l.overload != nil && l.overload.pages.goesAhead(), l.throttle != nil && l.throttle.outage.isTested():
		l.bringAhead()
	}
	return l.waiting.Pop()
}

// takeProbe removes the last Task in memory, which is likely to be far in the input from those that failed; of the
// last few one that has had no exchange, as each probe that fails uses up a retry.
func (l *lane) takeProbe() *Task {
	if s := l.spilled; s != nil && len(s.tail) > 0 {
		t := s.tail[len(s.tail)-1]
		s.tail = s.tail[:len(s.tail)-1]
		return t
	}
	last := l.waiting.Len() - 1
	for i := last; i >= max(last-probesLooked, 0); i-- {
		if l.waiting.PeekAt(i).Attempts == 0 {
			l.waiting.Swap(i, last)
			break
		}
	}
	return l.waiting.PopLast()
}

// probesLooked is how many of the last Tasks are looked at for a probe, beside the last one.
const probesLooked = 64

// bringAhead has the first Task that waits change places with one from anywhere behind it. Both have had no exchange;
// where there is none such among a few, nothing changes.
func (l *lane) bringAhead() {
	first := l.waiting.Peek()
	if first.Attempts > 0 || first.First {
		return
	}
	for try := range uint64(aheadLooked) {
		i := scatter(l.starts*aheadLooked+try, l.waiting.Len())
		if t := l.waiting.PeekAt(i); i > 0 && t.Attempts == 0 {
			t.ahead = true
			l.waiting.Swap(0, i)
			return
		}
	}
}

// scatter returns a number below n, for numbers in a row one here and one there, without a step that pages which fail
// could have as well (the finalizer of SplitMix64).
func scatter(number uint64, n int) int {
	x := number * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return int((x >> 32) * uint64(n) >> 32) //nolint:gosec // below n
}

// nextStart returns when the next Task may start, whatever the number of exchanges under way; for an empty lane, when
// it may be deleted.
func (l *lane) nextStart(now time.Time) time.Time {
	at := latest(l.pausedUntil, l.pace.due)
	if l.within != nil || l.share != nil {
		at = latest(l.pauseEnd(), l.paceDue())
	}
	if l.lease != nil {
		at = latest(at, l.leaseStart(now))
	}
	if l.isEmpty() {
		at = latest(at, l.sentMatterUntil())
		at = latest(latest(at, l.closure.opensAt()), latest(l.throttle.expiry(), l.health.expiry(l.pausedUntil)))
		return latest(at, latest(l.overload.expiry(), l.buckets.expiry()))
	}
	if !l.hasWaiting() && len(l.delayed) > 0 {
		at = latest(at, l.delayed[0].NotBefore)
	}
	if l.buckets == nil {
		return at
	}
	return latest(at, l.quotaStart(now))
}

// paceDue is when the paces allow a start.
func (l *lane) paceDue() (due time.Time) {
	for _, p := range l.paces() {
		if p != nil {
			due = latest(due, p.due)
		}
	}
	return due
}

// sentMatterUntil is until when the paces have to remember when requests were sent.
func (l *lane) sentMatterUntil() (until time.Time) {
	for _, p := range l.paces() {
		if p != nil {
			until = latest(until, p.log.matterTill)
		}
	}
	return until
}

// pauseEnd is when the pause of the lane, and that of its share, ends.
func (l *lane) pauseEnd() time.Time {
	if l.share == nil {
		return l.pausedUntil
	}
	return latest(l.pausedUntil, l.share.until)
}

// leaseStart is when the other processes leave a start; for a lane without Tasks, when it may be deleted.
func (l *lane) leaseStart(now time.Time) time.Time {
	if l.isEmpty() {
		if l.lease.mustReturn() {
			return now.Add(judge.LongestWait)
		}
		return time.Time{}
	}
	return l.lease.nextSlot(now)
}
