package fetch

import (
	"math"
	"time"
)

// A throttle is what a host's refusals (429, 503) and the quota that it announces have made of its lane's pace.
// It is nil for a host that has done neither.
type throttle struct {
	limit   float64   // starts a second; 0 is none beside the options'
	mark    float64   // the rate at which the host refused last
	row     int       // refusals in a row, no other answer between them
	since   time.Time // when the last of them came: what flew by then says nothing new
	stepped time.Time // when the limit was raised last, or may be raised first
	quota   window
}

// doubling is how long a host has to answer well at its limit until that has doubled, whatever the rate: so a fast host and
// a slow one recover in the same time, and one that refuses now and then, whatever it is asked, is not slowed to a crawl.
const doubling = 3 * time.Second

// throttleKept is how long a host's limit is remembered while nothing is asked of it.
const throttleKept = time.Minute

// adapt slows a host down that refuses, speeds it up again as it answers well, and keeps to what it announces.
func (l *lane) adapt(t *task, o *Options, now time.Time) {
	v := &t.verdict
	switch th := l.throttle; {
	case v.Quota.announced():
		l.needThrottle().quota.learn(v.Quota, l.starts-t.number, t.number, o.RetryMaxDelay, now)
	case th != nil && v.Health != Unheard && v.Health != Silent:
		th.quota.unsaid(t)
	}
	switch th := l.throttle; {
	case v.Health == Throttled:
		l.slowDown(t, o, now)
	case th == nil || !t.started.After(th.since): // what flew then says nothing new
	case v.Health == Well:
		th.row = 0
		l.speedUp(now)
	case v.Health == Unwell:
		th.row = 0
		if th.limit < th.mark { // back to what the host was asked, and not beyond
			l.speedUp(now)
			break
		}
		fallthrough
	default:
		th.stepped = latest(th.stepped, now) // the time until now was no good one
	}
}

func (l *lane) needThrottle() *throttle {
	if l.throttle == nil {
		l.throttle = new(throttle)
	}
	return l.throttle
}

// slowDown halves the rate, and pauses the host where it has not said for how long itself: the longer the more often it has
// refused in a row.
func (l *lane) slowDown(t *task, o *Options, now time.Time) {
	th := l.needThrottle()
	if !t.started.After(th.since) || t.attempts > 1 { // the last refusal would have kept it back; a retry speaks for its page, and has its own wait
		return
	}
	th.mark = l.observed(now)
	th.limit = max(th.mark/2, slowest(o))
	if l.perSecond > 0 {
		th.limit = min(th.limit, l.perSecond)
	}
	l.pace.set(th.limit, now)
	th.row++
	th.since = now
	if t.verdict.Pause == 0 {
		l.pausedUntil = latest(l.pausedUntil, now.Add(backoff(th.row, o.RetryDelay, longestPause(o), 1)))
	}
	th.stepped = latest(l.pausedUntil, now)
}

// leastObserved is the rate at which a host is taken to have been asked that was hardly asked at all:
// a first refusal of a host that bears little costs a few more of them, that of a busy one does not slow it to a crawl.
const leastObserved = 10

// observed is the rate at which the host was asked when it refused.
func (l *lane) observed(now time.Time) float64 {
	rate := max(l.meter.perSecond(now), leastObserved)
	if limit := l.rate(); limit > 0 {
		rate = min(rate, limit)
	}
	return rate
}

// longestPause is the most that a host is left alone for which has not said for how long itself.
func longestPause(o *Options) time.Duration { return min(o.RetryMaxDelay, 16*o.RetryDelay) }

// slowest is one start in the longest pause: no host is asked less often.
func slowest(o *Options) float64 { return 1 / max(longestPause(o), time.Second).Seconds() }

// refusesAll reports whether the host has refused so often in a row, each time after a pause, that it is not to be expected to
// answer anything soon. With a --retry-delay of 1s that is after 111 s.
func (th *throttle) refusesAll() bool { return th != nil && th.row >= 10 }

// speedUp takes a step back towards the rate that the options allow.
func (l *lane) speedUp(now time.Time) {
	th := l.throttle
	if th.limit == 0 {
		return
	}
	if step := min(now.Sub(th.stepped), doubling); step > 0 { // an answer that was long in coming is one answer
		th.limit *= math.Exp2(step.Seconds() / doubling.Seconds())
		th.stepped = now
	}
	unbound := th.limit > 2*th.mark && th.limit > 4*max(l.meter.perSecond(now), leastObserved)
	if unbound || l.perSecond > 0 && th.limit >= l.perSecond {
		th.limit = 0
		l.pace.set(l.perSecond, now)
		return
	}
	l.pace.set(th.limit, now)
}

// rate is the limit on starts a second, 0 for none.
func (th *throttle) rate() float64 {
	if th == nil {
		return 0
	}
	return th.limit
}

// spend takes a start from the quota.
func (th *throttle) spend() {
	if th != nil {
		th.quota.left--
	}
}

// allows is when the quota allows another start; the zero time is now.
func (th *throttle) allows(now time.Time) time.Time {
	if th == nil {
		return time.Time{}
	}
	return th.quota.allows(now)
}

// until is when a lane without Tasks may be forgotten, as far as this goes.
func (th *throttle) until() time.Time {
	switch {
	case th == nil:
		return time.Time{}
	case th.limit == 0:
		return th.quota.end
	}
	return latest(th.quota.end, th.since.Add(throttleKept))
}

// A window is what a host lets through in a span of time, by its own word.
type window struct {
	known bool
	left  int64         // starts left in the present one
	size  int64         // in a whole one; 0 is not known
	span  time.Duration // of a whole one: the longest that was announced
	end   time.Time     // of the present one
	long  bool          // the host asked for a longer wait than is obeyed: once it is over, a single start tells
	from  uint64        // the number of the start whose answer was believed last

	guessed time.Time // when the present one began, where nothing has been said of it; zero is that something was
}

// learn takes in what the answer to start number said, with later starts since. Answers are believed in the order of their starts:
// the host has counted all up to that one, as far as can be known, and none of the later ones.
func (w *window) learn(q Quota, later, number uint64, most time.Duration, now time.Time) {
	if w.known && number < w.from {
		return
	}
	w.known, w.from, w.guessed = true, number, time.Time{}
	w.left = q.Remaining - int64(later)
	w.size = q.Limit
	w.long = q.Reset > most
	w.span = max(w.span, min(q.Reset, most))
	w.end = now.Add(min(q.Reset, most))
}

// unsaid forgets a window that was taken to follow another one, once an answer from it says nothing of the kind.
func (w *window) unsaid(t *task) {
	if !w.guessed.IsZero() && !t.started.Before(w.guessed) {
		*w = window{}
	}
}

// allows is when the window allows a start; the zero time is now. A window that is over is taken to be followed by another of its kind,
// until an answer tells.
func (w *window) allows(now time.Time) time.Time {
	if !w.known {
		return time.Time{}
	}
	if !w.end.After(now) {
		switch {
		case w.long:
			w.left = 1
		case w.size > 0:
			w.left = w.size
		default:
			w.known = false
			return time.Time{}
		}
		w.end, w.guessed = now.Add(max(w.span, time.Second)), now
	}
	if w.left > 0 {
		return time.Time{}
	}
	return w.end
}
