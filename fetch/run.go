package fetch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
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
// fdlimit.Exchanges. Where not even one request could be made an error around EMFILE says so.
//
// Run awaits the end of every goroutine that it starts, with one exception: a source that is blocked in a read when the
// run is over. It is read no further once that read returns.
func Run(ctx context.Context, source Source, sink Sink, options Options) (Summary, error) {
	if err := options.Validate(); err != nil {
		return Summary{}, err
	}
	exchanges := fdlimit.Exchanges()
	if files := options.filesOfOne(); exchanges == 1 && !fdlimit.CanOpen(files) {
		return Summary{}, fmt.Errorf("no request can be made, as one takes %d more: %w", files, syscall.EMFILE)
	}
	options.Concurrency = min(options.Concurrency, exchanges)
	options.DropBody = options.DropBody && !options.Paginate.InBody()
	config := options.transportConfig(dial.Network{})
	config.Alternatives = newAlternatives(&options)
	transport := transport.New(config)
	defer transport.Close()
	return runWith(ctx, source, sink, &options, transport)
}

// filesOfOne returns how many files one exchange has open at least: its connection; and that of a saved body with its
// folder, which is opened twice.
func (o *Options) filesOfOne() int {
	if o.BodyStore != nil {
		return 4
	}
	return 1
}

// runWith is Run over a transport of the caller's. It is the only place where stages are started: one feeder, one
// writer, and workers and lookup workers as the scheduler asks for them, which waits in the caller's goroutine.
func runWith(
	ctx context.Context, source Source, sink Sink, o *Options, transport *transport.Transport,
) (Summary, error) {
	p := newPipeline(o, sink, transport)
	exchanges, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	var writers, workers, lookupWorkers sync.WaitGroup
	var s *scheduler
	s = newScheduler(o, p.schedulerPorts(ctx, cancel,
		func() {
			w := p.worker(s)
			workers.Go(func() { w.work(exchanges) })
		},
		func() {
			w := p.lookupWorker(s)
			lookupWorkers.Go(func() { w.work(exchanges) })
		}))
	writers.Go(p.writer(s.over).write)
	feedEnded := make(chan struct{})
	go func() { // awaited, unless it is blocked in a read: then it ends at its next Request
		defer close(feedEnded)
		p.feeder(source, s).feed()
	}()
	kept := p.startLimiter(ctx, s)
	s.loop()

	kept()
	close(p.start)
	close(p.lookups)
	workers.Wait()
	lookupWorkers.Wait()
	close(p.records)
	writers.Wait()
	p.cache.close(context.WithoutCancel(ctx))
	ended := time.Now()
	awaitFeeder(feedEnded)
	summary := s.summary(ended)
	summary.Lookups, summary.LookupsFromMemory = transport.Lookups()
	return summary, p.runError(ctx, &summary, s.inputError)
}

// startLimiter starts the limitKeeper, where there is a Limiter, and returns a function that ends it.
func (p *pipeline) startLimiter(ctx context.Context, s *scheduler) (end func()) {
	if p.options.Limiter == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	k := &limitKeeper{p.options.Limiter, s, p.short, p.unkept.fail}
	var running sync.WaitGroup
	running.Go(func() { k.keep(ctx) })
	return func() { cancel(); running.Wait() }
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
	logins    *logins
	memory    *decodeMemory
	finisher  *finisher
	headless  headlessHosts
	shortage  sync.Once // for Options.WarnShortage
	failure   *outputFailure
	unkept    *outputFailure // of the Limiter

	start        chan *task   // scheduler to idle workers
	lookups      chan *task   // scheduler to lookup workers
	records      chan *Record // workers and lookup workers to writer
	largeRecords chan *Record // the same for large ones, unbuffered: a worker holds its own until the writer takes it
	wake         signal       // writer to scheduler: a Record has been taken or committed
	short        signal       // scheduler to limitKeeper: the plan lacks something

	lookupsClosed  atomic.Bool  // lookups that have not begun are not made
	waitingForSink atomic.Bool  // the scheduler waits for a Record to be taken
	taken          atomic.Int64 // Records that the Sink has taken
	blockedWorkers atomic.Int64 // workers and lookup workers that wait for the writer to take a large Record
	committedCount atomic.Int64 // committed successes that needed an exchange; counted with a cache only
}

func newPipeline(o *Options, sink Sink, transport *transport.Transport) *pipeline {
	p := &pipeline{
		options: o, sink: sink, transport: transport, targets: newTargeter(o),
		cache: newResponseCache(o, transport), renewer: newHeaderRenewer(o), logins: newLogins(),
		memory:       newDecodeMemory(),
		failure:      newOutputFailure(),
		unkept:       newOutputFailure(),
		start:        make(chan *task, o.Concurrency),
		lookups:      make(chan *task, backlog),
		records:      make(chan *Record, backlog),
		largeRecords: make(chan *Record),
		wake:         make(signal, 1),
		short:        make(signal, 1),
	}
	if o.Robots {
		p.targets.ofRobots = newTargeter(robotsOptions(o))
	}
	p.pager = &pager{options: o, targets: p.targets, transport: transport}
	p.finisher = &finisher{options: o, pager: p.pager, sink: sink, records: p.records, largeRecords: p.largeRecords,
		blockedWorkers: &p.blockedWorkers, closeIdle: transport.CloseIdle}
	return p
}

func (p *pipeline) feeder(source Source, s *scheduler) *feeder {
	return &feeder{source: source, pager: p.pager, renewer: p.renewer, cache: p.cache, scheduler: s}
}

func (p *pipeline) schedulerPorts(
	ctx context.Context, cancel context.CancelCauseFunc, startWorker, startLookupWorker func(),
) schedulerPorts {
	return schedulerPorts{
		start: p.start, lookups: p.lookups, wake: p.wake, canceled: ctx.Done(), failed: p.failure.done(),
		unkept: p.unkept.done(), short: p.short,
		startWorker: startWorker, startLookupWorker: startLookupWorker, cancel: cancel, lookupsClosed: &p.lookupsClosed,
		holder: holderOf(p.sink), waitingForSink: &p.waitingForSink, taken: &p.taken,
		committedCount: &p.committedCount, blockedWorkers: &p.blockedWorkers,
		recordsFull:   func() bool { return len(p.records) == cap(p.records) },
		bandwidthWait: p.transport.BandwidthLimitedFor,
		namesWait:     p.transport.NamesWaitedFor,
		release:       p.transport.Release,
		closeIdle:     p.transport.CloseIdleTo,
		setTarget: func(t *task) {
			if t.robots != nil {
				setTarget(t, p.targets.ofRobots)
				return
			}
			setTarget(t, p.targets)
		},
	}
}

func (p *pipeline) worker(s *scheduler) *worker {
	rng := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	return &worker{finisher: p.finisher, rng: rng, scheduler: s, start: p.start, exchanger: exchanger{
		options: p.options, transport: p.transport, cache: p.cache,
		redirects: redirector{p.targets, p.transport}, renewer: p.renewer, logins: p.logins, headless: &p.headless,
		memory: p.memory, shortage: &p.shortage, failure: p.failure, rng: rng, holder: holderOf(p.sink)}}
}

func (p *pipeline) lookupWorker(s *scheduler) *lookupWorker {
	return &lookupWorker{options: p.options, cache: p.cache,
		redirects: redirector{p.targets, p.transport}, renewer: p.renewer, finisher: p.finisher, failure: p.failure,
		scheduler: s, lookups: p.lookups, closed: &p.lookupsClosed}
}

func (p *pipeline) writer(over <-chan struct{}) *writer {
	return &writer{sink: p.sink, failure: p.failure,
		commits: p.options.Committed != nil, concurrency: p.options.Concurrency,
		committed: newCommittedExchanges(p.options, &p.committedCount),
		records:   p.records, largeRecords: p.largeRecords, over: over, wake: p.wake,
		taken: &p.taken, waitingForSink: &p.waitingForSink}
}

// feederTimeout is how long Run waits for the feeder to end once the run is over; one that has not ended by then is
// blocked in a read of the Source.
const feederTimeout = 100 * time.Millisecond

// awaitFeeder waits until the feeder has ended, for feederTimeout at most.
func awaitFeeder(ended <-chan struct{}) {
	timer := time.NewTimer(feederTimeout)
	defer timer.Stop()
	select {
	case <-ended:
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
	case StopLimits:
		return &LimitsError{errors.Unwrap(p.unkept.cause())}
	case StopCanceled:
		return fmt.Errorf("the run was cancelled: %w", context.Cause(ctx))
	}
	return nil
}
