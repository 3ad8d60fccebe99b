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

// making is links whose dials are a test's.
func making(t *testing.T, dial func(ctx context.Context) (*h1Conn, error)) *pool {
	ls := newPool(100, func(ctx context.Context, _ *Target) connResult {
		h, err := dial(ctx)
		return connResult{h1: h, err: err}
	})
	t.Cleanup(ls.Close)
	return ls
}

// acquireAny acquires a connection to anyTarget.
func acquireAny(ctx context.Context, p *pool) (*h1Conn, error) {
	result := p.acquire(ctx, anyTarget)
	return result.h1, result.err
}

// after is a dial that takes a time, unless it is given up.
func after(span time.Duration, l *h1Conn, err error) func(context.Context) (*h1Conn, error) {
	return func(ctx context.Context) (*h1Conn, error) {
		select {
		case <-time.After(span):
			return l, err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// TestWhoWaitsTakesWhatComesFirst: a link that somebody has done with, before its own is made; that one is for the
// next then.
func TestWhoWaitsTakesWhatComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		freed, _ := hungLink()
		own, _ := hungLink()
		ls := making(t, after(10*time.Second, own, nil))
		time.AfterFunc(time.Second, func() { ls.putIdle(anyTarget.Origin, freed) })
		began := time.Now()
		if l, err := acquireAny(t.Context(), ls); l != freed || err != nil || time.Since(began) != time.Second {
			t.Errorf("got %p after %s, %v", l, time.Since(began), err)
		}
		if l, err := acquireAny(t.Context(), ls); l != own || err != nil || time.Since(began) != 10*time.Second {
			t.Errorf("got %p after %s, %v", l, time.Since(began), err)
		}
		if ls.Close(); len(ls.queues) > 0 {
			t.Error("the host is not forgotten")
		}
	})
}

// TestNoMoreIsMadeThanIsWaitedFor: a host that takes one connection and leaves others unanswered gets no more of them
// than have waited at once, however many exchanges the one has served meanwhile.
func TestNoMoreIsMadeThanIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dials atomic.Int32
		ls := making(t, func(ctx context.Context) (*h1Conn, error) {
			dials.Add(1)
			<-ctx.Done()
			return nil, context.Cause(ctx)
		})
		l, _ := hungLink()
		ls.putIdle(anyTarget.Origin, l)
		var exchanges sync.WaitGroup
		for range 4 {
			exchanges.Go(func() {
				for range 100 {
					l, err := acquireAny(t.Context(), ls)
					if err != nil {
						t.Error(err)
						return
					}
					time.Sleep(time.Millisecond)
					ls.putIdle(anyTarget.Origin, l)
				}
			})
		}
		exchanges.Wait()
		if n := dials.Load(); n > 4 {
			t.Errorf("%d dials", n)
		}
		ls.Close()
	})
}

// TestNoLinkIsMissed: one that has just been made is never neither on its way nor idle, so that no host gets more than
// have waited.
func TestNoLinkIsMissed(t *testing.T) {
	const atOnce = 4
	for range 1000 {
		var dials atomic.Int32
		ls := making(t, func(context.Context) (*h1Conn, error) {
			dials.Add(1)
			l, _ := hungLink()
			return l, nil
		})
		var exchanges sync.WaitGroup
		for range atOnce {
			exchanges.Go(func() {
				for range 5 {
					l, err := acquireAny(t.Context(), ls)
					if err != nil {
						t.Error(err)
						return
					}
					ls.putIdle(anyTarget.Origin, l)
				}
			})
		}
		exchanges.Wait()
		if ls.Close(); dials.Load() > atOnce {
			t.Fatalf("%d links for %d at once", dials.Load(), atOnce)
		}
	}
}

// TestFailedDialIsItsOwners: its error is told to the exchange it was made for. Where that has been served, another is
// made for whoever waits.
func TestFailedDialIsItsOwners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused, made := errors.New("refused"), 0
		good, _ := hungLink()
		ls := making(t, func(ctx context.Context) (*h1Conn, error) {
			if made++; made == 1 {
				return after(time.Minute, nil, refused)(ctx)
			}
			return after(time.Second, good, nil)(ctx)
		})
		freed, _ := hungLink()
		time.AfterFunc(time.Second, func() { ls.putIdle(anyTarget.Origin, freed) })
		if l, err := acquireAny(t.Context(), ls); l != freed || err != nil {
			t.Fatal(l, err)
		}
		began := time.Now()
		if l, err := acquireAny(t.Context(), ls); l != good || err != nil || time.Since(began) != time.Minute {
			t.Errorf("got %p after %s, %v", l, time.Since(began), err)
		}
		made = 0
		if l, err := acquireAny(t.Context(), ls); l != nil || !errors.Is(err, refused) {
			t.Errorf("got %p, %v", l, err)
		}
		ls.Close()
	})
}

// TestEndedWait: the end of the exchange ends what is made for it, which says why; and the end of the run what is made
// for nobody.
func TestEndedWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var given []string
		ls := making(t, func(ctx context.Context) (*h1Conn, error) {
			<-ctx.Done()
			given = append(given, context.Cause(ctx).Error())
			return nil, errors.New("no handshake: " + context.Cause(ctx).Error())
		})
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("timeout"))
		defer cancel()
		if _, err := acquireAny(ctx, ls); err == nil || err.Error() != "no handshake: timeout" {
			t.Errorf("got %v", err)
		}
		l, _ := hungLink()
		time.AfterFunc(time.Second, func() { ls.putIdle(anyTarget.Origin, l) })
		if got, _ := acquireAny(t.Context(), ls); got != l {
			t.Error("the link is not taken")
		}
		late, stop := context.WithTimeoutCause(t.Context(), time.Second, errors.New("too late")) // what is being made is nobody's, and serves it
		defer stop()
		if _, err := acquireAny(late, ls); err == nil || err.Error() != "too late" {
			t.Errorf("got %v", err)
		}
		ls.Close()
		if got := strings.Join(given, ", "); got != "timeout, context canceled" || len(ls.queues) > 0 {
			t.Errorf("given up: %s; %d hosts are left", got, len(ls.queues))
		}
	})
}

// TestEverybodyIsServed: whatever fails, is late, is given up or closed, each wait ends, and nothing is left in the
// end.
func TestEverybodyIsServed(t *testing.T) {
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			source := rand.New(rand.NewPCG(seed, 2))
			chance := func(n int) int { mu.Lock(); defer mu.Unlock(); return source.IntN(n) }
			ls := making(t, func(ctx context.Context) (*h1Conn, error) {
				l, _ := hungLink()
				switch chance(8) {
				case 0: // it can't be given up
					return after(3*time.Second, l, nil)(context.Background())
				case 1, 2:
					return after(time.Duration(chance(2000))*time.Millisecond, nil, errors.New("refused"))(ctx)
				}
				return after(time.Duration(chance(5000))*time.Millisecond, l, nil)(ctx)
			})
			var exchanges sync.WaitGroup
			for range 20 {
				exchanges.Go(func() {
					for range 50 {
						ctx, cancel := context.WithTimeout(t.Context(), time.Duration(chance(4000))*time.Millisecond)
						l, err := acquireAny(ctx, ls)
						if (l == nil) == (err == nil) {
							t.Error("neither a link nor an error, or both")
						}
						if end, _ := ctx.Deadline(); time.Since(end) > 3*time.Second { // what can't be given up takes that at most
							t.Errorf("it waits %s behind its end", time.Since(end))
						}
						time.Sleep(time.Duration(chance(300)) * time.Millisecond)
						switch {
						case l != nil && chance(5) > 0:
							ls.putIdle(anyTarget.Origin, l)
						case l != nil:
							l.close()
						}
						cancel()
					}
				})
			}
			exchanges.Wait()
			ls.Close()
			if len(ls.queues) > 0 || ls.idleCount > 0 {
				t.Errorf("seed %d: %d hosts are waited for, %d links are idle", seed, len(ls.queues), ls.idleCount)
			}
		})
	}
}
