package report

import (
	"time"

	"batchfetch/fetch"
)

// A Run is what a summary says of one run. A negative number, and an empty text, is not known.
type Run struct {
	Complete                                                          bool
	Total, Succeeded, Failed, Skipped, NotStarted, Exchanges, Retries int64
	ConnectionsMade, ConnectionsReused                                int64
	ElapsedMS, P50, P90, P99, Max                                     float64 // milliseconds
	LimitedBy, LimitedHost, StoppedBy                                 string
	ExitCode                                                          int64
}

// runOf returns what a Summary says of a run that ends with an exit code.
func runOf(s *fetch.Summary, exitCode int) Run {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return Run{
		Complete: s.Complete, Total: s.Total, Succeeded: s.Succeeded, Failed: s.Failed, Skipped: s.Skipped,
		NotStarted: s.NotStarted, Exchanges: s.Exchanges, Retries: s.Retries,
		ConnectionsMade: s.ConnectionsMade, ConnectionsReused: s.ConnectionsReused, ElapsedMS: ms(s.Elapsed),
		P50: ms(s.Latency.P50), P90: ms(s.Latency.P90), P99: ms(s.Latency.P99), Max: ms(s.Latency.Max),
		LimitedBy: string(s.LimitedBy), LimitedHost: s.LimitedHost, StoppedBy: string(s.Stopped),
		ExitCode: int64(exitCode),
	}
}

// runState says in words how a run ended.
func runState(r *Run) string {
	switch {
	case r.Complete:
		return "complete"
	case r.StoppedBy != "":
		return "stopped by " + r.StoppedBy
	}
	return "not complete"
}
