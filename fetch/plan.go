package fetch

import (
	"time"
)

// A task is a Request under way.
type task struct {
	request Request
	seq     int64
	target
	bad *LineError // the line could not be used: there is nothing to ask

	attempts, hops int
	notBefore      time.Time // when it may start; zero is at once
	began          time.Time // when its first exchange began
	answered       int       // the status of its last exchange; 0 is none
	whole          bool      // what is left of its body is not to be continued
	strays         int       // exchanges in a row that met bytes which were no answer
	lost           *Failure  // why it ends without another exchange
	recall         *recall   // what the cache knows of its target; nil is nothing
	fromCache      bool      // the cache had its answer
	rescued        bool      // its last exchange failed, and what the cache has stands in for that

	lane    *lane
	verdict Verdict // on its last exchange
	outcome outcome // of its last exchange
}

// A plan is all Lanes. It decides which Task starts now, or how long until one may.
// It is pure: no clock, lock or goroutine of its own; now is an argument and never goes back.
type plan struct {
	options *Options
	lanes   map[string]*lane
	ready   queue[*lane] // may start a Task, as far as their own limits go; served in turn
	waiting laneHeap     // may start one at a time
	fading  laneHeap     // have no Task, and may be forgotten at a time
	bad     queue[*task] // need no host
	lost    queue[*task] // end without another exchange
	running int
	unkept  int // exchanges that have ended, and count as under way until their Records are committed
	full    int // lanes whose slots are what their Tasks wait for
	size    int // Tasks in lanes
	pace    pace
}

func newPlan(o *Options) *plan {
	return &plan{options: o, lanes: make(map[string]*lane), pace: newPace(o.Rate)}
}

// add puts a Task into the Lane of its host, to start at its notBefore.
func (p *plan) add(t *task, now time.Time) {
	if t.bad != nil {
		p.bad.push(t)
		return
	}
	l := p.lanes[t.host]
	if l == nil {
		l = &lane{host: t.host, pace: newPace(p.options.HostRate)}
		p.lanes[t.host] = l
	}
	t.lane = l
	if l.closed(now) {
		p.fail(t, l.refusal(now))
		return
	}
	p.size++
	l.push(t, now)
	p.settle(l, now)
}

// never is the wait of a plan that only an event can help on.
const never = time.Duration(-1)

// next returns the Task to start now, or nil and how long until one may start: never until a Task ends or comes.
func (p *plan) next(now time.Time) (t *task, wait time.Duration) {
	if p.running+p.unkept >= p.options.Concurrency {
		return nil, never
	}
	if t := p.free(); t != nil {
		p.running++
		return t, 0
	}
	p.wake(now)
	for p.ready.len() > 0 {
		if wait := p.pace.due.Sub(now); wait > 0 {
			return nil, wait
		}
		l := p.ready.pop()
		l.queued = false
		if !l.startable(p.options, now) {
			p.settle(l, now)
			continue
		}
		p.pace.spend(now)
		t := l.start(now)
		p.size--
		p.running++
		p.settle(l, now)
		return t, 0
	}
	if len(p.waiting) > 0 {
		return nil, p.waiting[0].at.Sub(now)
	}
	return nil, never
}

// free returns a Task that needs no exchange: an unusable line, or one whose host refuses to be asked in time.
func (p *plan) free() *task {
	if p.bad.len() > 0 {
		return p.bad.pop()
	}
	if p.lost.len() > 0 {
		return p.lost.pop()
	}
	return nil
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
	if t.verdict.Pause > 0 {
		l.pausedUntil = latest(l.pausedUntil, now.Add(t.verdict.Pause))
	}
	if l.judge(t.verdict, now) {
		for _, t := range l.clear() {
			p.size--
			p.fail(t, l.refusal(now))
		}
	}
	p.settle(l, now)
}

// fail gives a Task a last word without another exchange. It still passes through next, to become a Record.
func (p *plan) fail(t *task, why *Failure) {
	t.lane, t.lost = nil, why
	p.lost.push(t)
}

// wake moves the lanes whose time has come from waiting to ready, and forgets those that have faded.
func (p *plan) wake(now time.Time) {
	for _, lanes := range [...]*laneHeap{&p.waiting, &p.fading} {
		for len(*lanes) > 0 && !(*lanes)[0].at.After(now) {
			p.settle((*lanes)[0], now)
		}
	}
}

// settle puts a lane where it belongs: ready, waiting for a time, neither while its slots are taken, or forgotten.
func (p *plan) settle(l *lane, now time.Time) {
	l.ripen(now)
	p.count(l)
	switch {
	case l.full, l.empty() && l.slots > 0:
		l.leave()
	case l.nextStart().After(now) && l.empty():
		l.enter(&p.fading, l.nextStart())
		if len(p.fading) > fadingPerRequest*p.options.Lookahead {
			p.forget(p.fading[0])
		}
	case l.nextStart().After(now):
		l.enter(&p.waiting, l.nextStart())
	case l.empty() && !l.queued:
		p.forget(l)
	default:
		l.leave()
		if !l.queued {
			l.queued = true
			p.ready.push(l)
		}
	}
}

// fadingPerRequest bounds the hosts whose pause or pace is remembered while nothing is asked of them,
// as a multiple of Options.Lookahead. Past it the one due soonest is forgotten.
const fadingPerRequest = 10

func (p *plan) forget(l *lane) {
	l.leave()
	if !l.queued {
		delete(p.lanes, l.host)
	}
}

// count keeps the number of lanes that wait for a slot.
func (p *plan) count(l *lane) {
	full := l.slots >= p.options.HostConcurrency && !l.empty()
	if full != l.full {
		l.full = full
		if full {
			p.full++
		} else {
			p.full--
		}
	}
}

// rest takes every Task that waits out of the plan, but for those that have had their last word.
func (p *plan) rest() []*task {
	var tasks []*task
	for p.bad.len() > 0 {
		tasks = append(tasks, p.bad.pop())
	}
	for _, l := range p.lanes {
		for _, t := range l.clear() {
			t.lane = nil
			tasks = append(tasks, t)
		}
	}
	p.size = 0
	return tasks
}

// held says which limit keeps the next Task back, where there is one.
func (p *plan) held(now time.Time) Limit {
	switch {
	case p.size == 0:
		return ""
	case p.running+p.unkept >= p.options.Concurrency && p.unkept > p.running:
		return LimitOutput
	case p.running+p.unkept >= p.options.Concurrency:
		return LimitConcurrency
	case p.ready.len() > 0 && p.pace.due.After(now):
		return LimitRate
	case p.full > 0:
		return LimitHostConcurrency
	case len(p.waiting) > 0 && p.waiting[0].paced():
		return LimitHostRate
	}
	return LimitPausedHosts
}
