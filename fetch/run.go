package fetch

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/fdlimit"
	"batchfetch/fetch/transport"
)

// Run fetches every Request of source and gives sink one Record for each that was started.
//
// It returns when all is done, or when Options or ctx end it early: Summary.Stopped then says why. The end of ctx
// cancels the exchanges under way. The error is nil unless the run itself failed: a *Mistake for each unusable option
// (joined), an *OutputError, an *InputError, or one around the cause of ctx's end.
//
// Where the process may open few files, fewer exchanges than Options.Concurrency are under way at once: see
// fdlimit.Exchanges.
//
// Run awaits the end of every goroutine that it starts, with one exception: a source that is blocked in a read when the
// run is over. It is read no further once that read returns.
func Run(ctx context.Context, source Source, sink Sink, options Options) (Summary, error) {
	if err := options.Validate(); err != nil {
		return Summary{}, err
	}
	options.Concurrency = min(options.Concurrency, fdlimit.Exchanges())
	options.DropBody = options.DropBody && !options.Paginate.InBody()
	transport := transport.New(options.transportConfig(dial.Network{}))
	defer transport.Close()
	return runWith(ctx, source, sink, &options, transport)
}

// runWith is Run over a transport of the caller's. It is the only place where stages are started: one feeder, one
// scheduler (in the caller's goroutine), one writer, and workers and lookup workers as the scheduler asks for them.
func runWith(
	ctx context.Context, source Source, sink Sink, o *Options, transport *transport.Transport,
) (Summary, error) {
	p := newPipeline(o, sink, transport)
	exchanges, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	f := p.feeder(source)
	go f.feed() // awaited, unless it is blocked in a read: then it ends at its next Request
	var writers, workers, lookupWorkers sync.WaitGroup
	writers.Go(p.writer().write)
	s := newScheduler(o, p.schedulerPorts(cancel,
		func() {
			w := p.worker()
			workers.Go(func() { w.work(exchanges) })
		},
		func() {
			w := p.lookupWorker()
			lookupWorkers.Go(func() { w.work(exchanges) })
		}))
	s.loop(ctx)

	close(p.closed)
	close(p.start)
	close(p.lookups)
	workers.Wait()
	lookupWorkers.Wait()
	close(p.records)
	writers.Wait()
	ended := time.Now()
	p.awaitFeeder()

	input := inputResult{skipped: f.skipped.Load(), unstarted: int64(len(p.unstarted))}
	if s.inputEnded { // only then has f.err been written for sure
		input.err = f.err
	}
	summary := s.summary(ended, input)
	return summary, p.runError(ctx, &summary, input.err)
}

// backlog is the capacity of the channels between two stages, in Tasks or Records: with 256 neither stage waits until
// the other is scheduled.
const backlog = 256

// A pipeline has the channels between the stages of one run, the counters that two stages share, and what all workers
// share. It gives each stage the ends that it uses, and no stage knows it.
type pipeline struct {
	options   *Options
	sink      Sink
	transport *transport.Transport
	targets   *targeter
	cache     *responseCache
	pager     *pager
	renewer   *headerRenewer
	memory    *decodeMemory
	finisher  *finisher
	failure   *outputFailure

	intake       chan *task    // feeder to scheduler; closed at the Source's end
	start        chan *task    // scheduler to workers
	done         chan *task    // workers to scheduler
	lookups      chan *task    // scheduler to lookup workers
	lookedUp     chan *task    // lookup workers to scheduler
	records      chan *Record  // workers and lookup workers to writer
	largeRecords chan *Record  // the same for large ones, unbuffered: a worker holds its own until the writer takes it
	wake         chan struct{} // writer to scheduler: a Record has been taken or committed
	closed       chan struct{} // closed when the run is over
	unstarted    chan *task    // the Task that the feeder had not sent by then
	feedEnded    chan struct{} // closed when the feeder has ended

	lookupsClosed  atomic.Bool  // lookups that have not begun are not made
	waitingForSink atomic.Bool  // the scheduler waits for a Record to be taken
	doneBefore     atomic.Int64 // Requests that the feeder has read with ErrDone
	taken          atomic.Int64 // Records that the Sink has taken
	blockedWorkers atomic.Int64 // workers and lookup workers that wait for the writer to take a large Record
	committedCount atomic.Int64 // committed successes that needed an exchange; counted with a cache only
}

func newPipeline(o *Options, sink Sink, transport *transport.Transport) *pipeline {
	p := &pipeline{
		options: o, sink: sink, transport: transport, targets: newTargeter(o),
		cache: newResponseCache(o, transport), renewer: newHeaderRenewer(o), memory: newDecodeMemory(),
		failure:      newOutputFailure(),
		intake:       make(chan *task, backlog),
		start:        make(chan *task, o.Concurrency),
		done:         make(chan *task, o.Concurrency),
		lookups:      make(chan *task, backlog),
		lookedUp:     make(chan *task, backlog),
		records:      make(chan *Record, backlog),
		largeRecords: make(chan *Record),
		wake:         make(chan struct{}, 1),
		closed:       make(chan struct{}),
		unstarted:    make(chan *task, 1),
		feedEnded:    make(chan struct{}),
	}
	p.pager = &pager{options: o, targets: p.targets, transport: transport}
	p.finisher = &finisher{options: o, pager: p.pager, sink: sink, records: p.records, largeRecords: p.largeRecords,
		blockedWorkers: &p.blockedWorkers, closeIdle: transport.CloseIdle}
	return p
}

func (p *pipeline) feeder(source Source) *feeder {
	return &feeder{source: source, pager: p.pager, live: p.options.Live, doneBefore: &p.doneBefore,
		intake: p.intake, closed: p.closed, unstarted: p.unstarted, ended: p.feedEnded}
}

func (p *pipeline) schedulerPorts(
	cancel context.CancelCauseFunc, startWorker, startLookupWorker func(),
) schedulerPorts {
	return schedulerPorts{
		intake: p.intake, start: p.start, done: p.done, lookups: p.lookups, lookedUp: p.lookedUp,
		wake: p.wake, outputFailed: p.failure.done(), doneBefore: &p.doneBefore,
		startWorker: startWorker, startLookupWorker: startLookupWorker, cancel: cancel, lookupsClosed: &p.lookupsClosed,
		holder: holderOf(p.sink), waitingForSink: &p.waitingForSink, taken: &p.taken,
		committedCount: &p.committedCount, blockedWorkers: &p.blockedWorkers,
		recordsFull:   func() bool { return len(p.records) == cap(p.records) },
		bandwidthWait: p.transport.BandwidthLimitedFor,
		setTarget:     func(t *task) { setTarget(t, p.targets) },
	}
}

func (p *pipeline) worker() *worker {
	return &worker{options: p.options, transport: p.transport, cache: p.cache,
		redirects: redirector{p.targets, p.transport}, renewer: p.renewer, memory: p.memory, finisher: p.finisher,
		failure: p.failure, holder: holderOf(p.sink),
		rng:   rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
		start: p.start, done: p.done}
}

func (p *pipeline) lookupWorker() *lookupWorker {
	return &lookupWorker{options: p.options, cache: p.cache,
		redirects: redirector{p.targets, p.transport}, renewer: p.renewer, finisher: p.finisher, failure: p.failure,
		lookups: p.lookups, lookedUp: p.lookedUp, closed: &p.lookupsClosed}
}

func (p *pipeline) writer() *writer {
	return &writer{sink: p.sink, failure: p.failure,
		commits: p.options.Committed != nil, concurrency: p.options.Concurrency,
		committed: newCommittedExchanges(p.options, &p.committedCount),
		records:   p.records, largeRecords: p.largeRecords, wake: p.wake,
		taken: &p.taken, waitingForSink: &p.waitingForSink}
}

// feederTimeout is how long Run waits for the feeder to end once the run is over; one that has not ended by then is
// blocked in a read of the Source.
const feederTimeout = 100 * time.Millisecond

// awaitFeeder waits until the feeder has ended, for feederTimeout at most.
func (p *pipeline) awaitFeeder() {
	timer := time.NewTimer(feederTimeout)
	defer timer.Stop()
	select {
	case <-p.feedEnded:
	case <-timer.C:
	}
}

// runError returns the error of a run that has ended, and sets Stopped in its Summary where an output has failed.
func (p *pipeline) runError(ctx context.Context, s *Summary, inputErr error) error {
	if err := p.failure.cause(); err != nil {
		s.Stopped, s.Complete = StopOutput, false
		return err
	}
	switch s.Stopped {
	case StopInput:
		return inputErr
	case StopCanceled:
		return fmt.Errorf("the run was cancelled: %w", context.Cause(ctx))
	}
	return nil
}
