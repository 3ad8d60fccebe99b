package cache

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A Guard is a circuit breaker around a Store, whose failures are then no failures of the run: what can't be read is
// treated as missing, what can't be written is not stored. After a failure the Store is not used for retryPause, then
// tried again by one caller at a time. Only the first failure is reported. A Store that is too slow has failed, too.
type Guard struct {
	store         Store
	now           func() time.Time
	warn          func(err error, writing bool)
	once          sync.Once // of warn
	reads, writes breaker   // separate, since a full disk can still be read
}

// retryPause is how long a Store that failed is not used.
const retryPause = 15 * time.Second

// NewGuard returns a Guard around store, which is safe for concurrent use. warn is called once, with the first error
// and whether it was one of writing: then entries may still be found.
func NewGuard(store Store, warn func(err error, writing bool)) *Guard {
	return &Guard{store: store, now: time.Now, warn: warn}
}

// A Store is too slow if its calls take longer than slowMean, as a mean of callsPerMean calls. A call counts for at
// most maxCallTime, so that one slow call is not enough.
const (
	slowMean     = 100 * time.Millisecond
	maxCallTime  = time.Second
	callsPerMean = 20
)

var errSlow = fmt.Errorf("its answers take longer than %s", slowMean)

// A breaker is a circuit breaker: open, so that the Store is not used, from a failure on until it is time for another
// trial.
type breaker struct {
	mu        sync.Mutex    // guards all below
	openUntil time.Time     // zero: closed
	slow      bool          // the failure was slowness, so only a fast trial closes the breaker
	calls     int           // how many calls the current mean has so far
	total     time.Duration // of these calls
}

// countCall counts a call that succeeded, and returns errSlow where the Store is too slow by now. The lock is held.
func (f *breaker) countCall(took time.Duration) error {
	if f.slow && !f.openUntil.IsZero() {
		if took > slowMean {
			return errSlow
		}
		f.slow = false
	}
	f.calls++
	f.total += min(took, maxCallTime)
	if f.calls < callsPerMean {
		return nil
	}
	f.slow = f.total > callsPerMean*slowMean
	f.calls, f.total = 0, 0
	if f.slow {
		return errSlow
	}
	return nil
}

// mayTry reports whether the Store may be used now. Where the breaker is open and a trial is due it returns true once,
// and false to all other callers until the trial has ended or retryPause has passed.
func (f *breaker) mayTry(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.openUntil.IsZero():
		return true
	case now.Before(f.openUntil):
		return false
	}
	f.openUntil = now.Add(retryPause)
	return true
}

// recordOutcome records the result of a call that began at that time, and reports whether it succeeded. over is not nil
// where the run has ended: then an error says nothing about the Store.
func (g *Guard) recordOutcome(over error, f *breaker, began time.Time, err error) bool {
	if err != nil && (over != nil || errors.Is(err, ErrTooLarge) || errors.Is(err, errObstructed)) {
		return false // not an error of the Store
	}
	if errors.Is(err, errNotOurs) { // of one entry, which the next response replaces
		g.once.Do(func() { g.warn(err, false) })
		return false
	}
	now, right := g.now(), err == nil
	f.mu.Lock()
	if right && over == nil {
		err = f.countCall(now.Sub(began))
	}
	f.openUntil = time.Time{}
	if err != nil {
		f.openUntil = now.Add(retryPause)
	}
	f.mu.Unlock()
	if err != nil {
		g.once.Do(func() { g.warn(err, f == &g.writes) })
	}
	return right
}

// Get returns nil where the Store failed, and never an error.
func (g *Guard) Get(ctx context.Context, key Key) (*Found, error) {
	began := g.now()
	if !g.reads.mayTry(began) {
		return nil, nil
	}
	found, err := g.store.Get(ctx, key)
	if !g.recordOutcome(ctx.Err(), &g.reads, began, err) {
		return nil, nil
	}
	return found, nil
}

// knowsKeys and lacks are those of the Store.
func (g *Guard) knowsKeys() bool {
	s, ok := g.store.(keyKnower)
	return ok && s.knowsKeys()
}

func (g *Guard) lacks(key Key) bool {
	s, ok := g.store.(keyKnower)
	return ok && s.lacks(key)
}

// errPaused is returned while the breaker for writes is open.
var errPaused = errors.New("the cache is left alone")

// Put returns an error where the Store failed or is not used. The caller need not report it.
func (g *Guard) Put(ctx context.Context, key Key) (Writer, error) {
	began := g.now()
	if !g.writes.mayTry(began) {
		return nil, errPaused
	}
	w, err := g.store.Put(ctx, key)
	if err != nil {
		g.recordOutcome(ctx.Err(), &g.writes, began, err)
		return nil, errPaused
	}
	return &guardedWriter{w, g}, nil // its Commit records the outcome
}

// Refresh calls that of the Store, unless writes are paused. The caller need not report its error.
func (g *Guard) Refresh(ctx context.Context, key Key, e *Entry) error {
	began := g.now()
	if !g.writes.mayTry(began) {
		return errPaused
	}
	err := g.store.Refresh(ctx, key, e)
	g.recordOutcome(ctx.Err(), &g.writes, began, err)
	return err
}

// Delete calls that of the Store, unless writes are paused. What could not be deleted is found again once the Store
// works. The caller need not report its error.
func (g *Guard) Delete(ctx context.Context, key Key) error {
	began := g.now()
	if !g.writes.mayTry(began) {
		return errPaused
	}
	err := g.store.Delete(ctx, key)
	g.recordOutcome(ctx.Err(), &g.writes, began, err)
	return err
}

// Close closes the Store. Its error is passed to warn.
func (g *Guard) Close() error {
	if err := g.store.Close(); err != nil {
		g.once.Do(func() { g.warn(err, true) })
	}
	return nil
}

// A guardedWriter is a Writer that records its errors in the Guard.
type guardedWriter struct {
	Writer
	guard *Guard
}

// Write calls that of the Writer.
func (w *guardedWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if err != nil {
		w.guard.recordOutcome(nil, &w.guard.writes, w.guard.now(), err)
	}
	return n, err
}

// Commit calls that of the Writer.
func (w *guardedWriter) Commit(ctx context.Context, e *Entry) error {
	began := w.guard.now()
	err := w.Writer.Commit(ctx, e)
	w.guard.recordOutcome(ctx.Err(), &w.guard.writes, began, err)
	return err
}
