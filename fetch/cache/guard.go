package cache

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A Guard is a Store whose failures are no failures of the run: what can't be looked up is not there, what can't be kept is not kept.
// After one it is left alone for a while, then tried again by one caller at a time. Only the first is told of. To be slow is a failure, too.
type Guard struct {
	store         Store
	now           func() time.Time
	warn          func(err error, writing bool)
	once          sync.Once
	reads, writes breaker // apart: of a disk that is full can still be read
}

// retryPause is how long a Store that failed is left alone.
const retryPause = 15 * time.Second

// NewGuard returns a Guard around store. warn takes the first error of all, and whether it was one of writing: then what is kept may
// still be found. Many goroutines may be at it.
func NewGuard(store Store, warn func(err error, writing bool)) *Guard {
	return &Guard{store: store, now: time.Now, warn: warn}
}

// What is a Store that is too slow: one that takes longer than tooSlow, as a mean of slowOver calls. Of a call that takes longer than
// mostSlow no more counts: one hiccup is not enough.
const (
	slowMean     = 100 * time.Millisecond
	maxCallTime  = time.Second
	callsPerMean = 20
)

var errSlow = fmt.Errorf("its answers take longer than %s", slowMean)

// A breaker is open from a failure on until it is time for another trial.
type breaker struct {
	mu        sync.Mutex
	openUntil time.Time
	slow      bool          // the failure was to be slow: only a trial that is quick closes it
	calls     int           // of the mean that is being taken
	total     time.Duration // all of them together
}

// countCall counts a call that went well, and returns errSlow where that makes the Store too slow. The lock is held.
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

// mayTry reports whether to try, and makes everybody else wait for what comes of that, where the last trial failed.
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

// recordOutcome notes what came of a trial that began at that time, and reports whether that was right; over says that the run has ended, so
// that nothing is to be learnt from it.
func (g *Guard) recordOutcome(over error, f *breaker, began time.Time, err error) bool {
	if err != nil && (over != nil || errors.Is(err, ErrTooLarge) || errors.Is(err, errObstructed)) { // it is not the Store's fault
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

// Get returns nil where the Store failed.
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

// errPaused says that nothing is kept for the time being.
var errPaused = errors.New("the cache is left alone")

// Put returns an error where the Store failed, or is left alone; it needs no answer.
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
	return &guardedWriter{w, g}, nil // its Commit tells how that went
}

// Refresh does what it can.
func (g *Guard) Refresh(ctx context.Context, key Key, e *Entry) error {
	began := g.now()
	if !g.writes.mayTry(began) {
		return errPaused
	}
	err := g.store.Refresh(ctx, key, e)
	g.recordOutcome(ctx.Err(), &g.writes, began, err)
	return err
}

// Delete does what it can: what could not be deleted is found again once the Store is back.
func (g *Guard) Delete(ctx context.Context, key Key) error {
	began := g.now()
	if !g.writes.mayTry(began) {
		return errPaused
	}
	err := g.store.Delete(ctx, key)
	g.recordOutcome(ctx.Err(), &g.writes, began, err)
	return err
}

// Close closes the Store.
func (g *Guard) Close() error {
	if err := g.store.Close(); err != nil {
		g.once.Do(func() { g.warn(err, true) })
	}
	return nil
}

type guardedWriter struct {
	Writer
	guard *Guard
}

func (w *guardedWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if err != nil {
		w.guard.recordOutcome(nil, &w.guard.writes, w.guard.now(), err)
	}
	return n, err
}

func (w *guardedWriter) Commit(ctx context.Context, e *Entry) error {
	began := w.guard.now()
	err := w.Writer.Commit(ctx, e)
	w.guard.recordOutcome(ctx.Err(), &w.guard.writes, began, err)
	return err
}
