package plan

import (
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/queue"
)

// A Plan decides which Task starts now, or how long until one may: it holds every Task that waits, in one lane for
// each host. It has no clock, lock or goroutine of its own; now is an argument and never goes back. It is used by one
// goroutine.
//
// Of the lanes that may start a Task, the one with the most time's worth of work goes first, so that the host that
// will take longest is always at its limit and the run ends as early as the limits allow; every patientEvery-th start
// goes to the lane whose last start is longest ago.
type Plan struct {
	limits Limits
	lanes  map[string]*lane // by host

	ready       laneHeap // may start a Task, as far as their own limits go; the most work first
	longestIdle laneHeap // the same lanes; the one whose last start is longest ago first
	busy        laneHeap // may start one once one of their exchanges ends; the most work first
	timed       laneHeap // may start one at a time; the soonest first
	expiring    laneHeap // have no Task, and may be forgotten at a time; the soonest first

	invalid queue.Queue[*Task]       // have no host to ask
	failed  queue.Queue[*Task]       // end without another exchange
	closing queue.Queue[closingLane] // whose spilled Tasks end without an exchange

	active      int // Tasks that next has returned, and that are not done
	uncommitted int // exchanges that have ended, and count as under way all the same
	inMemory    int // Tasks in lanes, spilled ones not counted

	pace           pace
	turn           uint64         // the last one that a lane was given
	starts         uint64         // so far
	typicalLatency time.Duration  // of an exchange, smoothed, for lanes that have had none
	tasksByHold    [holdKinds]int // Tasks in lanes, by what these wait for
	starved        bool           // places are free, and no lane has a Task that may start
	spill          spill
}

// New returns a plan without Tasks. Where codec is nil, none is ever spilled.
func New(l Limits, codec Codec) *Plan {
	return &Plan{
		limits:      l,
		lanes:       make(map[string]*lane),
		ready:       laneHeap{indexAt: 0, before: hasMoreWork},
		longestIdle: laneHeap{indexAt: 1, before: isLongerIdle},
		busy:        laneHeap{indexAt: 0, before: hasMoreWork},
		timed:       laneHeap{indexAt: 0, before: isDueSooner},
		expiring:    laneHeap{indexAt: 0, before: isDueSooner},
		pace:        newPace(l.Rate),
		spill:       spill{codec: codec, freeBytes: l.SpillBytes},
	}
}

// Running is how many Tasks next has returned that are not done.
func (p *Plan) Running() int { return p.active }

// Waiting is how many Tasks wait for a host in memory: neither spilled, nor about to end without an exchange.
func (p *Plan) Waiting() int { return p.inMemory }

// Spilled is how many Tasks wait outside of memory proper, compressed.
func (p *Plan) Spilled() int { return p.spill.count }

// SetUncommitted sets how many exchanges have ended, and count towards limits.Concurrency until their results are safe.
func (p *Plan) SetUncommitted(n int) { p.uncommitted = n }

// Add puts a Task into the lane of a host, to start at its NotBefore. Where the lane is closed the Task fails.
func (p *Plan) Add(t *Task, host string, now time.Time) {
	l := p.lanes[host]
	if l == nil {
		l = p.addLane(host)
	}
	l.restore()
	t.lane = l
	if l.isClosed(now) {
		p.Fail(t, l.closedFailure(t, now))
		return
	}
	p.inMemory++
	if l.spilled.hasTasks() && !l.closing && t.Pristine { // it came after what has been spilled
		p.spillArrival(l, t)
	} else {
		l.push(t, now)
	}
	p.reclassify(l, now)
}

// AddInvalid adds a Task that has no host to ask. It takes a place for as long as it runs, and is bound by no other
// limit.
func (p *Plan) AddInvalid(t *Task) { p.invalid.Push(t) }

// addLane makes the lane of a host. Its turn is behind that of all others.
func (p *Plan) addLane(host string) *lane {
	l := newLane(host, &p.limits)
	p.turn++
	l.turn = p.turn
	p.lanes[host] = l
	return l
}

// Never is the wait of a plan in which nothing may start until a Task is done or added.
const Never = time.Duration(-1)

// Next returns the Task to start now, or nil and how long until one may: never until one is done or added.
func (p *Plan) Next(now time.Time) (t *Task, wait time.Duration) {
	p.starved = false
	if p.active+p.uncommitted >= p.limits.Concurrency {
		return nil, Never
	}
	if t := p.nextWithoutExchange(now); t != nil {
		p.active++
		return t, 0
	}
	p.reclassifyDue(now)
	if p.ready.len() == 0 {
		p.starved = true
		if p.timed.len() > 0 {
			return nil, p.timed.first().due.Sub(now)
		}
		return nil, Never
	}
	if wait := p.pace.due.Sub(now); wait > 0 {
		return nil, wait
	}
	l := p.chooseLane()
	p.pace.spendToken(now)
	t = l.startTask(now)
	p.starts++
	p.turn++
	l.turn = p.turn
	p.longestIdle.fix(l)
	p.inMemory--
	p.active++
	p.reclassify(l, now)
	return t, 0
}

// longestIdleEvery is how many starts there are for each that goes to the lane whose last start is longest ago.
const longestIdleEvery = 8

// chooseLane returns the ready lane that starts a Task next.
func (p *Plan) chooseLane() *lane {
	if p.starts%longestIdleEvery == longestIdleEvery-1 {
		return p.longestIdle.first()
	}
	return p.ready.first()
}

// nextWithoutExchange returns a Task that ends without an exchange: one that has no host, or whose host is not to be
// asked; nil is none. Of a closing lane it takes one batch at a time back into memory.
func (p *Plan) nextWithoutExchange(now time.Time) *Task {
	switch {
	case p.invalid.Len() > 0:
		return p.invalid.Pop()
	case p.failed.Len() > 0:
		return p.failed.Pop()
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

// Done ends the exchange of a Task that next has returned: its places are free again, and its Verdict tells about the
// host. To be asked once more it has to be added again.
func (p *Plan) Done(t *Task, now time.Time) {
	p.active--
	l := t.lane
	if l == nil {
		return
	}
	t.lane = nil
	l.active--
	took := now.Sub(t.Started)
	l.latency, p.typicalLatency = movingAverage(l.latency, took), movingAverage(p.typicalLatency, took)
	if l.observe(t, &p.limits, now) {
		p.closeLane(l, now)
	}
	p.reclassify(l, now)
}

// closingLane is a lane that has been closed with spilled Tasks, and why these fail. The lane itself may be open
// again by the time that they do.
type closingLane struct {
	lane *lane
	why  *failure.Failure
}

// closeLane fails the Tasks of a lane whose host is not to be asked any more. Its spilled Tasks follow one batch at a
// time.
func (p *Plan) closeLane(l *lane, now time.Time) {
	for _, t := range l.removeTasks() {
		p.inMemory--
		p.Fail(t, l.closedFailure(t, now))
	}
	if l.spilled.hasTasks() && !l.closing {
		l.closing = true
		p.closing.Push(closingLane{l, l.closedFailure(nil, now)})
	}
}

// Fail ends a Task without another exchange. next still returns it, so that all Tasks end by the same way.
func (p *Plan) Fail(t *Task, why *failure.Failure) {
	t.lane, t.Lost = nil, why
	p.failed.Push(t)
}

// Rest takes every waiting Task out of the plan, but for those that fail. Spilled Tasks are only counted, as they
// have never been asked.
func (p *Plan) Rest(now time.Time) (tasks []*Task, spilled int64) {
	for p.invalid.Len() > 0 {
		tasks = append(tasks, p.invalid.Pop())
	}
	spilled, p.inMemory = p.spill.dropBatches(), 0
	p.closing = queue.Queue[closingLane]{}
	for _, l := range p.lanes {
		tasks = append(tasks, l.removeTasks()...)
		if l.spilled != nil {
			tasks = append(tasks, l.spilled.tail...)
			l.spilled, l.closing = nil, false
		}
		p.reclassify(l, now)
	}
	for _, t := range tasks {
		t.lane = nil
	}
	return tasks, spilled
}
