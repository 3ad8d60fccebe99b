package limits

import (
	"context"
	"fmt"
	"sync"
	"time"

	"batchfetch/fetch/plan"
)

const (
	// retryPause is how long a server that failed is not asked.
	retryPause = time.Second
	// Patience is how long a run without a part of its own waits for the server.
	Patience = 30 * time.Second
)

// A Keeper keeps limits in a Redis, or while that fails its part of them by itself. One goroutine at a time may use it.
type Keeper struct {
	redis *Redis
	own   *own // nil: the run has no part of its own
	warn  func(err error)
	once  sync.Once // of warn

	failedAt time.Time // the first failure since the server answered; the zero time is none
	retryAt  time.Time // when the server is asked again
}

// NewKeeper returns a Keeper. parts is how many processes share the limits where the server fails; with 0 no request
// is then sent until it answers again. warn is called once, with the first failure.
func NewKeeper(r *Redis, parts int, warn func(err error)) *Keeper {
	k := &Keeper{redis: r, warn: warn}
	if parts > 0 {
		k.own = &own{parts: parts}
	}
	return k
}

// Check returns why the server can't be used; nil is that it can.
func (k *Keeper) Check(ctx context.Context) error {
	_, err := k.redis.Ask(ctx, nil)
	return err
}

// Ask answers each plan.Ask. Where the server fails and the process has no part of its own, it waits; the error is then
// that of the server, after Patience, or of the context.
func (k *Keeper) Ask(ctx context.Context, asks []plan.Ask) ([]plan.Grant, error) {
	for {
		now := time.Now()
		if !now.Before(k.retryAt) {
			grants, err := k.redis.Ask(ctx, asks)
			if err == nil {
				k.failedAt = time.Time{}
				return grants, nil
			}
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			k.fail(err, now)
			if k.own == nil && k.retryAt.Sub(k.failedAt) > Patience {
				return nil, fmt.Errorf("the server of the limits has failed for %s: %w", Patience, err)
			}
		}
		if k.own != nil {
			return k.part(asks), nil
		}
		pause := time.NewTimer(time.Until(k.retryAt))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return nil, context.Cause(ctx)
		}
	}
}

// fail takes in a failure of the server, in a call that began at began.
func (k *Keeper) fail(err error, began time.Time) {
	if k.failedAt.IsZero() {
		k.failedAt = began
		if k.own != nil {
			k.own = &own{parts: k.own.parts, began: time.Now(), limits: make(map[string]*ownLimit)}
		}
	}
	k.retryAt = time.Now().Add(retryPause)
	k.once.Do(func() { k.warn(err) })
}

// part answers each plan.Ask by the process's own part.
func (k *Keeper) part(asks []plan.Ask) []plan.Grant {
	now := time.Now()
	grants := make([]plan.Grant, len(asks))
	for i := range asks {
		grants[i] = k.own.answer(&asks[i], now)
	}
	return grants
}

// Close gives back what the process holds.
func (k *Keeper) Close(ctx context.Context) { k.redis.Close(ctx) }
