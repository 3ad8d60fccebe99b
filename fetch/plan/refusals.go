package plan

import (
	"time"

	"batchfetch/fetch/failure"
)

// refusals is a host's streak of responses that asked for a longer wait than RetryMaxDelay (Verdict.TooLong). A nil
// *refusals is the streak of length 0.
type refusals struct {
	streak      int              // how many in a row
	last        *failure.Failure // of the last response
	closedUntil time.Time        // the lane is closed until then; zero means that it is not
}

// opensAt is when the lane opens again, or did; the zero time is that of one that has not been closed.
func (r *refusals) opensAt() time.Time {
	if r == nil {
		return time.Time{}
	}
	return r.closedUntil
}
