package cache

import (
	"context"
	"errors"
	"testing"
	"time"
)

// A failingStore is a Store whose calls fail while broken is set.
type failingStore struct {
	broken error
	calls  int    // so far
	work   func() // is called by each Get; nil is nothing
}

func (r *failingStore) Get(context.Context, Key) (*Found, error) {
	r.calls++
	if r.work != nil {
		r.work()
	}
	return nil, r.broken
}
func (r *failingStore) Put(context.Context, Key) (Writer, error) {
	r.calls++
	return failingWriter{r}, nil
}
func (r *failingStore) Refresh(context.Context, Key, *Entry) error { r.calls++; return r.broken }
func (r *failingStore) Delete(context.Context, Key) error          { r.calls++; return r.broken }
func (r *failingStore) Close() error                               { return r.broken }

type failingWriter struct{ *failingStore }

func (w failingWriter) Write(p []byte) (int, error)          { return len(p), nil }
func (w failingWriter) Commit(context.Context, *Entry) error { return w.broken }
func (w failingWriter) Abort()                               {}

// TestGuard checks that a failure of a Store is reported once, and that the Store is not used until retryPause has
// passed.
func TestGuard(t *testing.T) {
	ctx, now := t.Context(), noon
	store := &failingStore{broken: errors.New("connection refused")}
	var warned []error
	g := NewGuard(store, func(err error, _ bool) { warned = append(warned, err) })
	g.now = func() time.Time { return now }
	for range 10 {
		if found, err := g.Get(ctx, Key{}); found != nil || err != nil {
			t.Fatal(found, err)
		}
	}
	if store.calls != 1 || len(warned) != 1 {
		t.Errorf("%d calls, warned %v", store.calls, warned)
	}
	if _, err := g.Put(ctx, Key{}); err != nil { // writes have a breaker of their own
		t.Error(err)
	}
	now = now.Add(retryPause)
	store.broken = nil
	for range 10 {
		_, _ = g.Get(ctx, Key{}) // as above
	}
	if store.calls != 2+10 || len(warned) != 1 {
		t.Errorf("%d calls, warned %v", store.calls, warned)
	}
}

// TestGuardOfFullDisk checks that a failure of Commit opens the breaker, so that not every response is written in vain.
func TestGuardOfFullDisk(t *testing.T) {
	ctx := t.Context()
	store := &failingStore{broken: errors.New("no space left on device")}
	warned := 0
	g := NewGuard(store, func(_ error, writing bool) {
		if warned++; !writing {
			t.Error("reported a read")
		}
	})
	tried := 0
	for range 10 {
		w, err := g.Put(ctx, Key{})
		if err != nil {
			continue
		}
		tried++
		if err := w.Commit(ctx, &Entry{}); err == nil {
			t.Error("kept")
		}
	}
	if tried != 1 || warned != 1 {
		t.Errorf("tried %d, warned %d times", tried, warned)
	}
	if err := g.Delete(ctx, Key{}); err == nil {
		t.Error("deleted")
	}
	if err := g.Close(); err != nil || warned != 1 {
		t.Errorf("%v, warned %d times", err, warned)
	}
}

// TestGuardIgnoresEndOfRun checks that the end of a run, and a body that is too large, are not failures of the Store.
func TestGuardIgnoresEndOfRun(t *testing.T) {
	store := &failingStore{broken: context.Canceled}
	g := NewGuard(store, func(err error, _ bool) { t.Error(err) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 {
		_, _ = g.Get(ctx, Key{}) // its calls are counted
	}
	store.broken = ErrTooLarge
	w, err := g.Put(t.Context(), Key{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(t.Context(), &Entry{}); !errors.Is(err, ErrTooLarge) || store.calls != 4 {
		t.Errorf("%v, %d calls", err, store.calls)
	}
}

// TestGuardOfSlowStore checks that a Store that is slow for a while is reported once and not used until it is fast
// again, and that a single slow call is ignored.
func TestGuardOfSlowStore(t *testing.T) {
	now, span := noon, slowMean
	store := &failingStore{work: func() { now = now.Add(span) }}
	var warned []error
	g := NewGuard(store, func(err error, _ bool) { warned = append(warned, err) })
	g.now = func() time.Time { return now }
	get := func(n int) (calls int) {
		before := store.calls
		for range n {
			_, _ = g.Get(t.Context(), Key{}) // a Guard never returns one
		}
		return store.calls - before
	}
	if n := get(100); n != 100 {
		t.Errorf("at the limit: %d calls", n)
	}
	span = time.Minute
	get(1)
	span = 0
	if n := get(callsPerMean - 1 + 100); n != callsPerMean-1+100 || len(warned) > 0 {
		t.Errorf("after a slow call: %d calls, warned %v", n, warned)
	}
	span = 2 * slowMean
	get(callsPerMean - 100%callsPerMean)
	if n := get(100); n > callsPerMean || len(warned) != 1 || !errors.Is(warned[0], errSlow) {
		t.Errorf("slow: %d calls, warned %v", n, warned)
	}
	for range 5 {
		now = now.Add(retryPause)
		if n := get(100); n != 1 {
			t.Errorf("still slow: %d calls", n)
		}
	}
	now, span = now.Add(retryPause), 0
	if n := get(100); n != 100 || len(warned) != 1 {
		t.Errorf("quick again: %d calls, warned %v", n, warned)
	}
}
