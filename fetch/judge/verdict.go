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
	Restart             // the same is requested again, after Verdict.Delay; this is no further attempt
)

// A Verdict is what an exchange means for its Task and for its host.
type Verdict struct {
	Fate Fate
	// Refusal says that the host refused the request for a limit of its own, which says nothing about the page. A Retry
	// after it spends no attempt.
	Refusal bool
	// PerhapsPage says that the response is a 5xx with Retry-After and tells of no limit otherwise: it may be the trouble
	// of its page alone, for which gateways ask for a wait too (Varnish: 5 s with each 503 of its own). Where Refusal is
	// false it is taken for that.
	PerhapsPage bool
	// Unavailable says that the response is a 503 without Retry-After: the host has too much to do, or a limit that it
	// tells nothing of.
	Unavailable bool
	// TooLong says that Hold is longer than Policy.RetryMaxDelay.
	TooLong bool
	// NotReady says that the response is not the final one (Policy.Poll). A Retry after it spends no attempt.
	NotReady bool
	// Unconditional says that the next exchange of a Retry or Restart is to be without the header fields that made the
	// request conditional: see Answer.Conditional.
	Unconditional bool
	// Stalled says that the exchange stalled over a connection that it shared with others (HTTP/2, HTTP/3), which may all
	// have.
	Stalled bool
	// LostKept is Answer.LostKept, where no response came.
	LostKept bool
	// Shortage says that there was no connection because this machine lacked a local port, files or memory.
	Shortage bool
	// Health is the state of the host, whatever the Fate of the Task.
	Health Health
	// Delay is the wait before the next exchange of a Retry, Restart or Hop; 0 is none.
	Delay time.Duration
	// Hold is how long the host, or the bucket of it, asked to be sent no request, whatever the Fate of the Task; 0 means
	// that it did not say.
	Hold time.Duration
	// Bucket names what the host counts the request under, where the response says so; empty means that it does not.
	// Discord's name leaves out the resource at the beginning of the path, which has a bucket of its own of that name.
	Bucket string
	// Quotas are the windows that the response announced, one for each policy; nil is none. They are set only with
	// Policy.Adaptive.
	Quotas []Quota
	// Believed are the header fields that Hold and Quotas were read from, for a log; empty is none.
	Believed string
	// Failure is why a Retry or Restart is needed, or why a Final is no success; nil is a success or a Hop.
	Failure *failure.Failure
}
