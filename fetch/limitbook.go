package fetch

import "time"

// A limitBook adds the time of a run to the Limits of its Summary, by what kept the next Task from starting in it. The
// scheduler's lock guards it.
type limitBook struct {
	tally         *tally
	observer      Observer                          // is told of each span; nil is none
	bandwidthWait func(now time.Time) time.Duration // how long exchanges have waited for bandwidth so far
	namesWait     func(now time.Time) time.Duration // how long exchanges have waited for names so far, in all

	until     time.Time     // the time up to then has been added
	bandwidth time.Duration // of bandwidthWait
	names     time.Duration // of namesWait
}

// bookEvery is the least time that is added at once: events that follow each other sooner count as one, as adding costs
// more than some of them.
const bookEvery = 100 * time.Microsecond

// add adds the time up to now that has not been added to the Limit that was the bottleneck in it, host its host, with
// so many exchanges under way. The part of it in which exchanges waited for bandwidth goes to LimitBandwidth.
func (b *limitBook) add(now time.Time, limit Limit, host string, running int) {
	from, span := b.until, now.Sub(b.until)
	b.until = now
	if b.waitedForNames(limit, now, span, running) {
		limit, host = LimitDNS, ""
	}
	if forBandwidth := min(b.bandwidthWait(now)-b.bandwidth, span); forBandwidth > 0 {
		b.bandwidth += forBandwidth
		b.addSpan(LimitBandwidth, "", from, forBandwidth)
		from, span = from.Add(forBandwidth), span-forBandwidth
	}
	b.addSpan(limit, host, from, span)
}

// waitedForNames reports whether the exchanges under way have spent most of the last span on look-ups of names, where
// the end of an exchange was what was waited for.
func (b *limitBook) waitedForNames(limit Limit, now time.Time, span time.Duration, running int) bool {
	waited := b.namesWait(now)
	spent := waited - b.names
	b.names = waited
	switch limit {
	case LimitConcurrency, LimitHostConcurrency, LimitNetwork:
		return 2*spent > time.Duration(running)*span
	}
	return false
}

// addSpan adds a span to the Limit that kept the next Task from starting in it.
func (b *limitBook) addSpan(limit Limit, host string, from time.Time, span time.Duration) {
	b.tally.addLimited(limit, host, span)
	if b.observer != nil && span > 0 {
		b.observer.ObserveLimit(limit, host, from, from.Add(span))
	}
}
