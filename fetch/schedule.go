package fetch

import (
	"context"
	"time"
)

// A scheduler owns the Plan, the counts and the only timer. It starts Tasks, takes them back and decides when the run is over.
type scheduler struct {
	*run
	plan    *plan
	tally   *tally
	cancel  context.CancelCauseFunc // ends the flights
	hire    func()                  // starts one more worker
	workers int

	hireLooker func() // starts one more looker
	holder     Holder // nil where the Sink keeps nothing back

	timer    *time.Timer
	begun    time.Time
	deadline time.Time // of the run, or of the flights once it drains; zero is none
	open     int       // Tasks taken in and not ended
	admitted int64     // Tasks taken in
	bulk     int64     // bytes of large Requests in memory
	ended    bool      // the source has no more
	drain    <-chan struct{}
	asking   lookupQueue
	output   <-chan struct{} // broken; nil once seen
	canceled <-chan struct{} // the caller's context; nil once seen
	reason   Limit           // what held the next Task back since looked
	looked   time.Time
	dry      time.Duration // waited for bandwidth by then

	limitHost string // the host whose limit reason was; empty is no single one's
}

func newScheduler(r *run, cancel context.CancelCauseFunc, hire func()) *scheduler {
	s := &scheduler{run: r, tally: newTally(r.options), cancel: cancel, hire: hire,
		timer: time.NewTimer(time.Hour), begun: time.Now(), drain: r.options.Drain, output: r.broken}
	s.holder = holderOf(r.sink)
	s.plan = newPlan(r.options.limits(), s.codec())
	s.looked = s.begun
	if s.options.Deadline > 0 {
		s.deadline = s.begun.Add(s.options.Deadline)
	}
	return s
}

// codec returns what packs the tasks that the plan spills; nil means that it may spill none. A Sink that holds Records back would
// have to hold those of all that is spilled, and what the cache knows of a task can't be packed.
func (s *scheduler) codec() Codec {
	if s.holder != nil || s.options.Cache != nil {
		return nil
	}
	return &taskCodec{aim: s.aimAgain, largeBytes: &s.bulk}
}

// loop runs until every Task taken in has ended and no more will come.
func (s *scheduler) loop(ctx context.Context) {
	defer s.timer.Stop()
	s.canceled = ctx.Done()
	for {
		now := time.Now()
		s.bookTime(now)
		s.expire(now)
		s.plan.setUncommitted(s.uncommitted())
		wait := s.dispatch(now)
		s.lookUp()
		if s.over() {
			return
		}
		s.reason, s.limitHost = s.bottleneck(now)
		s.sleep(now, wait)
	}
}

// dispatch starts every Task that may start now and returns how long until the next one may.
func (s *scheduler) dispatch(now time.Time) time.Duration {
	for {
		t, wait := s.plan.next(now)
		if t == nil {
			return wait
		}
		if s.workers < s.plan.running() {
			s.workers++
			s.hire()
		}
		s.start <- t.Owner.(*task) // never blocks: its capacity is the concurrency
	}
}

// uncommitted returns how many successes a kill of the process would cost.
func (s *scheduler) uncommitted() int {
	if s.options.Committed == nil || s.stopped() {
		return 0
	}
	if s.options.Cache != nil { // an answer from the cache costs nothing to have again
		return int(max(s.tally.Succeeded-s.asking.answered-s.safe.Load(), 0))
	}
	return int(max(s.tally.Succeeded-s.options.Committed(), 0))
}

func (s *scheduler) over() bool {
	return s.open == 0 && (s.ended || s.stopped())
}

func (s *scheduler) stopped() bool { return s.tally.Stopped != StopNone }

// sleep waits for an event, at most until wait has passed, and takes in what else has come by then.
func (s *scheduler) sleep(now time.Time, wait time.Duration) {
	s.setTimer(now, wait)
	intake := s.intake
	if s.ended || s.stopped() || s.mustWait() {
		intake = nil // a nil channel never fires: backpressure
	}
	select {
	case t := <-s.done:
		s.take(t)
	case t := <-s.lookedUp:
		s.takeBack(t)
	case t, open := <-intake:
		s.admit(t, open)
	case <-s.timer.C:
	case <-s.wake:
	case <-s.drain:
		s.drain = nil
		s.stop(StopDrain, time.Now())
	case <-s.output:
		s.output = nil
		s.stop(StopOutput, time.Now())
	case <-s.canceled:
		s.canceled = nil
		s.stop(StopCanceled, time.Now())
	}
	s.catchUp(intake)
}

// catchUp takes what lies ready without another look at everything else.
func (s *scheduler) catchUp(intake <-chan *task) {
	for n := len(s.done); n > 0; n-- {
		s.take(<-s.done)
	}
	s.takeBackAll()
	for n := len(intake); n > 0 && !s.stopped() && !s.windowFull(); n-- {
		s.admit(<-intake, true)
	}
}

func (s *scheduler) setTimer(now time.Time, wait time.Duration) {
	if !s.deadline.IsZero() {
		if left := max(s.deadline.Sub(now), 0); wait == never || left < wait {
			wait = left
		}
	}
	if wait == never {
		s.timer.Stop()
		return
	}
	s.timer.Reset(wait)
}

// admit takes in what the feed made of one input line, or the input's end.
func (s *scheduler) admit(t *task, open bool) {
	if !open {
		s.ended = true
		return
	}
	s.open++
	s.admitted++
	s.bulk += t.request.bulk()
	s.place(t, time.Now())
}

// take counts what became of a Task and sends it where it belongs.
func (s *scheduler) take(t *task) {
	now := time.Now()
	s.plan.done(&t.Task, now)
	s.tally.exchange(t)
	if live := s.options.Live; live != nil {
		live.Exchanges.Store(s.tally.Exchanges)
		live.Retries.Store(s.tally.Retries)
	}
	if t.Verdict.Fate == Final {
		s.end(t, now)
		return
	}
	t.NotBefore = now.Add(t.Verdict.Delay)
	if s.stopped() {
		s.plan.fail(&t.Task, s.cutOff(t))
		return
	}
	s.place(t, now)
}

// expire acts on a deadline that has passed: the run's own, or that of its last flights.
func (s *scheduler) expire(now time.Time) {
	if s.deadline.IsZero() || now.Before(s.deadline) {
		return
	}
	s.deadline = time.Time{}
	if s.tally.Stopped == StopDrain {
		s.cancel(s.because())
		return
	}
	s.stop(StopDeadline, now)
}

// stop starts nothing more. A drain lets what flies land within the grace; any other reason cancels it.
func (s *scheduler) stop(why Stop, now time.Time) {
	if s.stopped() {
		if why == StopCanceled || why == StopOutput {
			s.cancel(s.because())
		}
		return
	}
	s.tally.Stopped = why
	if why == StopDrain {
		if end := now.Add(s.options.Grace); s.deadline.IsZero() || end.Before(s.deadline) {
			s.deadline = end
		}
	} else {
		s.deadline = time.Time{}
		s.cancel(s.because())
	}
	s.dropLookups()
	rest, spilled := s.plan.rest(now)
	s.open -= int(spilled)
	s.tally.NotStarted += spilled
	for _, t := range rest {
		s.unstarted(t.Owner.(*task))
	}
}

func (s *scheduler) because() error {
	switch s.tally.Stopped {
	case StopFailures:
		return &stopError{"the limit on failures"}
	case StopDeadline:
		return &limitError{Canceled, "deadline", s.options.Deadline}
	case StopDrain:
		return &stopError{"an interrupt"}
	case StopOutput:
		return &stopError{"an output that can't be written"}
	}
	return &stopError{"the caller"}
}

// cutOff is the last word on a Task that was to be asked again.
func (s *scheduler) cutOff(t *task) *Failure {
	if t.Verdict.Failure == nil {
		return failf(Canceled, "%w before the redirect was followed", s.because())
	}
	return failf(Canceled, "%w before the next attempt; the last one: %w", s.because(), t.Verdict.Failure)
}

// summary closes the counts once the run is over. What the feed had ready by then was never started.
func (s *scheduler) summary(now time.Time) Summary {
	for n := len(s.intake); n > 0; n-- {
		if t := <-s.intake; t != nil { // nil: the feed has ended and closed it
			s.tally.NotStarted++
		}
	}
	s.tally.NotStarted += int64(len(s.left))
	s.tally.Skipped = s.skipped.Load()
	if s.ended && s.inputErr != nil && !s.stopped() {
		s.tally.Stopped = StopInput
	}
	return s.tally.summary(now.Sub(s.begun))
}
