package fetch

import (
	"context"
	"time"

	"batchfetch/fetch/plan"
)

const (
	// limiterBeat is the longest time between two calls of a Limiter.
	limiterBeat = 2 * time.Second
	// mostAsks is how many lanes one call is about, at most.
	mostAsks = 64
)

// A limitKeeper is the stage that asks the Limiter for what the plan lacks, and hands it what it gets.
type limitKeeper struct {
	limiter   Limiter
	scheduler *scheduler
	short     <-chan struct{} // from the scheduler: it lacks something
	fail      func(error)     // ends the run
}

// keep asks until ctx ends.
func (k *limitKeeper) keep(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	called := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.short:
		case <-timer.C:
		}
		asks, wait := k.scheduler.asks()
		if len(asks) > 0 || time.Since(called) >= limiterBeat {
			grants, err := k.limiter.Ask(ctx, asks)
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				k.fail(err)
				return
			}
			called = time.Now()
			wait = k.scheduler.granted(asks, grants)
		}
		timer.Reset(min(max(wait, time.Millisecond), limiterBeat))
	}
}

// asks returns what is to be asked of the Limiter now, and how long until more is to be.
func (s *scheduler) asks() ([]plan.Ask, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	asks, next := s.plan.Asks(mostAsks, now)
	return asks, next.Sub(now)
}

// granted hands the plan what the Limiter has answered, and starts what may start by it. It returns how long until the
// Limiter is to be asked again.
func (s *scheduler) granted(asks []plan.Ask, grants []plan.Grant) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.enter()
	for i := range asks {
		s.plan.Granted(&asks[i], &grants[i], now)
	}
	s.settle(now)
	return s.plan.NextAsk().Sub(now)
}
