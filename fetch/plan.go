package fetch

import "time"

// A task is a Request under way.
type task struct {
	request Request
	seq     int64
	target
	bad *LineError // the line could not be used: there is nothing to ask

	attempts, hops int
	notBefore      time.Time     // when it may start; zero is at once
	began          time.Time     // when its first exchange began
	answered       int           // the status of its last exchange; 0 is none
	whole          bool          // what is left of its body is not to be continued
	shortages      int           // exchanges in a row whose body had no file to go to, too many being open
	lost           *Failure      // why it ends without another exchange
	lookup         *lookupResult // what the cache has for its target; nil is nothing
	fromCache      bool          // the cache had its answer
	rescued        bool          // its last exchange failed, and what the cache has stands in for that

	lane    *lane
	started time.Time      // when the plan let its exchange go
	number  uint64         // of that start among those of the lane
	verdict Verdict        // on its last exchange
	counts  exchangeCounts // of its last exchange
}

// A plan is all Lanes. It decides which Task starts now, or how long until one may.
// It is pure: no clock, lock or goroutine of its own; now is an argument and never goes back.
//
// Of the Lanes that may start a Task, the one with the most time's worth of work goes first, so that the host that will take
// longest is always at its limit and the run ends as early as politeness permits; every eighth start goes to the Lane
// that has waited longest.
type plan struct {
	options *Options
	lanes   map[string]*lane
	ready   laneHeap // may start a Task, as far as their own limits go; the most work first
	turns   laneHeap // the same lanes; the longest wait first
	full    laneHeap // their slots are what their Tasks wait for; the most work first
	waiting laneHeap // may start one at a time; the soonest first
	fading  laneHeap // have no Task, and may be forgotten at a time; the soonest first
	bad     queue[*task]
	lost    queue[*task]   // end without another exchange
	closing queue[closure] // what lanes have set aside, and why it ends the same way
	running int
	unkept  int // exchanges that have ended, and count as under way until their Records are committed
	size    int // Tasks in lanes, those set aside not among them
	pace    pace
	turn    uint64 // the last that a lane was given
	starts  uint64
	typical time.Duration // of an exchange, smoothed, for lanes that have not had one
	held    [holds]int    // Tasks in lanes that wait, by what for
	starved bool          // places are free, and no lane has anything to start
	aside   aside
}

func newPlan(o *Options) *plan {
	p := &plan{options: o, lanes: make(map[string]*lane), pace: newPace(o.Rate), aside: aside{room: o.Aside}}
	p.ready = laneHeap{seat: 0, before: moreWork}
	p.turns = laneHeap{seat: 1, before: longerWait}
	p.full = laneHeap{seat: 0, before: moreWork}
	p.waiting = laneHeap{seat: 0, before: sooner}
	p.fading = laneHeap{seat: 0, before: sooner}
	return p
}

// add puts a Task into the Lane of its host, to start at its notBefore.
func (p *plan) add(t *task, now time.Time) {
	if t.bad != nil {
		p.bad.push(t)
		return
	}
	l := p.lanes[t.host]
	if l == nil {
		l = p.open(t.host)
	}
	l.unfold()
	t.lane = l
	if l.closed(now) {
		p.fail(t, l.lastWord(t, now))
		return
	}
	p.size++
	if l.away.holds() && !l.closing && !t.isTouched() { // its turn is behind what has been set aside
		p.follow(l, t)
	} else {
		l.push(t, now)
	}
	p.settle(l, now)
}

func (p *plan) open(host string) *lane {
	l := newLane(host, p.options)
	p.turn++
	l.turn = p.turn
	p.lanes[host] = l
	return l
}

// never is the wait of a plan that only an event can help on.
const never = time.Duration(-1)

// next returns the Task to start now, or nil and how long until one may start: never until a Task ends or comes.
func (p *plan) next(now time.Time) (t *task, wait time.Duration) {
	p.starved = false
	if p.running+p.unkept >= p.options.Concurrency {
		return nil, never
	}
	if t := p.free(now); t != nil {
		p.running++
		return t, 0
	}
	p.wake(now)
	if p.ready.len() == 0 {
		p.starved = true
		if p.waiting.len() > 0 {
			return nil, p.waiting.first().at.Sub(now)
		}
		return nil, never
	}
	if wait := p.pace.due.Sub(now); wait > 0 {
		return nil, wait
	}
	l := p.choose()
	p.pace.spend(now)
	t = l.start(now)
	p.starts++
	p.turn++
	l.turn = p.turn
	p.turns.fix(l)
	p.size--
	p.running++
	p.settle(l, now)
	return t, 0
}

// patientEvery is how many starts there are for each that goes to the lane that has waited longest.
const patientEvery = 8

// choose returns the lane whose turn it is.
func (p *plan) choose() *lane {
	if p.starts%patientEvery == patientEvery-1 {
		return p.turns.first()
	}
	return p.ready.first()
}

// free returns a Task that needs no exchange: an unusable line, or one whose host is not to be asked in time.
func (p *plan) free(now time.Time) *task {
	switch {
	case p.bad.len() > 0:
		return p.bad.pop()
	case p.lost.len() > 0:
		return p.lost.pop()
	case p.closing.len() == 0:
		return nil
	}
	c := p.closing.peek()
	for _, t := range p.back(c.lane) {
		p.size--
		p.fail(t, c.why)
	}
	if !c.lane.away.holds() {
		p.closing.pop()
		c.lane.closing = false
		p.settle(c.lane, now)
	}
	return p.free(now)
}

// done takes back the slots of a Task whose exchange has ended, and what its Verdict says of the host.
func (p *plan) done(t *task, now time.Time) {
	p.running--
	l := t.lane
	if l == nil {
		return
	}
	t.lane = nil
	l.slots--
	took := now.Sub(t.started)
	l.latency, p.typical = smoothed(l.latency, took), smoothed(p.typical, took)
	if l.heed(t, p.options, now) {
		p.close(l, now)
	}
	p.settle(l, now)
}

// close fails what waits in a lane that is not to be asked any more.
func (p *plan) close(l *lane, now time.Time) {
	for _, t := range l.clear() {
		p.size--
		p.fail(t, l.lastWord(t, now))
	}
	if l.away.holds() && !l.closing {
		l.closing = true
		p.closing.push(closure{l, l.lastWord(nil, now)})
	}
}

// fail gives a Task a last word without another exchange. It still passes through next, to become a Record.
func (p *plan) fail(t *task, why *Failure) {
	t.lane, t.lost = nil, why
	p.lost.push(t)
}

// wake moves the lanes whose time has come from waiting to ready, and forgets those that have faded.
func (p *plan) wake(now time.Time) {
	for _, lanes := range [...]*laneHeap{&p.waiting, &p.fading} {
		for lanes.len() > 0 && !lanes.first().at.After(now) {
			p.settle(lanes.first(), now)
		}
	}
}

// settle puts a lane where it belongs: ready, full, waiting for a time, fading, forgotten, or nowhere while its last Tasks fly.
func (p *plan) settle(l *lane, now time.Time) {
	l.ripen(now)
	p.refill(l)
	l.weigh(p.typical)
	next := l.nextStart(now)
	switch {
	case l.closing, l.empty() && l.slots > 0:
		p.place(l, nil)
	case l.empty() && next.After(now):
		l.at = next
		l.slim()
		p.place(l, &p.fading)
		if p.fading.len() > fadingPerRequest*p.options.Lookahead {
			p.forget(p.fading.first())
		}
	case l.empty():
		p.forget(l)
	case l.isFull():
		p.place(l, &p.full)
	case next.After(now):
		l.at = next
		p.place(l, &p.waiting)
	default:
		p.place(l, &p.ready)
	}
	p.count(l, now)
}

// place moves a lane into a heap, or nowhere.
func (p *plan) place(l *lane, into *laneHeap) {
	if l.heap == into {
		if into != nil {
			into.fix(l)
		}
		return
	}
	if l.heap != nil {
		l.heap.remove(l)
		if l.heap == &p.ready {
			p.turns.remove(l)
		}
	}
	if l.heap = into; into == nil {
		return
	}
	into.push(l)
	if into == &p.ready {
		p.turns.push(l)
	}
}

// fadingPerRequest bounds the hosts whose pause or pace is remembered while nothing is asked of them,
// as a multiple of Options.Lookahead. Past it the one due soonest is forgotten.
const fadingPerRequest = 10

func (p *plan) forget(l *lane) {
	p.place(l, nil)
	p.uncount(l)
	delete(p.lanes, l.host)
}

// rest takes every Task that waits out of the plan, but for those that have had their last word.
// Those that were set aside, never asked, are only counted.
func (p *plan) rest(now time.Time) (tasks []*task, aside int64) {
	for p.bad.len() > 0 {
		tasks = append(tasks, p.bad.pop())
	}
	aside, p.size = p.aside.clear(), 0
	p.closing = queue[closure]{}
	for _, l := range p.lanes {
		tasks = append(tasks, l.clear()...)
		if l.away != nil {
			tasks = append(tasks, l.away.tail...)
			l.away, l.closing = nil, false
		}
		p.settle(l, now)
	}
	for _, t := range tasks {
		t.lane = nil
	}
	return tasks, aside
}
