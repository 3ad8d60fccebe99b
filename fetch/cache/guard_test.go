package cache

import (
	"context"
	"errors"
	"testing"
	"time"
)

// A ruin is a Store that fails while broken is set.
type ruin struct {
	broken error
	asked  int
	work   func() // what each Get does
}

func (r *ruin) Get(context.Context, Key) (*Found, error) {
	r.asked++
	if r.work != nil {
		r.work()
	}
	return nil, r.broken
}
func (r *ruin) Put(context.Context, Key) (Writer, error)   { r.asked++; return ruinWriter{r}, nil }
func (r *ruin) Refresh(context.Context, Key, *Entry) error { r.asked++; return r.broken }
func (r *ruin) Delete(context.Context, Key) error          { r.asked++; return r.broken }
func (r *ruin) Close() error                               { return r.broken }

type ruinWriter struct{ *ruin }

func (w ruinWriter) Write(p []byte) (int, error)          { return len(p), nil }
func (w ruinWriter) Commit(context.Context, *Entry) error { return w.broken }
func (w ruinWriter) Abort()                               {}

// TestGuard: a Store that fails is told of once, left alone, and tried again after a while.
func TestGuard(t *testing.T) {
	ctx, now := t.Context(), noon
	store := &ruin{broken: errors.New("connection refused")}
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
	now = now.Add(rest)
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
	store := &ruin{broken: errors.New("no space left on device")}
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

// TestGuardKnowsTheRun: the end of a run, and a body that is too large, say nothing of the Store.
func TestGuardKnowsTheRun(t *testing.T) {
	store := &ruin{broken: context.Canceled}
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
	now, span := noon, tooSlow
	store := &ruin{work: func() { now = now.Add(span) }}
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
	if n := get(slowOver - 1 + 100); n != slowOver-1+100 || len(told) > 0 {
		t.Errorf("after a hiccup: asked %d times, told %v", n, told)
	}
	span = 2 * tooSlow
	get(slowOver - 100%slowOver)
	if n := get(100); n > slowOver || len(told) != 1 || !errors.Is(told[0], errSlow) {
		t.Errorf("slow: asked %d times, told %v", n, told)
	}
	for range 5 {
		now = now.Add(rest)
		if n := get(100); n != 1 {
			t.Errorf("still slow: asked %d times", n)
		}
	}
	now, span = now.Add(rest), 0
	if n := get(100); n != 100 || len(told) != 1 {
		t.Errorf("quick again: asked %d times, told %v", n, told)
	}
}
