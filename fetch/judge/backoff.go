package judge

import "time"

// Backoff returns the wait between the numbered attempt (1-based) and the next: exponential backoff with full jitter.
// The wait is chance, in [0,1), times a bound: first, doubled for each attempt after the first, at most most.
func Backoff(attempt int, first, most time.Duration, chance float64) time.Duration {
	bound := first
	for ; attempt > 1 && bound < most; attempt-- {
		bound *= 2
	}
	return time.Duration(chance * float64(min(bound, most)))
}
