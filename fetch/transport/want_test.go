package transport

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var anyTarget = &Target{Origin: "http://a.test"}

// newTestPool returns a pool that dials by the given function, and is closed at the end of the test.
func newTestPool(t *testing.T, dial func(ctx context.Context) (*h1Conn, error)) *pool {
	p := newPool(100, func(ctx context.Context, _ *Target) connResult {
		h, err := dial(ctx)
		return connResult{h1: h, err: err}
	})
	t.Cleanup(p.Close)
	return p
}

// acquireConn acquires a connection for anyTarget.
func acquireConn(ctx context.Context, p *pool) (*h1Conn, error) {
	result := p.acquire(ctx, &Call{Target: anyTarget})
	return result.h1, result.err
}

// dialAfter returns a dial that takes so long, or until it is canceled.
func dialAfter(span time.Duration, h *h1Conn, err error) func(context.Context) (*h1Conn, error) {
	return func(ctx context.Context) (*h1Conn, error) {
		select {
		case <-time.After(span):
			return h, err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// TestFirstConnectionIsTaken: an exchange that waits takes a connection that becomes idle before its own dial is done;
// the one that was dialed is for the next exchange.
func TestFirstConnectionIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		freed, _ := newSilentConn()
		own, _ := newSilentConn()
		p := newTestPool(t, dialAfter(10*time.Second, own, nil))
		time.AfterFunc(time.Second, func() { p.putIdle(anyTarget.Origin, freed) })
		began := time.Now()
		if h, err := acquireConn(t.Context(), p); h != freed || err != nil || time.Since(began) != time.Second {
			t.Errorf("got %p after %s, %v", h, time.Since(began), err)
		}
		if h, err := acquireConn(t.Context(), p); h != own || err != nil || time.Since(began) != 10*time.Second {
			t.Errorf("got %p after %s, %v", h, time.Since(began), err)
		}
		if p.Close(); len(p.queues) > 0 {
			t.Error("the queue of the host is not deleted")
		}
	})
}

// TestNoMoreDialsThanWaits: a host that accepts one connection and leaves other dials unanswered gets no more dials
// than exchanges have waited at once, however many exchanges the one connection has served meanwhile.
func TestNoMoreDialsThanWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dials atomic.Int32
		p := newTestPool(t, func(ctx context.Context) (*h1Conn, error) {
			dials.Add(1)
			<-ctx.Done()
			return nil, context.Cause(ctx)
		})
		h, _ := newSilentConn()
		p.putIdle(anyTarget.Origin, h)
		var exchanges sync.WaitGroup
		for range 4 {
			exchanges.Go(func() {
				for range 100 {
					h, err := acquireConn(t.Context(), p)
					if err != nil {
						t.Error(err)
						return
					}
					time.Sleep(time.Millisecond)
					p.putIdle(anyTarget.Origin, h)
				}
			})
		}
		exchanges.Wait()
		if n := dials.Load(); n > 4 {
			t.Errorf("%d dials", n)
		}
		p.Close()
	})
}

// TestSlowDial: a dial into a path that has died holds no later exchange up for longer than slowDial, over HTTP/1.1 and
// at a host that speaks HTTP/2; and there is one more dial by then, not one for each exchange that another connection
// has served.
func TestSlowDial(t *testing.T) {
	for _, speaksHTTP2 := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			began, good := time.Now(), make(chan time.Duration, 9)
			var dials atomic.Int32
			p := newTestPool(t, func(ctx context.Context) (*h1Conn, error) {
				if dials.Add(1) == 1 {
					<-ctx.Done()
					return nil, context.Cause(ctx)
				}
				good <- time.Since(began)
				h, _ := newSilentConn()
				return h, nil
			})
			if speaksHTTP2 {
				p.shared.setHTTP2(anyTarget.Origin, true)
			}
			kept, _ := newSilentConn()
			time.AfterFunc(time.Second, func() { p.putIdle(anyTarget.Origin, kept) })
			for range 3 { // the first starts the dial, and all get the connection of another exchange
				h, err := acquireConn(t.Context(), p)
				if h != kept || err != nil {
					t.Fatal(h, err)
				}
				time.AfterFunc(slowDial/10, func() { p.putIdle(anyTarget.Origin, kept) })
			}
			if _, err := acquireConn(t.Context(), p); err != nil { // kept again, which stays taken
				t.Fatal(err)
			}
			if _, err := acquireConn(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			if at := <-good; at != slowDial || dials.Load() != 2 {
				t.Errorf("HTTP/2 %t: the second of %d dials began after %v", speaksHTTP2, dials.Load(), at)
			}
			if p.Close(); len(p.queues) > 0 {
				t.Error("the queue of the host is not deleted")
			}
		})
	}
}

// TestNoConnectionIsMissed: a connection goes from its dial to a wantConn or to the idle ones in one step, so that no
// host gets more connections than there are exchanges at once.
func TestNoConnectionIsMissed(t *testing.T) {
	const atOnce = 4
	for range 1000 {
		var dials atomic.Int32
		p := newTestPool(t, func(context.Context) (*h1Conn, error) {
			dials.Add(1)
			h, _ := newSilentConn()
			return h, nil
		})
		var exchanges sync.WaitGroup
		for range atOnce {
			exchanges.Go(func() {
				for range 5 {
					h, err := acquireConn(t.Context(), p)
					if err != nil {
						t.Error(err)
						return
					}
					p.putIdle(anyTarget.Origin, h)
				}
			})
		}
		exchanges.Wait()
		if p.Close(); dials.Load() > atOnce {
			t.Fatalf("%d connections for %d exchanges at once", dials.Load(), atOnce)
		}
	}
}

// TestDialErrorIsForItsOwnWait: the error of a dial is returned to the exchange that it was started for. Where that has
// got another connection, a new dial is started for those that still wait.
func TestDialErrorIsForItsOwnWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused, dials := errors.New("refused"), 0
		good, _ := newSilentConn()
		p := newTestPool(t, func(ctx context.Context) (*h1Conn, error) {
			if dials++; dials == 1 {
				return dialAfter(slowDial-time.Millisecond, nil, refused)(ctx)
			}
			return dialAfter(time.Second, good, nil)(ctx)
		})
		freed, _ := newSilentConn()
		time.AfterFunc(time.Second, func() { p.putIdle(anyTarget.Origin, freed) })
		if h, err := acquireConn(t.Context(), p); h != freed || err != nil {
			t.Fatal(h, err)
		}
		began := time.Now()
		if h, err := acquireConn(t.Context(), p); h != good || err != nil || time.Since(began) != slowDial-time.Millisecond {
			t.Errorf("got %p after %s, %v", h, time.Since(began), err)
		}
		dials = 0
		if h, err := acquireConn(t.Context(), p); h != nil || !errors.Is(err, refused) {
			t.Errorf("got %p, %v", h, err)
		}
		p.Close()
	})
}

// TestCanceledWait: the end of an exchange cancels its dial, whose error is returned; Close cancels a dial that no
// exchange waits for any more.
func TestCanceledWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var causes []string // of canceled dials
		p := newTestPool(t, func(ctx context.Context) (*h1Conn, error) {
			<-ctx.Done()
			causes = append(causes, context.Cause(ctx).Error())
			return nil, errors.New("no handshake: " + context.Cause(ctx).Error())
		})
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("timeout"))
		defer cancel()
		if _, err := acquireConn(ctx, p); err == nil || err.Error() != "no handshake: timeout" {
			t.Errorf("got %v", err)
		}
		h, _ := newSilentConn()
		time.AfterFunc(time.Second, func() { p.putIdle(anyTarget.Origin, h) })
		if got, _ := acquireConn(t.Context(), p); got != h {
			t.Error("the idle connection is not taken")
		}
		// The dial under way is for no exchange, so that none is started for this one.
		late, stop := context.WithTimeoutCause(t.Context(), slowDial/4, errors.New("too late"))
		defer stop()
		if _, err := acquireConn(late, p); err == nil || err.Error() != "too late" {
			t.Errorf("got %v", err)
		}
		p.Close()
		if got := strings.Join(causes, ", "); got != "timeout, context canceled" || len(p.queues) > 0 {
			t.Errorf("canceled: %s; %d queues are left", got, len(p.queues))
		}
	})
}

// TestEveryWaitEnds: whichever dials fail, are late, can't be canceled, and whichever connections are closed, each wait
// ends, and no queue and no idle connection is left.
func TestEveryWaitEnds(t *testing.T) {
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			source := rand.New(rand.NewPCG(seed, 2))
			chance := func(n int) int { mu.Lock(); defer mu.Unlock(); return source.IntN(n) }
			p := newTestPool(t, func(ctx context.Context) (*h1Conn, error) {
				h, _ := newSilentConn()
				switch chance(8) {
				case 0: // it can't be canceled
					return dialAfter(3*time.Second, h, nil)(context.Background())
				case 1, 2:
					return dialAfter(time.Duration(chance(2000))*time.Millisecond, nil, errors.New("refused"))(ctx)
				}
				return dialAfter(time.Duration(chance(5000))*time.Millisecond, h, nil)(ctx)
			})
			var exchanges sync.WaitGroup
			for range 20 {
				exchanges.Go(func() {
					for range 50 {
						ctx, cancel := context.WithTimeout(t.Context(), time.Duration(chance(4000))*time.Millisecond)
						h, err := acquireConn(ctx, p)
						if (h == nil) == (err == nil) {
							t.Error("neither a connection nor an error, or both")
						}
						if end, _ := ctx.Deadline(); time.Since(end) > 3*time.Second { // the longest dial that can't be canceled
							t.Errorf("it waits %s beyond its deadline", time.Since(end))
						}
						time.Sleep(time.Duration(chance(300)) * time.Millisecond)
						switch {
						case h != nil && chance(5) > 0:
							p.putIdle(anyTarget.Origin, h)
						case h != nil:
							h.close()
						}
						cancel()
					}
				})
			}
			exchanges.Wait()
			p.Close()
			if len(p.queues) > 0 || p.idle.count > 0 {
				t.Errorf("seed %d: %d queues are left, %d connections are idle", seed, len(p.queues), p.idle.count)
			}
		})
	}
}
