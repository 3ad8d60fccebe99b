package plan

import (
	"time"

	"batchfetch/fetch/failure"
)

// refusals is a streak of answers that asked for a longer wait than is obeyed (Verdict.Refused). A nil *refusals is
// none.
type refusals struct {
	streak      int              // how many in a row
	last        *failure.Failure // of the last one
	closedUntil time.Time        // the lane is closed until then; zero means that it is not
}

// opensAt is when the lane opens again, or did.
func (r *refusals) opensAt() time.Time {
	if r == nil {
		return time.Time{}
	}
	return r.closedUntil
}
