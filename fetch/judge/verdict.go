package judge

import (
	"time"

	"batchfetch/fetch/failure"
)

// Fate is what becomes of a Task after an exchange.
type Fate uint8

// The four fates. All but Final send the Task back into a lane.
const (
	Final   Fate = iota // the Task has ended, as a success or with Verdict.Failure
	Retry               // another attempt at the same target, after Verdict.Delay
	Hop                 // a redirect is followed: the next exchange is with its target
	Restart             // the whole body is asked for again, after Verdict.Delay, at no cost of an attempt
)

// A Verdict is what an exchange means for its Task and for its host.
type Verdict struct {
	Fate Fate
	// Refused says that the host asked for a longer wait than policy.RetryMaxDelay.
	Refused bool
	// Health is what the exchange says about its host, whatever becomes of the Task.
	Health Health
	// Delay is the wait before the next exchange of a Retry or Restart; 0 is none.
	Delay time.Duration
	// Pause is how long nothing is to be asked of the whole host, whatever becomes of the Task; 0 is none.
	Pause time.Duration
	// Quota is what the answer announced; the zero Quota is nothing. It is read only where policy.Adaptive is set.
	Quota Quota
	// Failure is why a Retry or Restart is needed, or why a Final failed; nil is a success or a Hop.
	Failure *failure.Failure
}

// A Quota is how many more requests a host says that it will answer in a time window.
// The zero Quota says nothing.
type Quota struct {
	// Remaining is how many requests are left until Reset has passed.
	Remaining int64
	// Reset is the time until there are more; 0 means that no quota was announced.
	Reset time.Duration
	// Limit is the number of requests in a whole window; 0 is not known.
	Limit int64
}

// Announced reports whether a host has named a quota.
func (q Quota) Announced() bool { return q.Reset > 0 }

// isTighter reports whether q leaves fewer requests a second than other; where neither leaves any, whether its reset
// is later.
func (q Quota) isTighter(other Quota) bool {
	mine, others := float64(q.Remaining)/q.Reset.Seconds(), float64(other.Remaining)/other.Reset.Seconds()
	return mine < others || mine == others && q.Reset > other.Reset
}
