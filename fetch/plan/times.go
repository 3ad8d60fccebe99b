package plan

import "time"

// latest is the later of two times.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// movingAverage is the exponential moving average of durations, in which the last one counts an eighth; a mean of 0
// says that there was none before.
func movingAverage(mean, last time.Duration) time.Duration {
	if mean == 0 {
		return last
	}
	return mean + (last-mean)/8
}

// earliest is the earlier of two times.
func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
