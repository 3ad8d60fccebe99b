package plan

import (
	"fmt"
	"time"

	"batchfetch/fetch/failure"
)

// A closure is why and until when the Tasks of a lane, or of one of its buckets, fail without an exchange: its host has
// asked for a longer wait than RetryMaxDelay, has refused refusalsToClose requests in a row, or fails at all of them. A
// nil *closure is none.
type closure struct {
	until   time.Time
	streak  int              // refusals or errors in a row; 0 is that the host asked for it
	why     *failure.Failure // of the last response
	failing bool             // the streak is of errors of the host (overload)
}

// opensAt is when the closure ends, or did; the zero time is that of none.
func (c *closure) opensAt() time.Time {
	if c == nil {
		return time.Time{}
	}
	return c.until
}

// extend returns the closure that ends later: c, or next.
func (c *closure) extend(next closure) *closure {
	if !next.until.After(c.opensAt()) {
		return c
	}
	return &next
}

// failure is that of a Task that is not asked for; a nil Task is one that has had no exchange.
func (c *closure) failure(t *Task, now time.Time) *failure.Failure {
	if c.failing {
		return c.failingHost(t)
	}
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

// failingHost is the Failure of a Task that is not asked for as its host fails at all requests; a nil Task is one that
// has had no exchange. One that has had one keeps the kind of its own failure.
func (c *closure) failingHost(t *Task) *failure.Failure {
	if t != nil && t.Verdict.Failure != nil {
		own := t.Verdict.Failure
		return own.Reworded(fmt.Errorf("%w; not retried: the host has failed at %d requests in a row", own, c.streak))
	}
	f := failure.New(failure.HostDown, "not sent: the host has failed at %d requests in a row, the last one: %w", c.streak,
		c.why)
	f.Option = failure.FailingHost
	return f
}
