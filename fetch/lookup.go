package fetch

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"batchfetch/fetch/cache"
)

// lookers is how many lookups are under way at once: a Store over a network answers each in its own time.
const lookers = 16

// A looker asks the cache, before a Task gets into a lane. What it has an answer for goes straight to the writer: that costs
// no token and no slot, and waits for no network but the Store's own.
type looker struct{ *worker }

// look ends when the scheduler closes lookups.
func (l *looker) look(ctx context.Context) {
	for t := range l.lookups {
		if !l.noLookups.Load() {
			l.lookUp(ctx, t)
		}
		l.lookedUp <- t
	}
}

// lookUp ends a Task that the cache has the answer to, redirects that are kept included; of any other it notes what is known.
func (l *looker) lookUp(ctx context.Context, t *task) {
	began := time.Now()
	for {
		found, how := l.find(ctx, t, began)
		if found == nil {
			if !l.refuseNetwork(ctx, t, began) && t.Attempts == 0 {
				t.Verdict = Verdict{} // its first exchange is its first attempt, whatever the cache has led it on to
			}
			return
		}
		done := l.use(ctx, t, found, how, began)
		found.Close()
		if done {
			return
		}
	}
}

// refuseNetwork ends a Task whose request wants the cache's answer only (RFC 9111 section 5.2.1.7).
func (l *looker) refuseNetwork(ctx context.Context, t *task, began time.Time) bool {
	if t.recall == nil || !cache.OnlyIfCached(t.recall.question.Header) {
		return false
	}
	t.outcome = outcome{}
	l.end(ctx, t, newRecord(t), &Failure{Kind: BadStatus, Err: errors.New(statusText(http.StatusGatewayTimeout) + ": only-if-cached, and nothing usable is in the cache")}, began)
	return true
}

// use takes a kept answer for the Task's, and reports whether that is the end of the lookup.
func (l *looker) use(ctx context.Context, t *task, found *cache.Found, how cache.Use, now time.Time) bool {
	record := newRecord(t)
	if leadsOn(l.options, found.Status, found.Header) {
		return l.goOn(ctx, t, found, record, now)
	}
	record.Cache = CacheHit
	if how == cache.Stale {
		record.Cache = CacheStale
	}
	header := shownHeader(found, l.options, now)
	l.compare(ctx, found, t.recall, record)
	err := l.revive(ctx, found, header, record)
	if errors.Is(err, cache.ErrCorrupt) {
		return l.miss(t)
	}
	failure := asFailure(err)
	t.outcome = outcome{status: record.Status, bytes: record.Bytes}
	l.end(ctx, t, record, failure, now)
	return true
}

// miss leaves a Task to the network whose kept answer was no good: there is nothing to confirm either.
func (l *looker) miss(t *task) bool {
	if t.Attempts == 0 {
		t.Verdict = Verdict{}
	}
	return true
}

// compare says whether the user has been told of a kept body, and notes that this run does so where not. Of what an earlier run has
// told it is noted that it has: then that does not hang on what is kept of that run, which goes when room is made.
func (l *looker) compare(ctx context.Context, found *cache.Found, c *recall, record *Record) {
	if l.options.Changed == nil || !found.HasBody {
		return
	}
	record.Unchanged = found.SHA256 == c.told
	if record.Unchanged && found.Teller == (cache.Sum{}) {
		return
	}
	e := found.Entry
	l.options.Changed.Sign(&e, c.told)
	_ = l.options.Cache.Refresh(ctx, c.place.At(), &e) // where that fails the next run tells of it once more
}

// goOn follows a kept redirect.
func (l *looker) goOn(ctx context.Context, t *task, found *cache.Found, record *Record, now time.Time) bool {
	a := Answer{Status: found.Status, Header: found.Header}
	t.outcome = outcome{status: found.Status}
	t.Verdict = judge(t.policy, Trial{Method: t.method, Attempts: 1, Hops: t.hops}, a, now, 0)
	if t.Verdict.Fate == Hop {
		l.hop(t, a, found.RemoteAddr)
	}
	t.answered = found.Status
	if t.Verdict.Fate == Hop {
		return false
	}
	return l.miss(t) // it leads nowhere, or has led too far: failures are never cached
}

// end completes a Task without an exchange.
func (l *looker) end(ctx context.Context, t *task, record *Record, failure *Failure, began time.Time) {
	t.Verdict, t.fromCache = Verdict{Failure: failure}, true
	t.outcome.cache, t.outcome.unchanged = record.Cache, record.Unchanged
	if disk := brokenDisk(failure); disk != nil {
		l.breakOff(disk)
	}
	if t.began.IsZero() {
		record.StartedAt, record.Elapsed = began, time.Since(began)
	}
	if log := l.options.Log; log != nil {
		log.LogAttrs(ctx, slog.LevelDebug, "from the cache", slog.String("url", MaskURL(t.request.URL)), slog.String("cache", string(record.Cache)))
	}
	record.lookedUp = true
	l.finish(t, record)
}

// shownHeader is the header of a kept answer that is used without asking: with its Age (RFC 9111 section 4).
func shownHeader(found *cache.Found, o *Options, now time.Time) http.Header {
	if !o.KeepHeader {
		return found.Header
	}
	age := o.cacheRules().Age(&found.Entry, now)
	return merge(found.Header, http.Header{"Age": {strconv.FormatInt(int64(age/time.Second), 10)}})
}

// asFailure is a *Failure, or nil.
func asFailure(err error) *Failure {
	var failure *Failure
	if err == nil || errors.As(err, &failure) {
		return failure
	}
	return &Failure{Kind: IO, Err: err}
}
