package plan

import (
	"math"
	"time"

	"golang.org/x/time/rate"

	"batchfetch/fetch/judge"
)

// A pace is a rate limit that spaces starts evenly: 60 a minute is about one a second, never sixty at once. At n in a
// unit of time no closed interval as long as the unit has more than n starts nor, by its log, more than n requests at
// the server.
type pace struct {
	limiter *rate.Limiter // nil is no limit
	due     time.Time     // when the next start is allowed
	log     sentLog       // of requests; without one starts alone count
}

// lateness is how late a start may be without lowering the rate. The runtime's timers are up to a tick late, and waking
// a goroutine takes time too. Starts that were missed meanwhile follow at once: at most as many as the rate allows in
// that time.
const lateness = 2 * tick

// paceMargin and maxPaceMargin (in seconds) are by how much the distance of two starts is longer than the rate says. At
// the exact distance n+1 starts fit into a unit of time with both its ends: 10 a second at 0, 0.1, ... and 1 s. The
// margins of n starts, at least 10 ms in a second, are more than late starts and the burst of a tick may take of it.
const (
	paceMargin    = 0.01
	maxPaceMargin = 0.02
)

// maxSentStarts is the most starts of which a pace remembers when they were sent.
const maxSentStarts = 1000

// newPace returns a pace for a rate of the user that allows a start at once; perSecond 0 is no limit.
func newPace(perSecond float64) pace {
	p := newStartPace(perSecond)
	if n := max(math.Floor(perSecond), 1); p.limiter != nil && n <= maxSentStarts {
		p.log.most, p.log.unit = int(n), boundedSeconds(n/float64(p.limiter.Limit()))
	}
	return p
}

// newStartPace is newPace for a rate that is found by trying: starts alone count.
func newStartPace(perSecond float64) pace {
	if perSecond <= 0 {
		return pace{}
	}
	return pace{limiter: rate.NewLimiter(limitOf(perSecond), burstOf(perSecond))}
}

// burstOf is how many starts are allowed at once.
func burstOf(perSecond float64) int { return max(1, int(perSecond*tick.Seconds())) }

// limitOf is the limiter's rate for one of the user or of a throttle.
func limitOf(perSecond float64) rate.Limit {
	distance := 1 / perSecond
	return rate.Limit(1 / (distance + min(paceMargin*distance, maxPaceMargin)))
}

// setRate changes the rate from now on; 0 is no limit. The next start still keeps its distance from the last one.
func (p *pace) setRate(perSecond float64, now time.Time) {
	switch {
	case perSecond <= 0:
		*p = pace{}
	case p.limiter == nil:
		*p = newStartPace(perSecond)
		p.spendToken(now) // as if one started now: when the last one did is not known
	default:
		p.limiter.SetLimitAt(now, limitOf(perSecond))
		p.limiter.SetBurstAt(now, burstOf(perSecond))
		p.setDue(now)
	}
}

// spendToken takes a token for a start at now. A start that is late by at most lateness counts as one at due.
func (p *pace) spendToken(now time.Time) {
	if p.limiter == nil {
		return
	}
	from := now
	if late := now.Sub(p.due); late > 0 && late <= lateness {
		from = p.due
	}
	p.limiter.ReserveN(from, 1)
	p.log.noteStart(now)
	p.setDue(from)
}

// setDue sets due to when the limiter has a token and the requests that were sent have the unit to themselves.
func (p *pace) setDue(from time.Time) {
	p.due = latest(p.nextToken(from), p.log.nextStart())
}

// noteSent records when the request of a start was sent, where that was late.
func (p *pace) noteSent(started, sent time.Time) {
	if p.log.noteSent(started, sent) {
		p.due = latest(p.due, p.log.nextStart())
	}
}

// nextToken is when the limiter has a whole token again, at most LongestWait after from.
func (p *pace) nextToken(from time.Time) time.Time {
	missing := 1 - p.limiter.TokensAt(from)
	if missing <= 0 {
		return from
	}
	return from.Add(boundedSeconds(missing / float64(p.limiter.Limit())))
}

// boundedSeconds returns a number of seconds as a time of at most LongestWait.
func boundedSeconds(n float64) time.Duration {
	return time.Duration(min(n, judge.LongestWait.Seconds()) * float64(time.Second))
}
