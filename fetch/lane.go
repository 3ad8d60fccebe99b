package fetch

import (
	"container/heap"
	"fmt"
	"time"
)

// A lane is one host's queue of Tasks with its tokens, slots, pause and health. Its key is scheme://host:port.
type lane struct {
	host  string
	fresh queue[*task] // may start as far as they themselves go, in order of arrival
	away  *away        // what has been set aside behind fresh; nil is nothing
	later taskHeap     // back off until their time, then join the end of fresh

	slots     int     // exchanges under way
	width     int     // the most of them
	perSecond float64 // the most starts a second that the options allow; 0 is no limit
	pace      pace
	starts    uint64        // so far
	meter     *meter        // nil while it is idle
	latency   time.Duration // of an exchange, smoothed; 0 is not known

	pausedUntil time.Time // the host is left alone until then
	refusals    *refusals // nil: none lately
	throttle    *throttle // nil: the host has neither refused nor announced anything
	health      *health   // nil: it answers
	answered    bool      // it has, once

	weight  float64   // seconds that its Tasks will take at its limits
	turn    uint64    // the number of its last start, or of its first Task, in the plan
	heap    *laneHeap // of the plan; nil is none
	places  [2]int    // in heap, and in the plan's turns
	at      time.Time // until when it waits, or is remembered
	hold    hold      // what its Tasks are counted as waiting for
	holding int       // how many are
	surplus int       // how many are counted as more than it needs in memory
	closing bool      // what it has set aside is on its way out
}

// newLane gives a host the limits that are its own, or else the run's.
func newLane(host string, o *Options) *lane {
	l := &lane{host: host, width: o.HostConcurrency, perSecond: o.HostRate}
	if own := o.Hosts.Of(host); own != nil {
		l.width, l.perSecond = or(own.Concurrency, l.width), or(own.Rate, l.perSecond)
	}
	l.pace = newPace(l.perSecond)
	return l
}

// slim gives back what an idle lane can have again: with a rate there may be ten such for each request that waits.
func (l *lane) slim() {
	l.pace.limiter, l.meter, l.fresh, l.later = nil, nil, queue[*task]{}, nil
}

// unfold undoes slim. The pace has no token to spend before it is due, as it had none then.
func (l *lane) unfold() {
	if l.pace.limiter == nil {
		l.pace.limiter = newPace(l.rate()).limiter
	}
	if l.meter == nil {
		l.meter = new(meter)
	}
}

func (l *lane) push(t *task, now time.Time) {
	if t.notBefore.After(now) {
		heap.Push(&l.later, t)
		return
	}
	l.fresh.push(t)
}

// ripen moves the Tasks whose back-off is over to the end of fresh.
func (l *lane) ripen(now time.Time) {
	for len(l.later) > 0 && !l.later[0].notBefore.After(now) {
		l.fresh.push(heap.Pop(&l.later).(*task))
	}
}

// start takes a slot, a token and the first Task.
func (l *lane) start(now time.Time) *task {
	t := l.take()
	l.slots++
	l.starts++
	t.started, t.number = now, l.starts
	l.pace.spend(now)
	l.meter.add(now)
	l.throttle.spend()
	l.health.asked(t)
	return t
}

// take returns the first Task; for a probe the last, to be far from those that failed.
func (l *lane) take() *task {
	if l.health == nil || !l.health.parked {
		return l.fresh.pop()
	}
	if a := l.away; a != nil && len(a.tail) > 0 {
		t := a.tail[len(a.tail)-1]
		a.tail = a.tail[:len(a.tail)-1]
		return t
	}
	return l.fresh.popLast()
}

// empty reports whether nothing waits, set aside or not.
func (l *lane) empty() bool { return l.fresh.len() == 0 && len(l.later) == 0 && !l.away.holds() }

// isFull reports whether a Task waits for nothing but one that flies.
func (l *lane) isFull() bool {
	return l.fresh.len() > 0 && (l.slots >= l.width || l.health.probing())
}

// nextStart returns when the first Task may start, slots aside; for an empty lane, when it may be forgotten.
func (l *lane) nextStart(now time.Time) time.Time {
	at := latest(l.pausedUntil, l.pace.due)
	if l.empty() {
		return latest(latest(at, l.refusals.until()), latest(l.throttle.until(), l.health.until(l.pausedUntil)))
	}
	if l.fresh.len() == 0 && len(l.later) > 0 {
		at = latest(at, l.later[0].notBefore)
	}
	return latest(at, l.throttle.allows(now))
}

// weigh estimates how long its Tasks will take at its limits. Exchanges of a lane that has had none take the typical time.
func (l *lane) weigh(typical time.Duration) {
	each := l.latency
	if each == 0 {
		each = typical
	}
	seconds := max(each, time.Microsecond).Seconds() / float64(l.width)
	if rate := l.rate(); rate > 0 {
		seconds = max(seconds, 1/rate)
	}
	l.weight = seconds * float64(l.waits())
}

// waits is how many Tasks wait.
func (l *lane) waits() int { return l.fresh.len() + len(l.later) + l.away.len() }

// rate is the most starts a second for now; 0 is no limit.
func (l *lane) rate() float64 {
	if eased := l.throttle.rate(); eased > 0 {
		return eased
	}
	return l.perSecond
}

// heed takes in what an exchange says of the host, and reports whether the lane has just been closed over it.
func (l *lane) heed(t *task, o *Options, now time.Time) (closed bool) {
	v := &t.verdict
	if v.Pause > 0 {
		l.pausedUntil = latest(l.pausedUntil, now.Add(v.Pause))
	}
	if o.Adaptive {
		l.adapt(t, o, now)
	}
	refused := l.judge(v, now)
	if l.throttle.refusesAll() && !l.closed(now) { // as if it had asked for that long
		l.refusals = &refusals{row: l.throttle.row, last: v.Failure, closed: now.Add(o.RetryMaxDelay)}
		l.throttle.row = 0
		refused = true
	}
	dead := l.listen(t, o, now)
	return refused || dead
}

// closed reports whether its Tasks fail without being asked.
func (l *lane) closed(now time.Time) bool {
	return l.refusals.until().After(now) || l.health != nil && l.health.down
}

// clear takes every Task out that is not set aside.
func (l *lane) clear() []*task {
	tasks := make([]*task, 0, l.fresh.len()+len(l.later))
	for l.fresh.len() > 0 {
		tasks = append(tasks, l.fresh.pop())
	}
	tasks = append(tasks, l.later...)
	l.later = nil
	return tasks
}

// refusals are answers in a row that asked for more silence than is obeyed.
type refusals struct {
	row    int
	last   *Failure
	closed time.Time // the lane's Tasks fail until then
}

// refusalsToClose is how many requests in a row a host has to refuse for longer than --retry-max-delay
// until the others fail without being asked: one bad page does not speak for its host, and a host that means it is let be.
const refusalsToClose = 3

func (r *refusals) until() time.Time {
	if r == nil {
		return time.Time{}
	}
	return r.closed
}

// judge notes a refusal, or an answer that ends a row of them, and reports whether the lane has just been closed.
func (l *lane) judge(v *Verdict, now time.Time) bool {
	if !v.Refused {
		if !l.refusals.until().After(now) {
			l.refusals = nil
		}
		return false
	}
	if l.refusals == nil {
		l.refusals = new(refusals)
	}
	r := l.refusals
	r.row++
	r.last = v.Failure
	if r.row < refusalsToClose {
		return false
	}
	r.closed = latest(r.closed, now.Add(v.Failure.RetryAfter))
	return true
}

// lastWord is what becomes of a Task of a closed lane; nil is one that has never been asked.
func (l *lane) lastWord(t *task, now time.Time) *Failure {
	if l.health != nil && l.health.down {
		return l.health.obituary(t)
	}
	r := l.refusals
	return &Failure{
		Kind:       RateLimited,
		Err:        fmt.Errorf("not asked: %d requests in a row were refused by the host, the last one so: %w", r.row, r.last),
		RetryAfter: r.closed.Sub(now),
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// smoothed is an average of durations in which the last one counts an eighth; 0 is none so far.
func smoothed(mean, last time.Duration) time.Duration {
	if mean == 0 {
		return last
	}
	return mean + (last-mean)/8
}

// A meter counts events by the second.
type meter struct {
	second        time.Time // when the present one began
	count, before int       // events in it, and in the one before
}

func (m *meter) add(now time.Time) {
	m.turn(now)
	m.count++
}

// turn begins a new second where the present one is over.
func (m *meter) turn(now time.Time) {
	past := now.Sub(m.second)
	if past < time.Second {
		return
	}
	m.before = m.count
	if past >= 2*time.Second {
		m.before = 0
	}
	m.second, m.count = now, 0
}

// perSecond is how many there were in the busier of the last two seconds.
func (m *meter) perSecond(now time.Time) float64 {
	m.turn(now)
	return float64(max(m.count, m.before))
}
