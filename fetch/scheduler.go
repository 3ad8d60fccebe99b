package fetch

import (
	"context"
	"sync/atomic"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/plan"
)

// schedulerPorts are the scheduler's connections to the other stages: its ends of the channels, the counters that they
// share with it, and functions that start and stop them.
type schedulerPorts struct {
	intake       <-chan *task    // from the feeder, which closes it at the Source's end
	start        chan<- *task    // to the workers; its capacity is Options.Concurrency
	done         <-chan *task    // from the workers
	lookups      chan<- *task    // to the lookup workers
	lookedUp     <-chan *task    // from the lookup workers
	wake         <-chan struct{} // from the writer: a Record has been taken or committed
	outputFailed <-chan struct{} // closed when an output has failed; nil once seen

	startWorker       func()
	startLookupWorker func()
	cancel            context.CancelCauseFunc // ends the exchanges and lookups under way
	lookupsClosed     *atomic.Bool            // set by the scheduler: lookups that have not begun are not made

	holder         Holder                            // the Sink; nil where it holds no Records back
	waitingForSink *atomic.Bool                      // set by the scheduler while it waits for a Record to be taken
	doneBefore     *atomic.Int64                     // Requests that the feeder has read with ErrDone
	taken          *atomic.Int64                     // Records that the Sink has taken
	committedCount *atomic.Int64                     // committed successes that needed an exchange; 0 without a cache
	blockedWorkers *atomic.Int64                     // workers that wait for the writer to take a large Record
	recordsFull    func() bool                       // whether no more Records fit before the writer
	bandwidthWait  func(now time.Time) time.Duration // how long exchanges have waited for bandwidth so far

	setTarget func(*task) // sets the target of a Task that was spilled
}

// A scheduler is the stage that owns the Plan, the counts and the only timer of a run. It starts Tasks, takes them back
// and decides when the run is over. One goroutine runs it, that of Run.
type scheduler struct {
	schedulerPorts
	options     *Options
	plan        *plan.Plan
	tally       *tally
	workers     int // that have been started
	lookupQueue lookupQueue
	rooms       roomQueue

	timer      *time.Timer
	begun      time.Time
	deadline   time.Time       // of the run, or of the exchanges under way while it drains; zero is none
	openTasks  int             // Tasks admitted and not ended
	parked     parkedPages     // pages that are not admitted yet
	admitted   int64           // Tasks admitted
	largeBytes int64           // bytes of large Requests in memory
	inputEnded bool            // the Source has no more
	drain      <-chan struct{} // Options.Drain; nil once seen
	canceled   <-chan struct{} // Done of the caller's context; nil once seen

	limit           Limit         // what kept the next Task from starting at checkedAt; empty before the first check
	limitHost       string        // the host whose limit that was; empty is no single host's
	checkedAt       time.Time     // when bookTime was called last
	delayed         delayedHost   // of the last Task that a response has made wait
	bandwidthWaited time.Duration // how long exchanges had waited for bandwidth by then, as far as it has been booked
}

// A delayedHost is the lane of a Task that has to wait, and the status of the response that made it.
type delayedHost struct {
	host   string
	status int
}

// newScheduler returns a scheduler with an empty Plan. The run begins now.
func newScheduler(o *Options, ports schedulerPorts) *scheduler {
	s := &scheduler{schedulerPorts: ports, options: o, tally: newTally(o),
		timer: time.NewTimer(time.Hour), begun: time.Now(), drain: o.Drain}
	s.plan = plan.New(o.limits(), s.codec())
	s.checkedAt = s.begun
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

// loop runs until every Task admitted has ended and no more will come.
func (s *scheduler) loop(ctx context.Context) {
	defer s.timer.Stop()
	s.canceled = ctx.Done()
	for {
		now := time.Now()
		s.bookTime(now)
		s.checkDeadline(now)
		s.plan.SetUncommitted(s.uncommitted())
		s.admitParked(now)
		wait := s.startWithRoom(now, s.dispatch(now))
		s.startLookups()
		if s.isOver() {
			return
		}
		s.limit, s.limitHost = s.bottleneck(now)
		s.reportWait(now, wait)
		s.awaitEvent(now, wait)
	}
}

// dispatch starts every Task that may start now and returns how long until the next one may.
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

func (s *scheduler) isStopped() bool { return s.tally.Stopped != StopNone }

// awaitEvent waits for an event, for wait at most (plan.Never is no bound), and handles it and those that are ready by
// then.
func (s *scheduler) awaitEvent(now time.Time, wait time.Duration) {
	s.setTimer(now, wait)
	intake := s.intake
	if s.inputEnded || s.isStopped() || s.mustPauseIntake() {
		intake = nil // receiving from a nil channel blocks: backpressure on the feeder
	}
	select {
	case t := <-s.done:
		s.takeDone(t)
	case t := <-s.lookedUp:
		s.takeLookup(t)
	case t, open := <-intake:
		s.admit(t, open)
	case <-s.timer.C:
	case <-s.wake:
	case <-s.drain:
		s.drain = nil
		s.stop(StopDrain, time.Now())
	case <-s.outputFailed:
		s.outputFailed = nil
		s.stop(StopOutput, time.Now())
	case <-s.canceled:
		s.canceled = nil
		s.stop(StopCanceled, time.Now())
	}
	s.takeReady(intake)
}

// takeReady takes what is ready in the channels by now, without asking the plan in between.
func (s *scheduler) takeReady(intake <-chan *task) {
	for n := len(s.done); n > 0; n-- {
		s.takeDone(<-s.done)
	}
	s.takeLookups()
	for n := len(intake); n > 0 && !s.isStopped() && !s.windowFull(); n-- {
		s.admit(<-intake, true)
	}
}

// setTimer sets the timer to wait (plan.Never is none) or the deadline, whichever comes first.
func (s *scheduler) setTimer(now time.Time, wait time.Duration) {
	if !s.deadline.IsZero() {
		if left := max(s.deadline.Sub(now), 0); wait == plan.Never || left < wait {
			wait = left
		}
	}
	if wait == plan.Never {
		s.timer.Stop()
		return
	}
	s.timer.Reset(wait)
}

// admit takes a Task of the feeder into the look-ahead window. Where open is false the input has ended, and t is nil.
func (s *scheduler) admit(t *task, open bool) {
	if !open {
		s.inputEnded = true
		s.checkFailures(time.Now())
		return
	}
	s.openTasks++
	s.admitted++
	s.largeBytes += t.request.largeSize()
	s.route(t, time.Now())
}

// takeDone takes a Task back from a worker: one whose Fate is Final has ended, any other is routed to its next
// exchange.
func (s *scheduler) takeDone(t *task) {
	now := time.Now()
	s.plan.Done(&t.Task, now)
	s.tally.countExchange(t)
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
	s.largeBytes -= t.request.largeSize()
	s.tally.countFinal(t)
	if f := t.failure(); f != nil && f.Kind == failure.Canceled && !s.isStopped() {
		s.stop(StopCanceled, now) // the exchange saw the end of the context first
	}
	if t.next != nil {
		s.addPage(t.next, now)
	}
	s.checkFailures(now)
}
