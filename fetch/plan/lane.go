package plan

import (
	"container/heap"
	"time"

	"batchfetch/fetch/queue"
)

// A lane is the queue of one host's Tasks, with all that limits when they start: places, pace, pause and the host's
// health.
type lane struct {
	host    string
	waiting queue.Queue[*Task] // may start as far as they themselves go, in order of arrival
	spilled *spilled           // come behind waiting; nil is none
	delayed taskHeap           // wait for their NotBefore, and then go to the end of waiting

	active      int     // exchanges under way
	concurrency int     // the most of them
	perSecond   float64 // the most starts a second that the limits allow; 0 is no limit
	pace        pace
	starts      uint64        // so far
	meter       *meter        // of starts; nil while the lane is compact
	latency     time.Duration // of an exchange, smoothed; 0 is not known

	pausedUntil time.Time // nothing starts before then
	refusals    *refusals // nil means that the last answer was none
	throttle    *throttle // nil means that the host has neither refused nor announced a quota
	health      *health   // nil means that no exchange in a row has gone without an answer
	answered    bool      // an exchange has brought an answer

	work        float64   // seconds that its Tasks will take within its limits
	turn        uint64    // the plan's turn of its last start, or of its making
	heap        *laneHeap // the plan's that it is in, longestIdle aside; nil is none
	heapIndexes [2]int    // its index in heap, and in longestIdle
	due         time.Time // when it leaves timed or expiring
	hold        Hold      // what its Tasks are counted as waiting for
	heldTasks   int       // how many Tasks are counted so
	excess      int       // how many are counted as more than it needs in memory
	closing     bool      // its spilled Tasks are about to fail
}

// newLane returns an empty lane with the limits of its host.
func newLane(host string, lim *Limits) *lane {
	l := &lane{host: host}
	l.concurrency, l.perSecond = lim.Host(host)
	l.pace = newPace(l.perSecond)
	return l
}

// compact drops what an expiring lane can have again: there may be expiringPerRequest such lanes for each request in
// memory.
func (l *lane) compact() {
	l.pace.limiter, l.meter, l.waiting, l.delayed = nil, nil, queue.Queue[*Task]{}, nil
}

// restore undoes compact. The new limiter is full, as the old one is by then: a lane has no token to spend before
// pace.due.
func (l *lane) restore() {
	if l.pace.limiter == nil {
		l.pace.limiter = newPace(l.rate()).limiter
	}
	if l.meter == nil {
		l.meter = new(meter)
	}
}

func (l *lane) push(t *Task, now time.Time) {
	if t.NotBefore.After(now) {
		heap.Push(&l.delayed, t)
		return
	}
	l.waiting.Push(t)
}

// promoteDue moves the Tasks whose NotBefore has come from delayed to the end of waiting.
func (l *lane) promoteDue(now time.Time) {
	for len(l.delayed) > 0 && !l.delayed[0].NotBefore.After(now) {
		l.waiting.Push(heap.Pop(&l.delayed).(*Task))
	}
}

// startTask takes a place, a token of the pace and of the quota, and the next Task.
func (l *lane) startTask(now time.Time) *Task {
	t := l.takeTask()
	l.active++
	l.starts++
	t.Started, t.number = now, l.starts
	l.pace.spendToken(now)
	l.meter.add(now)
	l.throttle.spendQuota()
	l.health.noteProbe(t)
	return t
}

// takeTask takes the first Task out of the queue; for a probe the last one, to be far in the list from those that
// failed.
func (l *lane) takeTask() *Task {
	if l.health == nil || !l.health.probesOnly {
		return l.waiting.Pop()
	}
	if s := l.spilled; s != nil && len(s.tail) > 0 {
		t := s.tail[len(s.tail)-1]
		s.tail = s.tail[:len(s.tail)-1]
		return t
	}
	return l.waiting.PopLast()
}

// isEmpty reports whether no Task waits, spilled or not.
func (l *lane) isEmpty() bool {
	return l.waiting.Len() == 0 && len(l.delayed) == 0 && !l.spilled.hasTasks()
}

// isBusy reports whether a Task waits for nothing but the end of an exchange of this lane.
func (l *lane) isBusy() bool {
	return l.waiting.Len() > 0 && (l.active >= l.concurrency || l.health.isProbing())
}

// nextStart returns when the next Task may start, the number of exchanges under way aside; for an empty lane, when it
// may be forgotten.
func (l *lane) nextStart(now time.Time) time.Time {
	at := latest(l.pausedUntil, l.pace.due)
	if l.isEmpty() {
		return latest(latest(at, l.refusals.opensAt()), latest(l.throttle.expiry(), l.health.expiry(l.pausedUntil)))
	}
	if l.waiting.Len() == 0 && len(l.delayed) > 0 {
		at = latest(at, l.delayed[0].NotBefore)
	}
	return latest(at, l.throttle.nextStart(now))
}

// estimateWork estimates the weight: how long the Tasks will take within the lane's limits. Exchanges of a lane that has had
// none are taken to last the typical time.
func (l *lane) estimateWork(typicalLatency time.Duration) {
	each := l.latency
	if each == 0 {
		each = typicalLatency
	}
	seconds := max(each, time.Microsecond).Seconds() / float64(l.concurrency)
	if rate := l.rate(); rate > 0 {
		seconds = max(seconds, 1/rate)
	}
	l.work = seconds * float64(l.taskCount())
}

// taskCount is how many Tasks wait, delayed and spilled ones included.
func (l *lane) taskCount() int { return l.waiting.Len() + len(l.delayed) + l.spilled.len() }

// rate is the most starts a second at present; 0 is no limit.
func (l *lane) rate() float64 {
	if throttled := l.throttle.rate(); throttled > 0 {
		return throttled
	}
	return l.perSecond
}

// removeTasks takes every Task out that is not spilled.
func (l *lane) removeTasks() []*Task {
	tasks := make([]*Task, 0, l.waiting.Len()+len(l.delayed))
	for l.waiting.Len() > 0 {
		tasks = append(tasks, l.waiting.Pop())
	}
	tasks = append(tasks, l.delayed...)
	l.delayed = nil
	return tasks
}
