package plan

import "time"

// A resetUnit finds out whether a host tells the time until the reset of its quota in milliseconds, where that was read
// as seconds: while a second passes, it then falls by a thousand. The zero resetUnit takes it as read.
type resetUnit struct {
	milli   bool
	firstAt time.Time     // when the first reset of the present series came
	first   time.Duration // that reset
	lastAt  time.Time     // when the last one came that fell as fast
	last    time.Duration // that reset
	fell    int           // how many fell as fast
}

const (
	leastSuspect  = 4 * time.Second       // a reset that may be one of milliseconds, as read
	leastElapsed  = 15 * time.Millisecond // between two responses that are compared
	fallsToBeSure = 2
)

// note takes in a reset as read, and reports whether it has just become clear that it is in milliseconds.
func (u *resetUnit) note(reset time.Duration, now time.Time) (found bool) {
	if u.milli || reset < leastSuspect {
		return false
	}
	elapsed := now.Sub(u.firstAt)
	switch {
	case u.first == 0 || reset > u.first:
		*u = resetUnit{firstAt: now, first: reset, lastAt: now, last: reset}
	case elapsed < leastElapsed || now.Sub(u.lastAt) < leastElapsed/2:
	case isThousandfold(u.first-reset, elapsed) && u.last-reset > 100*now.Sub(u.lastAt):
		u.lastAt, u.last = now, reset
		u.fell++
		u.milli = u.fell >= fallsToBeSure
	default:
		*u = resetUnit{firstAt: now, first: reset, lastAt: now, last: reset}
	}
	return u.milli
}

// isThousandfold reports whether a reset has fallen about a thousand times as fast as the time passed.
func isThousandfold(fall, elapsed time.Duration) bool {
	return fall > 400*elapsed && fall < 2500*elapsed
}

// convert returns a reset in the unit that was found.
func (u *resetUnit) convert(reset time.Duration) time.Duration {
	if u.milli {
		return reset / 1000
	}
	return reset
}
