package cache

import (
	"context"
	"errors"
	"testing"
	"time"
)

// A failingStore is a Store that fails while broken is set.
type failingStore struct {
	broken error
	asked  int
	work   func() // what each Get does
}

func (r *failingStore) Get(context.Context, Key) (*Found, error) {
	r.asked++
	if r.work != nil {
		r.work()
	}
	return nil, r.broken
}
func (r *failingStore) Put(context.Context, Key) (Writer, error) {
	r.asked++
	return failingWriter{r}, nil
}
func (r *failingStore) Refresh(context.Context, Key, *Entry) error { r.asked++; return r.broken }
func (r *failingStore) Delete(context.Context, Key) error          { r.asked++; return r.broken }
func (r *failingStore) Close() error                               { return r.broken }

type failingWriter struct{ *failingStore }

func (w failingWriter) Write(p []byte) (int, error)          { return len(p), nil }
func (w failingWriter) Commit(context.Context, *Entry) error { return w.broken }
func (w failingWriter) Abort()                               {}

// TestGuard: a Store that fails is told of once, left alone, and tried again after a while.
func TestGuard(t *testing.T) {
	ctx, now := t.Context(), noon
	store := &failingStore{broken: errors.New("connection refused")}
	var told []error
	g := NewGuard(store, func(err error, _ bool) { told = append(told, err) })
	g.now = func() time.Time { return now }
	for range 10 {
		if found, err := g.Get(ctx, Key{}); found != nil || err != nil {
			t.Fatal(found, err)
		}
	}
	if store.asked != 1 || len(told) != 1 {
		t.Errorf("asked %d times, told %v", store.asked, told)
	}
	if _, err := g.Put(ctx, Key{}); err != nil { // writes are another matter
		t.Error(err)
	}
	now = now.Add(retryPause)
	store.broken = nil
	for range 10 {
		_, _ = g.Get(ctx, Key{}) // as above
	}
	if store.asked != 2+10 || len(told) != 1 {
		t.Errorf("asked %d times, told %v", store.asked, told)
	}
}

// TestGuardOfFullDisk: what fails at Commit is not tried with every answer.
func TestGuardOfFullDisk(t *testing.T) {
	ctx := t.Context()
	store := &failingStore{broken: errors.New("no space left on device")}
	told := 0
	g := NewGuard(store, func(_ error, writing bool) {
		if told++; !writing {
			t.Error("told of reads")
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
	if tried != 1 || told != 1 {
		t.Errorf("tried %d, told %d times", tried, told)
	}
	if err := g.Delete(ctx, Key{}); err == nil {
		t.Error("deleted")
	}
	if err := g.Close(); err != nil || told != 1 {
		t.Errorf("%v, told %d times", err, told)
	}
}

// TestGuardIgnoresEndOfRun: the end of a run, and a body that is too large, say nothing of the Store.
func TestGuardIgnoresEndOfRun(t *testing.T) {
	store := &failingStore{broken: context.Canceled}
	g := NewGuard(store, func(err error, _ bool) { t.Error(err) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 {
		_, _ = g.Get(ctx, Key{}) // what was asked is counted
	}
	store.broken = ErrTooLarge
	w, err := g.Put(t.Context(), Key{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(t.Context(), &Entry{}); !errors.Is(err, ErrTooLarge) || store.asked != 4 {
		t.Errorf("%v, asked %d times", err, store.asked)
	}
}

// TestGuardOfSlowStore: a Store that is slow for a while is told of once and left alone until it is quick again; a hiccup is no matter.
func TestGuardOfSlowStore(t *testing.T) {
	now, span := noon, slowMean
	store := &failingStore{work: func() { now = now.Add(span) }}
	var told []error
	g := NewGuard(store, func(err error, _ bool) { told = append(told, err) })
	g.now = func() time.Time { return now }
	get := func(n int) (asked int) {
		before := store.asked
		for range n {
			_, _ = g.Get(t.Context(), Key{}) // a Guard has no errors
		}
		return store.asked - before
	}
	if n := get(100); n != 100 {
		t.Errorf("at the limit: asked %d times", n)
	}
	span = time.Minute
	get(1)
	span = 0
	if n := get(callsPerMean - 1 + 100); n != callsPerMean-1+100 || len(told) > 0 {
		t.Errorf("after a hiccup: asked %d times, told %v", n, told)
	}
	span = 2 * slowMean
	get(callsPerMean - 100%callsPerMean)
	if n := get(100); n > callsPerMean || len(told) != 1 || !errors.Is(told[0], errSlow) {
		t.Errorf("slow: asked %d times, told %v", n, told)
	}
	for range 5 {
		now = now.Add(retryPause)
		if n := get(100); n != 1 {
			t.Errorf("still slow: asked %d times", n)
		}
	}
	now, span = now.Add(retryPause), 0
	if n := get(100); n != 100 || len(told) != 1 {
		t.Errorf("quick again: asked %d times, told %v", n, told)
	}
}
