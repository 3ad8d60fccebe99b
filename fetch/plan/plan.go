package plan

import (
	"slices"
	"time"

	"batchfetch/fetch/judge"
	"batchfetch/fetch/queue"
)

// Running is the number of Tasks that Next has returned and that are not done.
func (p *Plan) Running() int { return p.active }

// Waiting is the number of Tasks that wait in memory for an exchange: neither spilled nor failed.
func (p *Plan) Waiting() int { return p.inMemory }

// Spilled is the number of Tasks that wait in compressed form.
func (p *Plan) Spilled() int { return p.spill.count }

// HasTasks reports whether a Task of a host, or of a part of it, waits or is under way.
func (p *Plan) HasTasks(host string) bool {
	if l := p.lanes[host]; l != nil && (l.active > 0 || !l.isEmpty()) {
		return true
	}
	h := p.hosts[host]
	return h != nil && (h.active > 0 || slices.ContainsFunc(h.lanes, func(l *lane) bool { return !l.isEmpty() }))
}

// PausedUntil returns when a lane may start a Task as far as its pause, or a quota that is used up, is concerned; the
// zero time, or one not after now, is at once.
func (p *Plan) PausedUntil(host string, now time.Time) time.Time {
	l := p.lanes[host]
	switch {
	case l == nil:
		return time.Time{}
	case l.buckets != nil && !l.isToldRate:
		return latest(l.pauseEnd(), l.quotaStart(now))
	}
	return l.pauseEnd()
}

// SetUncommitted sets the number of exchanges that have ended and still count towards Limits.Concurrency, because their
// results are not committed.
func (p *Plan) SetUncommitted(n int) { p.uncommitted = n }

// Add adds a Task to the lane of a host, to start at its NotBefore at the earliest. Where the lane is closed the Task
// fails. It takes time by the logarithm of the number of lanes.
func (p *Plan) Add(t *Task, host string, now time.Time) {
	l := p.lanes[host]
	if l == nil {
		l = p.addLane(host)
	}
	l.restore()
	t.lane = l.id
	if l.isClosed(now) {
		p.Fail(t, l.closedFailure(t, now))
		return
	}
	if c := l.closureOf(t, now); c != nil {
		p.Fail(t, c.failure(t, now))
		p.reclassify(l, now)
		return
	}
	p.inMemory++
	if t.Pristine && (p.spill.count == 0 || l.spilled.hasTasks()) {
		p.spill.credit = max(p.spill.credit-1, 0)
	}
	if l.spilled.hasTasks() && !l.closing && t.Pristine { // it comes after the spilled Tasks
		p.spillArrival(l, t)
	} else {
		l.push(t, now)
	}
	p.reclassify(l, now)
}

// AddInvalid adds a Task without a host, which ends without an exchange. It counts towards Limits.Concurrency from Next
// to Done, and towards no other limit.
func (p *Plan) AddInvalid(t *Task) { p.invalid.Push(t) }

// LimitRate lowers the rate of a host, where it has a lane, to so many starts a second; Limits.Host has to say the same
// from now on.
func (p *Plan) LimitRate(host string, perSecond float64, now time.Time) {
	if l := p.lanes[host]; l != nil && (l.perSecond == 0 || perSecond < l.perSecond) {
		l.perSecond = perSecond
		l.pace.setRate(l.rate(), now)
		p.reclassify(l, now)
	}
	if h := p.hosts[host]; h != nil && (h.perSecond == 0 || perSecond < h.perSecond) {
		h.perSecond = perSecond
		h.pace.setRate(perSecond, now)
		for _, l := range h.lanes {
			p.reclassify(l, now)
		}
	}
}

// addLane makes the lane of a host. Its turn comes after that of all others.
func (p *Plan) addLane(host string) *lane {
	own := p.limits.Host(host)
	l := newLane(host, own)
	if own.Within != "" {
		p.joinHost(l, own.Within)
	}
	if own.Share != "" {
		p.joinShare(l, &own)
	}
	p.leaseLimits(l)
	p.turn++
	l.turn = p.turn
	p.lanes[host] = l
	p.numberLane(l)
	return l
}

// Next returns the Task to start now, or nil and the time until one may start, or Never. A Task with Lost set, or
// without a host, is to be ended without an exchange. Every Task that Next returns has to be given to Done.
func (p *Plan) Next(now time.Time) (t *Task, wait time.Duration) {
	p.starved, p.hasIdleSlots = false, false
	if p.active+p.uncommitted >= p.limits.Concurrency {
		return nil, Never
	}
	if t := p.nextWithoutExchange(now); t != nil {
		p.active++
		return t, 0
	}
	p.reclassifyDue(now)
	l := p.chooseLane(now)
	if l == nil {
		p.starved, p.hasIdleSlots = p.another.len() == 0, true
		p.spill.credit = max(p.spill.credit, idleCredit)
		return nil, p.nextDue(now)
	}
	if wait := p.pace.due.Sub(now); wait > 0 {
		return nil, wait
	}
	if l.within != nil || l.share != nil || l.lease != nil { // another lane may have used up what they have in common
		from := l.heap
		if p.reclassify(l, now); l.heap != from {
			return p.Next(now)
		}
	}
	p.pace.spendToken(now)
	p.takeConnection(l, now)
	t = l.startTask(now)
	p.starts++
	p.turn++
	l.turn = p.turn
	if l.heap == inReady {
		p.longestIdle.fix(l)
	}
	p.inMemory--
	p.active++
	p.reclassify(l, now)
	return t, 0
}

// nextWithoutExchange returns a Task that ends without an exchange: one that has no host, or that has failed; nil means
// that there is none. The Tasks of a closing lane are unpacked one batch at a time, to bound memory.
func (p *Plan) nextWithoutExchange(now time.Time) *Task {
	switch {
	case p.invalid.Len() > 0:
		return p.invalid.Pop()
	case p.failed.Len() > 0:
		return p.failed.Pop()
	case p.unsorted.Len() > 0:
		l := p.unsorted.Pop()
		l.unsorted = false
		p.reclassify(l, now)
		return p.nextWithoutExchange(now)
	case p.closing.Len() == 0:
		return nil
	}
	c := p.closing.Peek()
	for _, t := range p.unspill(c.lane) {
		p.inMemory--
		p.Fail(t, c.why)
	}
	if !c.lane.spilled.hasTasks() {
		p.closing.Pop()
		c.lane.closing = false
		p.reclassify(c.lane, now)
	}
	return p.nextWithoutExchange(now)
}

// Done ends the exchange of a Task that Next has returned: it no longer counts as under way, and the lane is updated by
// its Verdict. For another exchange the Task has to be added again.
func (p *Plan) Done(t *Task, now time.Time) {
	p.active--
	l := p.laneByID(t.lane)
	if l == nil {
		return
	}
	if wasSentLate(t) {
		p.pace.noteSent(t.Started, t.Sent)
		l.noteSent(t)
	}
	t.lane = 0
	l.active--
	if l.within != nil {
		l.within.active--
	}
	if l.share != nil {
		l.share.active--
	}
	p.observeShortage(t, now)
	took := now.Sub(t.Started)
	p.observeConnection(l, t.Connection, took)
	l.latency, p.typicalLatency = movingAverage(l.latency, took), movingAverage(p.typicalLatency, took)
	e := l.observe(t, &p.limits, now)
	if e.bucketShared || e.holdsShare {
		p.shares[l.share.name].take(&e, l, now)
	}
	switch {
	case e.laneClosed:
		p.closeLane(l, now)
		if l.share != nil && t.Verdict.Health != judge.Overloaded {
			p.closeShare(l, now)
		}
	case e.bucketClosed:
		p.failClosed(l, now)
	}
	p.reclassify(l, now)
	p.reclassifyOthers(l, now)
	if l.share != nil {
		p.reclassifyShare(l, now)
	}
}

// RemoveWaiting removes all waiting Tasks from the plan and returns them, without those that have failed. Packed Tasks,
// which have had no exchange, are not returned but counted in spilled. It takes time by the number of lanes and Tasks.
func (p *Plan) RemoveWaiting(now time.Time) (tasks []*Task, spilled int64) {
	for p.invalid.Len() > 0 {
		tasks = append(tasks, p.invalid.Pop())
	}
	spilled, p.inMemory = p.spill.dropBatches(), 0
	p.closing, p.unsorted = queue.Queue[closingLane]{}, queue.Queue[*lane]{}
	for _, l := range p.lanes {
		tasks = append(tasks, l.removeTasks()...)
		if l.spilled != nil {
			tasks = append(tasks, l.spilled.tail...)
			l.spilled, l.closing = nil, false
		}
		l.unsorted = false
		p.reclassify(l, now)
	}
	for _, t := range tasks {
		t.lane = 0
	}
	return tasks, spilled
}
