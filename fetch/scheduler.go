package fetch

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

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
	short    signal          // to the limitKeeper: the plan lacks something

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

	release   func(to *transport.Target, ended bool) // closes idle connections to an origin without Tasks
	closeIdle func(to *transport.Target, n int)      // closes n idle connections to an origin

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
	booked  limitBook
	delayed delayedHost // of the last Task that a response has made wait
}

// A feederWait is the feeder's wait for room in the look-ahead window.
type feederWait struct {
	waits bool      // it waits
	since time.Time // when there was room for it to go on, though for few Requests; zero is that there is none
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
		s.robots = robotsGate{options: o, setTarget: ports.setTarget}
		limits.Host = s.robots.limitsOf
	}
	s.plan = plan.New(limits, s.codec())
	s.stops = [...]stopRequest{
		{s.canceled, StopCanceled}, {s.failed, StopOutput}, {s.unkept, StopLimits}, {o.Drain, StopDrain},
	}
	s.booked = limitBook{tally: s.tally, observer: o.Observer, bandwidthWait: ports.bandwidthWait,
		namesWait: ports.namesWait, until: s.begun}
	s.lookupQueue = lookupQueue{tasks: ports.lookups, startWorker: ports.startLookupWorker, closed: ports.lookupsClosed}
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

func (s *scheduler) isStopped() bool { return s.tally.Stopped != StopNone }

// sooner returns the smaller one of two waits, of which a may be plan.Never.
func sooner(a, b time.Duration) time.Duration {
	if a == plan.Never {
		return b
	}
	return min(a, b)
}
