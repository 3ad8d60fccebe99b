package plan

import "time"

// A smallBurst finds a host that allows few requests at a time, and one more after a while: a token bucket with a small
// burst. Its holds follow after few responses each. Such a host is asked at the rate at which it has allowed requests,
// not at half of the one at which it has refused: that is far above. The zero smallBurst has found nothing.
type smallBurst struct {
	holds       int           // after few responses each; more than one is that the host is such
	longestHold time.Duration // of all that the host asked for
}

const (
	mostFew     = 4    // responses between two holds that are few
	burstMargin = 0.85 // of the rate with one more than it has accepted, which it refused: at least so much is requested
	// The rate doubles in the time of toDoubleBurst responses, until enoughOfBurst have come since the last hold: then
	// the host seems to allow more.
	toDoubleBurst = 28
	enoughOfBurst = 16
)

// observe takes in a hold that came after so many responses since the one before.
func (b *smallBurst) observe(accepted int, hold time.Duration) {
	b.longestHold = max(b.longestHold, hold)
	switch {
	case accepted > 0 && accepted <= mostFew:
		b.holds++
	case accepted > mostFew && !b.isFound():
		b.holds = 0
	}
}

// isFound reports whether the host allows few requests at a time.
func (b *smallBurst) isFound() bool { return b.holds > 1 }

// rate is the rate, in starts a second, at which the host allows requests: it has accepted so many in a span, and would
// have accepted almost one more, the one that it has refused. Where each refusal was for its page, and comes at any
// rate, that would fall for ever: it stays above least, or half of the rate at which each start keeps to the longest
// hold.
func (b *smallBurst) rate(accepted int, span time.Duration, least float64) float64 {
	allowed, asked := float64(accepted)/span.Seconds(), float64(accepted+1)/span.Seconds()
	return max(allowed, burstMargin*asked, min(least, 0.5/b.longestHold.Seconds()))
}

// doubling is the time in which the rate doubles.
func (b *smallBurst) doubling(perSecond float64) time.Duration {
	return time.Duration(toDoubleBurst / perSecond * float64(time.Second))
}
