package plan

import (
	"container/heap"
	"time"

	"batchfetch/fetch/queue"
)

// A lane is the queue of one host's Tasks, with all that limits when they start: the exchanges at once, the pace, the
// pause, the throttle and the health of the host.
type lane struct {
	host    string
	id      laneID
	waiting queue.Queue[*Task] // Tasks whose NotBefore has passed, in order of arrival, after those that are First
	spilled *spilled           // Tasks that come after those in waiting; nil is none
	delayed taskHeap           // Tasks that wait for their NotBefore, and then go to the end of waiting

	active      int           // exchanges under way
	concurrency int           // the most exchanges under way
	perSecond   float64       // the most starts a second, by Limits.Host or told by the host; 0 is no limit
	isToldRate  bool          // perSecond is told by the host
	maxDelay    time.Duration // HostLimits.RetryMaxDelay
	within      *hostLimits   // HostLimits.Within; nil is none
	share       *share        // HostLimits.Share; nil is none
	lease       *lease        // what other processes leave of its limits; nil is that they are this one's alone
	pace        pace
	starts      uint64        // how many Tasks have started; of a share, the number of the last one
	meter       *meter        // of starts; nil after compact
	latency     time.Duration // moving average of the time that an exchange takes; 0 is not known

	pausedUntil  time.Time    // no Task starts before then
	closure      *closure     // nil means that it was never closed
	throttle     *throttle    // nil means that the host has refused nothing
	overload     *overload    // nil means that no response was Overloaded
	trouble      *pageTrouble // nil means that no response was doubtful
	buckets      *buckets     // nil means that the host has told no quota
	health       *health      // nil means that the streak without a response is 0
	responded    bool         // an exchange has brought a response
	answered     uint64       // how many exchanges have brought a response, but for those that stalled within it
	lastAnswered uint64       // the largest Task.number of those
	untold       bool         // the last response that was accepted told no quota
	own          connections

	inPlan
}

// inPlan is what the Plan keeps of a lane to sort it and to count its Tasks. The lane does not use it.
type inPlan struct {
	work        float64   // estimated seconds until all its Tasks have ended, by its own limits
	alone       float64   // Plan.timeAlone when it was classified
	turn        uint64    // Plan.turn at its last start, or when it was added
	due         time.Time // when it leaves timed or expiring
	heap        heapName  // which of the heaps by state it is in
	inWarm      bool      // it is in warm
	closing     bool      // it is in Plan.closing: its spilled Tasks are about to fail
	unsorted    bool      // it is in Plan.unsorted: more of its Tasks are to fail
	heapIndexes [3]int    // its indexes in heap, in longestIdle and in warm

	// What it counts in sums of the Plan.
	serial    float64 // in Plan.serial
	untimed   int     // in Plan.untimed
	heldTasks int     // in Plan.tasksByHold
	hold      Hold    // under which
	excess    int     // in spill.excess
}

// A heapName is which of the plan's heaps by state a lane is in: inNone, or that of the same name in the Plan.
type heapName uint8

const (
	inNone heapName = iota
	inReady
	inAnother
	inBusy
	inTimed
	inExpiring

	heapNames int = iota
)

// newLane returns a lane without Tasks, with the limits of its host.
func newLane(host string, own HostLimits) *lane {
	l := &lane{host: host}
	l.concurrency, l.perSecond, l.maxDelay = own.Concurrency, own.Rate, own.RetryMaxDelay
	l.pace = newPace(l.perSecond)
	return l
}

// compact frees the memory of an expiring lane that restore can allocate again: there may be expiringPerRequest such
// lanes for each request in memory.
func (l *lane) compact() {
	l.pace.limiter, l.meter, l.waiting, l.delayed = nil, nil, queue.Queue[*Task]{}, nil
}

// restore allocates what compact has freed. The limiter is a new one with all its tokens, as the old one would have
// them by the time of the next start: that is not before pace.due.
func (l *lane) restore() {
	if l.pace.limiter == nil {
		l.pace.limiter = newStartPace(l.paceRate()).limiter
	}
	if l.meter == nil {
		l.meter = new(meter)
	}
}

// push adds a Task to delayed or waiting.
func (l *lane) push(t *Task, now time.Time) {
	t.ahead = false
	if t.NotBefore.After(now) {
		heap.Push(&l.delayed, t)
		return
	}
	if t.First {
		l.waiting.PushFirst(t)
		return
	}
	l.waiting.Push(t)
}

// promoteDue moves the Tasks whose NotBefore has come from delayed to the end of waiting, but to its start those that
// show whether their pages are in trouble, or whether the host accepts what it has refused.
func (l *lane) promoteDue(now time.Time) {
	for len(l.delayed) > 0 && !l.delayed[0].NotBefore.After(now) {
		t := heap.Pop(&l.delayed).(*Task)
		switch {
		case l.trouble.isToldBy(t), l.trouble.repeats(t), l.throttle.repeats(t):
			l.waiting.PushFirst(t)
		case l.hasWaiting() && l.trouble.putOff(t, now):
			heap.Push(&l.delayed, t)
		default:
			l.waiting.Push(t)
		}
	}
}

// isEmpty reports whether no Task waits: neither in memory nor spilled.
func (l *lane) isEmpty() bool {
	return !l.hasWaiting() && len(l.delayed) == 0 && !l.spilled.hasTasks()
}

// hasWaiting reports whether there is a Task in memory whose NotBefore has passed.
func (l *lane) hasWaiting() bool { return l.waiting.Len() > 0 || l.buckets.asideCount() > 0 }

// isBusy reports whether a Task waits for the end of an exchange of this lane.
func (l *lane) isBusy() bool {
	return l.hasWaiting() && (l.active >= l.width() || l.health.isProbing() || l.within.isFull())
}

// width is the most exchanges under way now, by the throttle or by the limits.
func (l *lane) width() int {
	most := l.concurrency
	if l.lease != nil {
		most = min(most, l.lease.width)
	}
	if l.overload != nil {
		if most = l.overload.crowd.width.limit(most); l.overload.isTested() {
			most = min(most, 1)
		}
	}
	if l.throttle == nil {
		return most
	}
	most = l.throttle.queue.width.limit(l.throttle.drops.width.limit(most))
	if l.starts <= 2*uint64(l.concurrency) && (l.health == nil || !l.health.probesOnly) { // the first requests
		most = l.throttle.drops.unreplaced(most)
	}
	if l.trouble.isTried() {
		return most
	}
	return l.throttle.width.limit(l.throttle.slowStart.limit(most))
}

// load is what is under way when the response to a Task comes, which is no longer counted in active.
func (l *lane) load(t *Task) load { return load{l.active + 1, l.concurrency, t.number, l.starts} }

// estimatedWork is how long, in seconds, the Tasks will take within the lane's limits. Where the lane has had no
// exchange yet, each is assumed to take typicalLatency.
func (l *lane) estimatedWork(typicalLatency time.Duration) float64 {
	each := l.latency
	if each == 0 {
		each = typicalLatency
	}
	seconds := max(each, time.Microsecond).Seconds() / float64(max(l.width(), 1))
	if rate := l.rate(); rate > 0 {
		seconds = max(seconds, 1/rate)
	}
	return seconds * float64(l.taskCount())
}

// taskCount is how many Tasks wait, with those that are delayed or spilled.
func (l *lane) taskCount() int {
	return l.waiting.Len() + len(l.delayed) + l.spilled.len() + l.buckets.asideCount()
}

// rate is the most starts a second now, by the throttle, the overload or the limits; 0 is no limit.
func (l *lane) rate() float64 {
	rate := l.perSecond
	if l.throttle == nil && l.overload == nil {
		return rate
	}
	throttled := l.throttle.rate()
	if l.trouble.isTried() {
		throttled = l.trouble.trial.rate
	}
	for _, limit := range [...]float64{throttled, l.overload.rate()} {
		if limit > 0 && (rate == 0 || limit < rate) {
			rate = limit
		}
	}
	return rate
}

// paceRate is the rate that the pace keeps to: that of the lane, unless other processes keep to it too.
func (l *lane) paceRate() float64 {
	rate := l.rate()
	if l.lease != nil && rate == l.perSecond {
		return 0
	}
	return rate
}

// ensureThrottle returns the throttle, which it allocates where it is nil.
func (l *lane) ensureThrottle() *throttle {
	if l.throttle == nil {
		l.throttle = new(throttle)
	}
	return l.throttle
}
