package fetch

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/redact"
	"batchfetch/fetch/spool"
)

// A lookupWorker is the stage that looks Tasks up in the cache before they enter a lane. One that the cache has a
// response for goes to the writer: that costs no token and no slot, and waits for no network but that of the Store. One
// goroutine runs it; there are at most maxLookupWorkers.
type lookupWorker struct {
	options   *Options
	cache     *responseCache
	redirects redirector
	renewer   *headerRenewer
	finisher  *finisher
	failure   *outputFailure // takes the errors of outputs that end the run

	scheduler *scheduler
	lookups   <-chan *task // from the scheduler; closed at the end
	closed    *atomic.Bool // the run is over: Tasks are sent back as they are
}

// work looks Tasks up until lookups is closed.
func (w *lookupWorker) work(ctx context.Context) {
	for t := range w.lookups {
		if !w.closed.Load() {
			w.lookUp(ctx, t)
		}
		w.scheduler.lookedUp(t)
	}
}

// lookUp ends a Task that the cache has a response for, also at the end of stored redirects. Any other gets the result
// of its last lookup.
func (w *lookupWorker) lookUp(ctx context.Context, t *task) {
	began := time.Now()
	for {
		w.renewer.update(t)
		found, use, result := w.cache.find(ctx, &t.target, t.request.SHA256, began)
		t.lookup = result
		if found == nil {
			if !w.refuseNetwork(ctx, t, began) {
				leaveToNetwork(t)
			}
			return
		}
		done := w.serveFound(ctx, t, found, use, began)
		found.Close()
		if done {
			return
		}
	}
}

// refuseNetwork ends a Task with 504 whose request has only-if-cached (RFC 9111 section 5.2.1.7), and reports whether
// it has.
func (w *lookupWorker) refuseNetwork(ctx context.Context, t *task, began time.Time) bool {
	if t.lookup == nil || !cache.OnlyIfCached(t.lookup.request.Header) {
		return false
	}
	t.counts = exchangeCounts{}
	status := failure.StatusText(http.StatusGatewayTimeout)
	why := errors.New(status + ": only-if-cached, and nothing usable is in the cache")
	w.end(ctx, t, newRecord(t), &failure.Failure{Kind: failure.BadStatus, Err: why}, began)
	return true
}

// serveFound serves a stored response for a Task, and reports whether that is the end of the lookup: after a redirect
// it is not.
func (w *lookupWorker) serveFound(ctx context.Context, t *task, found *cache.Found, use cache.Use, now time.Time) bool {
	if isFollowed(w.options, found.Status, found.Header) {
		return w.followStored(t, found, now)
	}
	record := newRecord(t)
	record.Cache = CacheHit
	if use == cache.Stale {
		record.Cache = CacheStale
	}
	header := w.cache.headerWithAge(found, now)
	w.cache.reportStored(ctx, found, t.lookup, record)
	err := w.cache.serveStored(ctx, t.options, found, header, record)
	if errors.Is(err, cache.ErrCorrupt) || spool.IsFull(err) { // a worker waits for room
		leaveToNetwork(t)
		return true
	}
	t.counts = exchangeCounts{status: record.Status, bytes: record.Bytes}
	w.end(ctx, t, record, storedFailure(err), now)
	return true
}

// leaveToNetwork clears the Verdict on a Task's stored redirects where it has had no attempt: its first exchange then
// counts as one.
func leaveToNetwork(t *task) {
	if t.Attempts == 0 {
		t.Verdict = judge.Verdict{}
	}
}

// followStored follows a stored redirect, and reports whether that is the end of the lookup: where the redirect can't
// be followed, or is one too many, the Task goes to the network, since the cache causes no failures.
func (w *lookupWorker) followStored(t *task, found *cache.Found, now time.Time) bool {
	a := judge.Answer{Status: found.Status, Header: found.Header}
	t.counts = exchangeCounts{status: found.Status}
	t.Verdict = judge.Judge(t.policy, judge.Trial{Method: t.Method, Attempts: 1, Hops: t.hops}, a, now, 0)
	if t.Verdict.Fate == judge.Hop {
		w.redirects.follow(t, found.Status, found.Header, found.RemoteAddr)
	}
	t.lastStatus = found.Status
	if t.Verdict.Fate == judge.Hop {
		return false
	}
	leaveToNetwork(t)
	return true
}

// end ends a Task without an exchange, with a Failure or nil, and sends its Record to the writer.
func (w *lookupWorker) end(ctx context.Context, t *task, record *Record, failure *failure.Failure, began time.Time) {
	t.Verdict, t.fromCache = judge.Verdict{Failure: failure}, true
	t.counts.cache, t.counts.unchanged = record.Cache, record.Unchanged
	t.counts.watched = w.cache.watchedOf(&t.target, record, nil)
	if disk := storageErrorOf(failure); disk != nil {
		w.failure.fail(disk)
	}
	if t.startedAt.IsZero() {
		record.StartedAt, record.Elapsed = began, time.Since(began)
	}
	if log := w.options.Log; log != nil {
		log.LogAttrs(ctx, slog.LevelDebug, "from the cache",
			slog.String("url", redact.URL(t.request.URL)), slog.String("cache", string(record.Cache)))
	}
	record.fromCache = true
	w.finisher.finish(t, record)
}
