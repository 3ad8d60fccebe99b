package plan

import (
	"fmt"
	"time"

	"batchfetch/fetch/failure"
)

// A closure is why and until when the Tasks of a lane, or of one of its buckets, fail without an exchange: its host has
// asked for a longer wait than RetryMaxDelay, or has refused refusalsToClose requests in a row. A nil *closure is none.
type closure struct {
	until  time.Time
	streak int              // refusals in a row; 0 is that the host asked for it
	why    *failure.Failure // of the last response
}

// opensAt is when the closure ends, or did; the zero time is that of none.
func (c *closure) opensAt() time.Time {
	if c == nil {
		return time.Time{}
	}
	return c.until
}

// extend returns the closure that ends later: c, or one with these values.
func (c *closure) extend(until time.Time, streak int, why *failure.Failure) *closure {
	if !until.After(c.opensAt()) {
		return c
	}
	return &closure{until, streak, why}
}

// failure is that of a Task that is not asked for; a nil Task is one that has had no exchange.
func (c *closure) failure(t *Task, now time.Time) *failure.Failure {
	f := &failure.Failure{Kind: failure.RateLimited, RetryAfter: c.until.Sub(now)}
	sent := "sent"
	if t != nil && !t.Started.IsZero() {
		sent = "sent again"
	}
	if c.streak == 0 {
		f.Err = fmt.Errorf("not %s: %w", sent, c.why)
		return f
	}
	f.Err = fmt.Errorf("not %s: the host refused %d requests in a row, the last one: %w", sent, c.streak, c.why)
	return f
}
