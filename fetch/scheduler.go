package fetch

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/plan"
	"batchfetch/fetch/transport"
)

// schedulerPorts are the scheduler's connections to the other stages: its ends of the channels, the counters that they
// share with it, and functions that start and stop them.
type schedulerPorts struct {
	start    chan<- *task    // to idle workers; its capacity is Options.Concurrency
	lookups  chan<- *task    // to the lookup workers
	wake     <-chan struct{} // from the writer: a Record has been taken or committed
	canceled <-chan struct{} // closed when the caller's context ends
	failed   <-chan struct{} // closed when an output has failed
	unkept   <-chan struct{} // closed when the Limiter has failed
	short    chan<- struct{} // to the limitKeeper: the plan lacks something; capacity 1

	startWorker       func()
	startLookupWorker func()
	cancel            context.CancelCauseFunc // ends the exchanges and lookups under way
	lookupsClosed     *atomic.Bool            // set by the scheduler: lookups that have not begun are not made

	holder         Holder                            // the Sink; nil where it holds no Records back
	waitingForSink *atomic.Bool                      // set by the scheduler while it waits for a Record to be taken
	taken          *atomic.Int64                     // Records that the Sink has taken
	committedCount *atomic.Int64                     // committed successes that needed an exchange; 0 without a cache
	blockedWorkers *atomic.Int64                     // workers that wait for the writer to take a large Record
	recordsFull    func() bool                       // whether no more Records fit before the writer
	bandwidthWait  func(now time.Time) time.Duration // how long exchanges have waited for bandwidth so far
	namesWait      func(now time.Time) time.Duration // how long exchanges have waited for names so far, in all

	release func(to *transport.Target, ended bool) // closes idle connections to an origin without Tasks

	setTarget func(*task) // sets the target of a Task that was spilled, or of a robots.txt
}

// A scheduler has the Plan, the counts and the only timer of a run. It starts Tasks, takes them back and decides when
// the run is over. It is a monitor: the other stages call its methods, each of which holds mu and, with what it has
// changed, starts all that may start by then. So a worker takes its next Task itself, and no goroutine of the
// scheduler's own is in between; Run's goroutine waits for the timer and for reasons to stop (loop).
type scheduler struct {
	schedulerPorts
	options *Options
	over    chan struct{} // closed when every Task admitted has ended and no more will come
	room    chan struct{} // to the feeder that waits: there is room in the window, or the run is stopped; capacity 1

	mu          sync.Mutex // guards all that follows
	plan        *plan.Plan
	tally       *tally
	workers     int // that have been started
	lookupQueue lookupQueue
	rooms       roomQueue
	robots      robotsGate

	timer      *time.Timer
	timerAt    time.Time // when the timer fires; the past is that it does not
	begun      time.Time
	deadline   time.Time   // of the run, or of the exchanges under way while it drains; zero is none
	openTasks  int         // Tasks admitted and not ended
	parked     parkedPages // pages that are not admitted yet
	admitted   int64       // Tasks admitted
	doneBefore int64       // Requests that the Source has yielded with ErrDone
	largeBytes int64       // bytes of large Requests in memory
	feeding    feederWait
	inputEnded bool  // the Source has no more
	inputError error // an *InputError: why it broke off
	isClosed   bool  // the Summary has been made: nothing is counted any more

	stops   [4]stopRequest
	booked  bookedTime
	delayed delayedHost // of the last Task that a response has made wait
}

// A delayedHost is the lane of a Task that has to wait, and the status of the response that made it.
type delayedHost struct {
	host   string
	status int
}

// A stopRequest is a channel that is closed when the run is to be stopped; nil once seen.
type stopRequest struct {
	closed <-chan struct{}
	why    Stop
}

// newScheduler returns a scheduler with an empty Plan. The run begins now.
func newScheduler(o *Options, ports schedulerPorts) *scheduler {
	s := &scheduler{schedulerPorts: ports, options: o, tally: newTally(o), over: make(chan struct{}),
		room: make(chan struct{}, 1), timer: newStoppedTimer(), begun: time.Now()}
	limits := o.limits()
	if o.Robots {
		limits.Host = func(lane string) plan.HostLimits { return s.robots.limitsOf(o, lane) }
	}
	s.plan = plan.New(limits, s.codec())
	s.stops = [...]stopRequest{
		{s.canceled, StopCanceled}, {s.failed, StopOutput}, {s.unkept, StopLimits}, {o.Drain, StopDrain},
	}
	s.booked.until = s.begun
	if o.Deadline > 0 {
		s.deadline = s.begun.Add(o.Deadline)
	}
	return s
}

// codec returns the codec for the Tasks that the plan spills; nil means that it may spill none. A Sink that holds
// Records back would have to hold those of all spilled Tasks, and the result of a cache lookup can't be packed.
func (s *scheduler) codec() plan.Codec {
	if s.holder != nil || s.options.Cache != nil {
		return nil
	}
	return &taskCodec{setTarget: s.setTarget, largeBytes: &s.largeBytes}
}

// loop has the scheduler look again what may start when the timer fires, the writer asks for it or the run is to be
// stopped, until it is over.
func (s *scheduler) loop() {
	defer s.timer.Stop()
	canceled, failed, unkept, drain := s.canceled, s.failed, s.unkept, s.options.Drain
	for {
		s.recheck()
		select {
		case <-s.over:
			return
		case <-s.timer.C:
		case <-s.wake:
		case <-canceled:
			canceled = nil // a nil channel blocks: it is seen once
		case <-failed:
			failed = nil
		case <-unkept:
			unkept = nil
		case <-drain:
			drain = nil
		}
	}
}

// recheck starts what may start by now.
func (s *scheduler) recheck() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.enter())
}

// next takes a Task back from the worker whose exchange for it has ended, and returns the one that this worker takes
// next; nil is none, and the worker is idle.
func (s *scheduler) next(t *task) *task {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.enter()
	s.takeDone(t, now)
	s.checkDeadline(now)
	s.plan.SetUncommitted(s.uncommitted())
	var own *task
	if next, _ := s.plan.Next(now); next != nil {
		own = next.Owner.(*task)
	}
	s.settle(now)
	return own
}

// lookedUp takes a Task back from a lookup worker.
func (s *scheduler) lookedUp(t *task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.enter()
	s.takeLookup(t, now)
	s.settle(now)
}

// enter returns the time, after it has booked what has passed to what has kept the next Task from starting since, and
// stopped the run where that is asked for: of what happens at the same time as a stop, nothing starts an exchange.
func (s *scheduler) enter() time.Time {
	now := time.Now()
	if now.Sub(s.booked.until) >= bookEvery {
		s.bookTime(now)
	}
	for i := range s.stops {
		ask := &s.stops[i]
		select {
		case <-ask.closed:
			ask.closed = nil // a nil channel blocks: it is seen once
			s.stop(ask.why, now)
		default:
		}
	}
	return now
}

// settle starts what may start by now, sets the timer to when more may, and ends the run where that is over.
func (s *scheduler) settle(now time.Time) {
	s.checkDeadline(now)
	s.plan.SetUncommitted(s.uncommitted())
	s.admitParked(now)
	wait := s.startWithRoom(now, s.dispatch(now))
	s.startLookups()
	s.askLimiter()
	if s.isOver() {
		s.bookTime(now)
		s.end()
		return
	}
	s.reportWait(now, wait)
	s.setTimer(now, s.letFeed(now, wait))
}

// dispatch hands every Task that may start now to an idle worker, and returns how long until the next one may.
func (s *scheduler) dispatch(now time.Time) time.Duration {
	for {
		t, wait := s.plan.Next(now)
		if t == nil {
			return wait
		}
		if s.workers < s.plan.Running() {
			s.workers++
			s.startWorker()
		}
		s.start <- t.Owner.(*task) // never blocks: its capacity is the concurrency
	}
}

// uncommitted returns how many successes that needed an exchange a kill of the process would lose.
func (s *scheduler) uncommitted() int {
	if s.options.Committed == nil || s.isStopped() {
		return 0
	}
	if s.options.Cache != nil { // a response from the cache costs nothing to get again
		return int(max(s.tally.Succeeded-s.lookupQueue.answered-s.committedCount.Load(), 0))
	}
	return int(max(s.tally.Succeeded-s.options.Committed(), 0))
}

func (s *scheduler) isOver() bool {
	return s.openTasks == 0 && len(s.parked) == 0 && (s.inputEnded || s.isStopped())
}

// end closes over, once.
func (s *scheduler) end() {
	select {
	case <-s.over:
	default:
		close(s.over)
	}
}

func (s *scheduler) isStopped() bool { return s.tally.Stopped != StopNone }

// setTimer sets the timer to wait (plan.Never is none) or the deadline, whichever comes first. One that fires sooner is
// left as it is: it is set again then.
func (s *scheduler) setTimer(now time.Time, wait time.Duration) {
	if !s.deadline.IsZero() {
		wait = sooner(wait, max(s.deadline.Sub(now), 0))
	}
	at := now.Add(wait)
	if wait == plan.Never || s.timerAt.After(now) && !at.Before(s.timerAt) {
		return
	}
	s.timerAt = at
	s.timer.Reset(wait)
}

// sooner returns the smaller one of two waits, of which a may be plan.Never.
func sooner(a, b time.Duration) time.Duration {
	if a == plan.Never {
		return b
	}
	return min(a, b)
}

// takeDone takes a Task back from a worker: one whose Fate is Final has ended, any other is routed to its next
// exchange.
func (s *scheduler) takeDone(t *task, now time.Time) {
	s.plan.Done(&t.Task, now)
	s.tally.countExchange(t)
	s.observeExchange(t, now)
	if live := s.options.Live; live != nil {
		live.Exchanges.Store(s.tally.Exchanges)
		live.Retries.Store(s.tally.Retries)
	}
	s.rooms.takeBack(t)
	if t.Verdict.Fate == judge.Final {
		s.endTask(t, now)
		return
	}
	if t.Verdict.Fate == judge.Retry {
		s.delayed = delayedHost{t.target.lane, t.counts.status}
	}
	t.NotBefore = now.Add(t.Verdict.Delay)
	if s.isStopped() {
		s.plan.Fail(&t.Task, s.cutOffFailure(t))
		return
	}
	if t.room > 0 {
		s.rooms.waiting = append(s.rooms.waiting, t)
		return
	}
	s.route(t, now)
}

// endTask counts a Task that has become a Record.
func (s *scheduler) endTask(t *task, now time.Time) {
	s.openTasks--
	if t.robots != nil {
		s.robots.got(s, t, now)
		return
	}
	s.largeBytes -= t.request.largeSize()
	s.tally.countFinal(t)
	if f := t.failure(); f != nil && f.Kind == failure.Canceled && !s.isStopped() {
		s.stop(StopCanceled, now) // the exchange saw the end of the context first
	}
	if t.next != nil {
		s.addPage(t.next, now)
	}
	if t.counts.exchanged && s.openTasks > 0 && !s.plan.HasTasks(t.target.Origin) { // at the end of the run all are closed
		s.release(&t.target.Target, s.inputEnded || s.isStopped())
	}
	s.checkFailures(now)
}
