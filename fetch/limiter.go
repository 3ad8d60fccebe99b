package fetch

import (
	"context"

	"batchfetch/fetch/plan"
)

// A Limiter keeps Rate and the limits of hosts for several processes together (package limits).
type Limiter interface {
	// Ask returns a Grant for each Ask, and tells the other processes that this one is there. One goroutine calls it,
	// every limiterBeat at least. An error ends the run.
	Ask(ctx context.Context, asks []plan.Ask) ([]plan.Grant, error)
}
