package fetch

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestDecodeMemory: who finds the budget spent waits, in turn, until its context ends; what is not to wait does not.
func TestDecodeMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDecodeMemory()
		spare, first := m.spareWindows(), m.windows(t.Context())
		if err := first.Acquire(maxDecodeMemory - 1); err != nil {
			t.Fatal(err)
		}
		if err := spare.Acquire(2); !errors.Is(err, errNoDecodeMemory) {
			t.Error(err)
		}
		if err := spare.Acquire(1); err != nil {
			t.Error(err)
		}
		spare.Release(1)
		over := errors.New("over")
		ctx, cancel := context.WithCancelCause(t.Context())
		var mu sync.Mutex
		var order []string // guarded by mu
		ended := make(chan error, 3)
		wait := func(ctx context.Context, name string, n int64) {
			go func() {
				err := m.windows(ctx).Acquire(n)
				mu.Lock()
				order = append(order, name)
				mu.Unlock()
				ended <- err
			}()
			synctest.Wait()
		}
		wait(ctx, "large", maxDecodeMemory)
		wait(t.Context(), "small", 1) // behind the large one, though there is room for it
		if len(order) != 0 {
			t.Errorf("%s did not wait", order)
		}
		cancel(over)
		if err := <-ended; !errors.Is(err, over) {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		first.Release(maxDecodeMemory - 1)
		m.release(1)
		if m.free != maxDecodeMemory || len(m.waiting) != 0 {
			t.Errorf("%d bytes are free, %d wait", m.free, len(m.waiting))
		}
		var none *decodeMemory
		if none.windows(t.Context()) != nil || none.spareWindows() != nil {
			t.Error("no budget is one")
		}
	})
}

// TestSpareDecodeMemory: a decoder that can do without its window gets none while another waits, even where it is free.
func TestSpareDecodeMemory(t *testing.T) {
	m := newDecodeMemory()
	most := m.free
	if !m.tryAcquire(most - 1) {
		t.Fatal("all is free")
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- m.acquire(ctx, 2) }()
	for isWaiting := false; !isWaiting; time.Sleep(time.Millisecond) {
		m.mu.Lock()
		isWaiting = len(m.waiting) > 0
		m.mu.Unlock()
	}
	if m.tryAcquire(1) {
		t.Error("it goes before one that waits")
	}
	if cancel(); <-ended == nil {
		t.Error("it was granted")
	}
	if !m.tryAcquire(1) {
		t.Error("what is free is not given where nobody waits")
	}
}
