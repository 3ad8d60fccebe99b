package fetch

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/plan"
	"batchfetch/fetch/redact"
	"batchfetch/fetch/spool"
	"batchfetch/fetch/transport"
)

// A worker is the stage that makes exchanges, one at a time. It waits for nothing but the network, the disk and the
// writer. One goroutine runs it; there are at most Options.Concurrency.
type worker struct {
	options   *Options
	transport *transport.Transport
	cache     *responseCache
	redirects redirector
	renewer   *headerRenewer
	logins    *logins
	headless  *headlessHosts
	memory    *decodeMemory
	finisher  *finisher
	shortage  *sync.Once                 // for Options.WarnShortage
	failure   *outputFailure             // takes the errors of outputs that end the run
	rng       *rand.Rand                 // for the jitter of back-off
	holder    Holder                     // the Sink; nil where it holds no Records back
	exchanges *transport.ExchangeContext // of all exchanges until one is cancelled; nil before the first

	call        transport.Call // of one exchange after the other
	keepsHeader bool           // the header of the last response may still be used
	exchange    exchange       // the last one

	archivedLines transport.HeaderCache // of requests, for Options.Archive

	scheduler *scheduler
	start     <-chan *task // from the scheduler, for an idle worker; closed at the end
}

// work makes exchanges until start is closed. Before the next it lets the workers run that wait for a processor: those
// that have a response end their exchanges, and all write their next requests one after the other. A server on the same
// machine is then woken once for many requests, not for each, which takes the processor from a worker each time.
func (w *worker) work(ctx context.Context) {
	defer w.closeExchangeContext()
	for t := range w.start {
		for t != nil {
			w.process(ctx, t)
			if t = w.scheduler.next(t); t != nil {
				runtime.Gosched()
			}
		}
	}
}

// process makes the next exchange of a Task, or ends it without one, and sends the Record of one that has ended to the
// writer.
func (w *worker) process(ctx context.Context, t *task) {
	record := newRecord(t)
	switch {
	case t.lineError != nil:
		endWithoutExchange(t, record, t.lineError.failure())
		record.Input = redact.Line(t.lineError.Input) // again: not every Source is an input.Reader, which does it
	case t.Lost != nil:
		endWithoutExchange(t, record, t.Lost)
	default:
		w.attempt(ctx, t, record)
	}
	if t.Verdict.Fate == judge.Final {
		w.serveStale(ctx, t, record)
		w.finisher.render(t, record)
		if !w.restartForRoom(t, record) {
			w.finisher.send(t, record)
		}
	}
}

// exchangeContext returns the context of the next exchange, which ends with ctx: the one before, unless that has ended.
func (w *worker) exchangeContext(ctx context.Context) *transport.ExchangeContext {
	if w.exchanges == nil || w.exchanges.Err() != nil {
		w.closeExchangeContext()
		w.exchanges = transport.NewExchangeContext(ctx)
	}
	return w.exchanges
}

// closeExchangeContext ends the context of the exchanges, where there is one.
func (w *worker) closeExchangeContext() {
	if w.exchanges != nil {
		w.exchanges.Close()
	}
}

// endWithoutExchange ends a Task as failed, without another exchange.
func endWithoutExchange(t *task, record *Record, why *failure.Failure) {
	t.counts = exchangeCounts{}
	t.Verdict = judge.Verdict{Failure: why}
	record.Status = t.lastStatus
}

// attempt makes one exchange and sets the Verdict of its Task.
func (w *worker) attempt(ctx context.Context, t *task, record *Record) {
	retried := t.Verdict.Fate == judge.Retry
	x := w.newExchange(t)
	if t.lookup != nil {
		record.Cache = CacheMiss
	}
	a := x.do(w.exchangeContext(ctx), &t.target, record)
	a.Conditional = x.conditional
	if x.endedAt.IsZero() { // no response came
		x.endedAt = time.Now()
	}
	if x.body.capture != nil {
		if err := x.archive(&a, record); err != nil {
			w.failure.fail(err)
		}
	}
	w.keepsHeader = x.keepsHeader()
	timing := x.timing(t.Attempts + t.uncounted)
	if w.options.KeepTiming {
		record.Timing = timing
	}
	t.noteExchange(x, &a, record)
	t.counts.retried = retried
	w.setVerdict(t, x, &a)
	w.renewer.renewHeader(ctx, t, &a)
	t.replaceHead(&a, w.headless)
	t.counts.cache, t.counts.unchanged = record.Cache, record.Unchanged
	t.counts.watched = w.cache.watchedOf(&t.target, record, t.lookup)
	x.body.part.end(t.Verdict, a.Status)
	t.identity = x.body.requestsIdentityNext(&a, t.identity)
	t.metSilence = t.metSilence || isSilence(&a)
	w.cache.invalidate(ctx, &t.target, a.Status, a.Header) // where the body failed too: the request has had its effect
	if t.Verdict.Fate == judge.Hop {
		w.redirects.follow(t, a.Status, a.Header, record.RemoteAddr)
	}
	if disk := storageErrorOf(t.Verdict.Failure); disk != nil {
		w.failure.fail(disk)
	}
	if w.options.Log != nil {
		logExchange(ctx, w.options, t, record, timing)
	}
	if t.Verdict.Failure != nil {
		record.ReleaseBody()
	}
}

// noteExchange notes what the plan, the Summary and the next exchange have to know of one that has ended.
func (t *task) noteExchange(x *exchange, a *judge.Answer, record *Record) {
	t.Sent = x.call.ConnectedAt()
	t.Connection = plan.Connection{Dialed: x.call.DialTime(), Kept: x.call.IsKept(), Shared: x.call.IsShared()}
	if t.startedAt.IsZero() {
		t.startedAt = x.startedAt
	}
	t.lastStatus = a.Status
	t.counts = exchangeCounts{exchanged: true, lane: t.lane, startedAt: x.startedAt,
		took:      x.endedAt.Sub(x.startedAt),
		connected: !t.Sent.IsZero(), reused: x.call.IsReused(),
		bytes: record.Bytes, wireBytes: record.WireBytes}
	if a.Failure == nil {
		t.counts.status = a.Status
	}
}

// setVerdict sets the Verdict of a Task by the Answer to its exchange, and counts what is to be known in the next one.
func (w *worker) setVerdict(t *task, x *exchange, a *judge.Answer) {
	now := x.endedAt
	trial := t.trial(now)
	if a.IsOutOfFiles() {
		w.transport.CloseIdle() // so that files can be opened
	}
	a.NoRoom = a.Failure != nil && spool.IsFull(a.Failure)
	a.Damaged = isDamaged(a.Failure)
	t.countShortages(x, a)
	t.Verdict = judge.Judge(t.policy, trial, *a, now, w.rng.Float64())
	if t.Verdict.Shortage && w.options.WarnShortage != nil {
		w.shortage.Do(func() { w.options.WarnShortage(t.Verdict.Failure) })
	}
	t.countUnattempted(now)
	if a.Damaged && t.Verdict.Fate == judge.Retry {
		t.damages++
	}
	t.countChallenge(&x.proof, a.Challenged)
}

// trial returns what judge.Judge has to know of the exchanges of t up to now.
func (t *task) trial(now time.Time) judge.Trial {
	trial := judge.Trial{Method: t.Method, Retry: t.request.Retry, Attempts: t.Attempts, Hops: t.hops,
		Refusals: t.Refusals, OfPage: t.OfPage, Damages: t.damages, Polls: t.polls, FileShortages: t.fileShortages,
		Elapsed: now.Sub(t.startedAt)}
	if t.polls > 0 {
		trial.PollElapsed = now.Sub(t.pollsSince)
	}
	return trial
}

// newExchange returns the next exchange of t, in the memory of the last one, and counts it as an attempt where it is
// one: a Hop or a Restart is none, nor is what follows a refusal or a response that was not ready.
func (w *worker) newExchange(t *task) *exchange {
	switch v := &t.Verdict; {
	case v.Fate == judge.Retry && (v.Refusal || v.NotReady):
		t.uncounted++
		t.unconditional, t.challenges = v.Unconditional, challengeState{}
	case v.Fate == judge.Final, v.Fate == judge.Retry:
		t.Attempts++
		t.unconditional, t.challenges = v.Unconditional, challengeState{}
	case v.Fate == judge.Hop:
		t.unconditional, t.challenges = false, challengeState{} // they were for another URL
	case v.Fate == judge.Restart:
		t.unconditional = t.unconditional || v.Unconditional
	}
	w.headless.skipHead(t)
	w.renewer.update(t)
	header := withCookies(w.options, t.Header, &t.target)
	if !w.cache.isCurrent(t.lookup, &t.target, header) {
		t.lookup = nil
	}
	w.call.Reset(w.keepsHeader)
	x := &w.exchange
	*x = exchange{options: t.options, transport: w.transport, call: &w.call,
		body: bodyReader{options: t.options, call: &w.call, memory: w.memory, room: t.roomClaim(w.holder),
			headerOnly: t.headerOnly},
		unconditional: t.unconditional, identity: t.identity, afterSilence: t.metSilence,
		noReplay: t.request.Retry != nil && !*t.request.Retry,
		cache:    cacheExchange{w.cache, t.lookup, t.unconditional}, cookies: header["Cookie"],
		proof: proof{logins: w.logins, state: t.challenges}}
	if w.options.Archive != nil {
		x.body.capture = &exchangeCapture{lines: &w.archivedLines,
			body: capturedBody{to: spool.NewBuffer(w.options.TempSpace, capturedMemory)}}
	}
	return x
}

// serveStale serves the stored response for a server that failed, where that is allowed (stale-if-error, RFC 5861
// section 4): the Task is then a success. Its Verdict stays, for the plan: it has the Health of the host.
func (w *worker) serveStale(ctx context.Context, t *task, record *Record) {
	l := t.lookup
	if l == nil || !l.hasStored {
		return
	}
	now := time.Now()
	if !now.Before(l.staleUntil) || !mayServeStale(t.Verdict.Failure, t.lastStatus) {
		return
	}
	stale := newRecord(t)
	if !w.cache.serveStale(ctx, t.options, l, now, stale) {
		return
	}
	*record, t.servedStale = *stale, true
	t.counts.status, t.counts.bytes, t.counts.wireBytes = record.Status, record.Bytes, 0
	t.counts.cache, t.counts.unchanged = CacheStale, record.Unchanged
}

// restartForRoom restarts a Task whose line found no room for its temporary file, and reports whether it does. Its
// Record is discarded then.
func (w *worker) restartForRoom(t *task, record *Record) bool {
	if !spool.IsFull(record.LineErr) {
		return false
	}
	why := &failure.Failure{Kind: failure.IO, Err: record.LineErr}
	trial := judge.Trial{Method: t.Method, Retry: t.request.Retry, Attempts: t.Attempts, FileShortages: t.fileShortages}
	v := judge.Judge(t.policy, trial, judge.Answer{Failure: why, NoRoom: true}, time.Now(), w.rng.Float64())
	if v.Fate != judge.Restart {
		return false
	}
	t.fileShortages++
	t.room = max(record.Bytes, 1)
	t.next, t.morePages = nil, false
	t.Verdict = v
	record.LineErr = nil
	record.Discard()
	return true
}
