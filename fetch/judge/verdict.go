package judge

import (
	"time"

	"batchfetch/fetch/failure"
)

// Fate is what happens to a Task after an exchange.
type Fate uint8

// The four fates. After all but Final the Task goes into a lane again.
const (
	Final   Fate = iota // the Task has ended, as a success or with Verdict.Failure
	Retry               // another attempt at the same target, after Verdict.Delay
	Hop                 // a redirect is followed: the next exchange is with its target
	Restart             // the whole body is requested again, after Verdict.Delay; this is no further attempt
)

// A Verdict is what an exchange means for its Task and for its host.
type Verdict struct {
	Fate Fate
	// Refused says that the host asked for a longer wait than Policy.RetryMaxDelay.
	Refused bool
	// Health is the state of the host, whatever the Fate of the Task.
	Health Health
	// Delay is the wait before the next exchange of a Retry or Restart; 0 is none.
	Delay time.Duration
	// Pause is how long no exchange with the host may start, whatever the Fate of the Task; 0 is none.
	Pause time.Duration
	// Quota is the one that the response announced; zero means none. It is set only with Policy.Adaptive.
	Quota Quota
	// Failure is why a Retry or Restart is needed, or why a Final is no success; nil is a success or a Hop.
	Failure *failure.Failure
}

// A Quota is how many more requests a host announces to answer in a time window (RateLimit header fields). The zero
// Quota means that it announced none.
type Quota struct {
	// Remaining is the number of requests left until Reset has passed.
	Remaining int64
	// Reset is the time until the next window; 0 means that no quota was announced.
	Reset time.Duration
	// Limit is the number of requests in a whole window; 0 is not known.
	Limit int64
}

// Announced reports whether the host announced a quota.
func (q Quota) Announced() bool { return q.Reset > 0 }

// isTighter reports whether q leaves fewer requests a second than other; where neither leaves any, whether its reset
// is later.
func (q Quota) isTighter(other Quota) bool {
	mine, others := float64(q.Remaining)/q.Reset.Seconds(), float64(other.Remaining)/other.Reset.Seconds()
	return mine < others || mine == others && q.Reset > other.Reset
}
