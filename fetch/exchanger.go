package fetch

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"batchfetch/fetch/judge"
	"batchfetch/fetch/plan"
	"batchfetch/fetch/spool"
	"batchfetch/fetch/transport"
)

// An exchanger makes the exchanges of one worker, one after the other, and sets the Verdicts of their Tasks and what
// follows from them. It is the worker's.
type exchanger struct {
	options   *Options
	transport *transport.Transport
	cache     *responseCache
	redirects redirector
	renewer   *headerRenewer
	logins    *logins
	headless  *headlessHosts
	memory    *decodeMemory
	shortage  *sync.Once     // for Options.WarnShortage
	failure   *outputFailure // takes the errors of outputs that end the run
	rng       *rand.Rand     // for the jitter of back-off
	holder    Holder         // the Sink; nil where it holds no Records back

	context       *transport.ExchangeContext // of all exchanges until one is cancelled; nil before the first
	call          transport.Call             // of one exchange after the other
	exchange      exchange                   // the last one
	keepsHeader   bool                       // the header of its response may still be used
	archivedLines transport.HeaderCache      // of requests, for Options.Archive
}

// attempt makes one exchange and sets the Verdict of its Task.
func (e *exchanger) attempt(ctx context.Context, t *task, record *Record) {
	x := e.newExchange(t)
	if t.lookup != nil {
		record.Cache = CacheMiss
	}
	a := x.roundTrip(e.exchangeContext(ctx), &t.target, record)
	a.Conditional = x.conditional
	if x.endedAt.IsZero() { // no response came
		x.endedAt = time.Now()
	}
	if x.body.capture != nil {
		if err := x.archive(&a, record); err != nil {
			e.failure.fail(err)
		}
	}
	e.keepsHeader = x.keepsHeader()
	timing := x.timing(t.Attempts + t.uncounted)
	if e.options.KeepTiming {
		record.Timing = timing
	}
	t.noteExchange(x, &a, record)
	t.counts.watched = e.cache.watchedOf(&t.target, record, t.lookup)
	e.setVerdict(ctx, t, x, &a)
	e.applyVerdict(ctx, t, x, &a, record)
	if e.options.Log != nil {
		logExchange(ctx, e.options, t, record, timing)
	}
	if t.Verdict.Failure != nil {
		record.ReleaseBody()
	}
}

// newExchange returns the next exchange of t, in the memory of the last one, and counts it as an attempt where it is
// one: a Hop or a Restart is none, nor is what follows a refusal or a response that was not ready.
func (e *exchanger) newExchange(t *task) *exchange {
	switch v := &t.Verdict; {
	case v.Fate == judge.Retry && (v.Refusal || v.NotReady):
		t.uncounted++
		t.unconditional, t.challenges = v.Unconditional, challengeState{}
	case v.Fate == judge.Final, v.Fate == judge.Retry:
		t.Attempts++
		t.unconditional, t.challenges = v.Unconditional, challengeState{}
	case v.Fate == judge.Hop:
		t.unconditional, t.challenges, t.damages = false, challengeState{}, 0 // they were for another URL
		t.miscoded = false
	case v.Fate == judge.Restart:
		t.unconditional = t.unconditional || v.Unconditional
	}
	e.headless.skipHead(t)
	e.renewer.update(t)
	header := withCookies(e.options, t.Header, &t.target)
	if !e.cache.isCurrent(t.lookup, &t.target, header) {
		t.lookup = nil
	}
	e.call.Reset(e.keepsHeader)
	x := &e.exchange
	*x = exchange{options: t.options, transport: e.transport, call: &e.call,
		body: bodyReader{options: t.options, call: &e.call, memory: e.memory, room: t.roomClaim(e.holder),
			headerOnly: t.headerOnly, mayBePlain: t.miscoded},
		unconditional: t.unconditional, identity: t.identity, uncoded: t.metSilence || t.miscoded,
		pastCaches: t.damages > 0,
		noReplay:   t.request.Retry != nil && !*t.request.Retry,
		cache:      cacheExchange{e.cache, t.lookup, t.unconditional}, cookies: header["Cookie"],
		proof: proof{logins: e.logins, state: t.challenges}}
	if e.options.Archive != nil {
		x.body.capture = &exchangeCapture{lines: &e.archivedLines,
			body: capturedBody{to: spool.NewBuffer(e.options.TempSpace, capturedMemory)}}
	}
	return x
}

// noteExchange notes what the plan, the Summary and the next exchange have to know of one that has ended. It has no
// Verdict yet: t has that of the one before.
func (t *task) noteExchange(x *exchange, a *judge.Answer, record *Record) {
	t.Sent = x.call.ConnectedAt()
	t.Connection = plan.Connection{Dialed: x.call.DialTime(), Kept: x.call.IsKept(), Shared: x.call.IsShared()}
	if t.startedAt.IsZero() {
		t.startedAt = x.startedAt
	}
	t.lastStatus = a.Status
	t.counts = exchangeCounts{exchanged: true, retried: t.Verdict.Fate == judge.Retry, lane: t.lane,
		startedAt: x.startedAt, took: x.endedAt.Sub(x.startedAt),
		connected: !t.Sent.IsZero(), reused: x.call.IsReused(),
		bytes: record.Bytes, wireBytes: record.WireBytes, cache: record.Cache, unchanged: record.Unchanged}
	if a.Failure == nil {
		t.counts.status = a.Status
	}
}

// setVerdict sets the Verdict of a Task by the Answer to its exchange, and counts what is to be known in the next one.
func (e *exchanger) setVerdict(ctx context.Context, t *task, x *exchange, a *judge.Answer) {
	now := x.endedAt
	trial := t.trial(now)
	if a.IsOutOfFiles() {
		e.transport.CloseIdle() // so that files can be opened
	}
	a.NoRoom = a.Failure != nil && spool.IsFull(a.Failure)
	a.Damaged = isDamaged(a.Failure)
	t.countShortages(x, a)
	t.Verdict = judge.Judge(t.policy, trial, *a, now, e.rng.Float64())
	if t.Verdict.Shortage && e.options.WarnShortage != nil {
		e.shortage.Do(func() { e.options.WarnShortage(t.Verdict.Failure) })
	}
	t.countUnattempted(now)
	if a.Damaged && t.Verdict.Fate == judge.Retry {
		t.damages++
	}
	t.countChallenge(&x.proof, a.Challenged)
	e.renewer.renewHeader(ctx, t, a)
	t.replaceHead(a, e.headless)
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

// applyVerdict does what follows from the Verdict, whatever its Fate: for the next exchange of the Task, for what is
// stored on a disk, and for the run.
func (e *exchanger) applyVerdict(ctx context.Context, t *task, x *exchange, a *judge.Answer, record *Record) {
	x.body.resumption.end(t.Verdict, a.Status)
	t.identity = x.body.requestsIdentityNext(a, t.identity)
	t.metSilence = t.metSilence || isSilence(a)
	t.miscoded = t.miscoded || isMiscoded(a.Failure)
	e.cache.invalidate(ctx, &t.target, a.Status, a.Header) // where the body failed too: the request has had its effect
	if t.Verdict.Fate == judge.Hop {
		e.redirects.follow(t, a.Status, a.Header, record.RemoteAddr)
	}
	if disk := storageErrorOf(t.Verdict.Failure); disk != nil {
		e.failure.fail(disk)
	}
}

// serveStale serves the stored response for a server that failed, where that is allowed (stale-if-error, RFC 5861
// section 4): the Task is then a success. Its Verdict stays, for the plan: it has the Health of the host.
func (e *exchanger) serveStale(ctx context.Context, t *task, record *Record) {
	l := t.lookup
	if l == nil || !l.hasStored {
		return
	}
	now := time.Now()
	if !now.Before(l.staleUntil) || !mayServeStale(t.Verdict.Failure, t.lastStatus) {
		return
	}
	stale := newRecord(t)
	if !e.cache.serveStale(ctx, t.options, l, now, stale) {
		return
	}
	*record, t.servedStale = *stale, true
	t.counts.status, t.counts.bytes, t.counts.wireBytes = record.Status, record.Bytes, 0
	t.counts.cache, t.counts.unchanged = CacheStale, record.Unchanged
}

// exchangeContext returns the context of the next exchange, which ends with ctx: the one before, unless that has ended.
func (e *exchanger) exchangeContext(ctx context.Context) *transport.ExchangeContext {
	if e.context == nil || e.context.Err() != nil {
		e.close()
		e.context = transport.NewExchangeContext(ctx)
	}
	return e.context
}

// close ends the context of the exchanges, where there is one.
func (e *exchanger) close() {
	if e.context != nil {
		e.context.Close()
	}
}
