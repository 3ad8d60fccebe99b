package resolver

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// TestStartBesideClose: net.Resolver sends queries of a look-up that has ended by goroutines of its own, also while a
// Resolver is closed. Each either begins and is waited for, or does not.
func TestStartBesideClose(t *testing.T) {
	for range 1000 {
		c := newClient(Config{})
		var begun, ended atomic.Int64
		var asking sync.WaitGroup
		asking.Go(func() {
			for range 3 {
				if c.start(func() { <-c.ctx.Done(); ended.Add(1) }) {
					begun.Add(1)
				}
			}
		})
		c.close()
		waited := ended.Load()
		asking.Wait()
		if c.start(func() { t.Error("started by a closed client") }) {
			t.Error("a closed client starts work")
		}
		if waited != begun.Load() {
			t.Errorf("%d were waited for of %d", waited, begun.Load())
		}
	}
}

// TestLookupOfClosed: it ends at once, with an error.
func TestLookupOfClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newResolver(t, Config{})
		r.Close()
		const want = "no address for a.test. yet: other look-ups are to end first"
		if got, took := lookUp(t.Context(), r, "a.test."); got != want || took != 0 {
			t.Errorf("%q after %v", got, took)
		}
	})
}
