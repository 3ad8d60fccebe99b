package fetch

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"batchfetch/fetch/cache"
)

// backlog is how many Requests and Records may lie between two stages: enough that neither waits for the other's wake-up.
const backlog = 256

// Run asks for every Request of source and gives sink one Record for each that was started.
//
// It returns when all is done, or when Options or ctx end it early: Summary.Stopped then says why. The end of ctx cancels
// what flies. The error is nil unless the run itself broke: a *Mistake for each unusable option (joined),
// an *OutputError, an *InputError, or the cause of ctx's end.
//
// Where the process may open few files, fewer exchanges than Options.Concurrency are under way at once: see MostConcurrency.
//
// Run awaits all that it starts, but for a source that is blocked in a read when the run is stopped: it is asked
// nothing more once that read returns.
func Run(ctx context.Context, source Source, sink Sink, options Options) (Summary, error) {
	if err := options.Validate(); err != nil {
		return Summary{}, err
	}
	options.Concurrency = min(options.Concurrency, MostConcurrency())
	ways := newRoads(&options, realNetwork())
	defer ways.end()
	return runAlong(ctx, source, sink, &options, ways)
}

// runAlong is Run along roads of the caller's.
func runAlong(ctx context.Context, source Source, sink Sink, o *Options, ways roads) (Summary, error) {
	r := newRun(o, sink, ways)
	flights, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	go r.feed(source) // awaited, unless it is blocked in a read: then it ends at its next Request
	var workers, writer, lookers sync.WaitGroup
	writer.Go(r.write)
	s := newScheduler(r, cancel, func() {
		w := &worker{run: r, rng: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))}
		workers.Go(func() { w.work(flights) })
	})
	s.hireLooker = func() {
		l := &looker{&worker{run: r}}
		lookers.Go(func() { l.look(flights) })
	}
	s.loop(ctx)

	close(r.closed)
	close(r.start)
	close(r.lookups)
	workers.Wait()
	lookers.Wait()
	close(r.records)
	writer.Wait()
	ended := time.Now()
	r.awaitFeed()
	summary := s.summary(ended)
	return summary, r.verdict(ctx, &summary)
}

// feedPatience is how long the feed may take to notice the end of the run, where it is not blocked in a read.
const feedPatience = 100 * time.Millisecond

func (r *run) awaitFeed() {
	patience := time.NewTimer(feedPatience)
	defer patience.Stop()
	select {
	case <-r.fed:
	case <-patience.C:
	}
}

// A run is what the stages of one Run share: the channels between them.
type run struct {
	options *Options
	roads   roads
	targets *targeter
	sink    Sink

	intake   chan *task    // feed to scheduler; closed at the source's end
	start    chan *task    // scheduler to workers
	done     chan *task    // workers to scheduler
	lookups  chan *task    // scheduler to lookers
	lookedUp chan *task    // lookers to scheduler
	records  chan *Record  // workers and lookers to writer
	large    chan *Record  // the same for lines too large to pile up: a worker holds its own until the writer takes it
	wake     chan struct{} // writer to scheduler: a Record has been put
	waiting  atomic.Bool   // the scheduler waits for a Record to be put
	put      atomic.Int64  // Records that the Sink has taken
	broken   chan struct{} // closed when an output has failed: the Sink, or the Keeper's disk
	closed   chan struct{} // closed when the run is over
	left     chan *task    // what the feed had in hand then
	fed      chan struct{} // closed when the feed has ended
	skipped  atomic.Int64  // Requests that the Source yielded only to be counted
	stuck    atomic.Int64  // workers that wait for the writer to take a large Record

	noLookups    atomic.Bool  // the run is over
	certificates cache.Sum    // of the client
	trust        string       // which servers are believed, as part of a cache's keys
	safe         atomic.Int64 // successes that cost an exchange, and outlive a kill of the process; counted with a cache only
	unsafe       safety       // the writer's

	inputErr error // feed's, until it has closed intake
	sinkDead bool  // the writer's: it takes no more Records
	breaking sync.Once
	brokenBy error // why broken was closed; read after that
}

func newRun(o *Options, sink Sink, ways roads) *run {
	return &run{
		options: o, roads: ways, targets: newTargeter(o), sink: sink,
		intake:   make(chan *task, backlog),
		start:    make(chan *task, o.Concurrency),
		done:     make(chan *task, o.Concurrency),
		lookups:  make(chan *task, backlog),
		lookedUp: make(chan *task, backlog),
		records:  make(chan *Record, backlog),
		large:    make(chan *Record),
		wake:     make(chan struct{}, 1),
		broken:   make(chan struct{}),
		closed:   make(chan struct{}),
		left:     make(chan *task, 1),
		fed:      make(chan struct{}),

		certificates: certificatesOf(o),
		trust:        trustOf(o),
	}
}

// verdict returns the error of a run that has ended, and says so in its summary.
func (r *run) verdict(ctx context.Context, s *Summary) error {
	switch {
	case r.isBroken():
		s.Stopped, s.Complete = StopOutput, false
		return r.brokenBy
	case s.Stopped == StopInput:
		return r.inputErr
	case s.Stopped == StopCanceled:
		return fmt.Errorf("the run was cancelled: %w", context.Cause(ctx))
	}
	return nil
}
