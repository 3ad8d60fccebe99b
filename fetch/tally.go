package fetch

import (
	"net/http"
	"time"

	"batchfetch/fetch/histogram"
)

// A tally is the counts of a run while it goes on. The lock of the scheduler guards it.
type tally struct {
	Summary
	latency       histogram.Histogram
	unauthorized  map[string]Unauthorized     // by origin; at most MaxHosts
	limitedByHost map[hostLimit]time.Duration // how long each kept the next Task from starting; at most MaxHosts
}

// A hostLimit is a Limit as met on one host.
type hostLimit struct {
	limit Limit
	host  string
}

func newTally(o *Options) *tally {
	c := &tally{Summary: Summary{
		ByKind:       make(map[Kind]int64),
		ByStatus:     make(map[int]int64),
		FailedByHost: make(map[string]int64),
		LimitedFor:   make(map[Limit]time.Duration),
	}, limitedByHost: make(map[hostLimit]time.Duration), unauthorized: make(map[string]Unauthorized)}
	if o.Cache != nil {
		c.ByCache = make(map[Cached]int64)
	}
	return c
}

// leastUnauthorized is how many 401 in a row say something about the credentials and not about one page.
const leastUnauthorized = 3

// addLimited adds a span to the Limit that kept the next Task from starting in it; an empty host is no single host.
func (c *tally) addLimited(limit Limit, host string, span time.Duration) {
	c.LimitedFor[limit] += span
	key := hostLimit{limit, host}
	if _, known := c.limitedByHost[key]; host != "" && (known || len(c.limitedByHost) < MaxHosts) {
		c.limitedByHost[key] += span
	}
}

// countExchange adds an exchange of a Task, whatever its Verdict.
func (c *tally) countExchange(t *task) {
	if !t.counts.exchanged {
		return
	}
	c.Exchanges++
	c.latency.Add(t.counts.took)
	if t.counts.retried {
		c.Retries++
	}
	switch {
	case t.counts.reused:
		c.ConnectionsReused++
	case t.counts.connected:
		c.ConnectionsMade++
	}
}

// countUnauthorized counts a final status from the network towards those of its host in a row that are 401.
func (c *tally) countUnauthorized(t *task) {
	if t.counts.status != http.StatusUnauthorized || isProxyRefusal(t.Verdict.Failure) {
		delete(c.unauthorized, t.Origin)
		return
	}
	u := c.unauthorized[t.Origin]
	if u.Count == 0 {
		if len(c.unauthorized) >= MaxHosts {
			return
		}
		u.Since = t.startedAt
	}
	u.Count++
	c.unauthorized[t.Origin] = u
}

// countFinal adds a Task that has ended.
func (c *tally) countFinal(t *task) {
	if t.counts.status > 0 {
		c.ByStatus[t.counts.status]++
		if t.counts.exchanged {
			c.countUnauthorized(t)
		}
	}
	if t.request.Page > 0 {
		c.Pages++
	}
	if t.morePages {
		c.MorePages++
	}
	failure := t.failure()
	if failure == nil {
		c.Succeeded++
		c.Bytes += t.counts.bytes
		c.WireBytes += t.counts.wireBytes
		if t.counts.cache != "" {
			c.ByCache[t.counts.cache]++
		}
		if t.counts.exchanged && t.policy.Poll.Has(t.counts.status) {
			c.Unpolled++
		}
		if t.request.Page == 1 && t.next == nil && !t.morePages {
			c.SinglePages++
		}
		if t.counts.unchanged {
			c.Unchanged++
		}
		c.countWatched(t)
		return
	}
	c.Failed++
	c.ByKind[failure.Kind]++
	if t.Origin == "" {
		return
	}
	host := t.Origin
	if _, known := c.FailedByHost[host]; !known && len(c.FailedByHost) >= MaxHosts {
		host = "other"
	}
	c.FailedByHost[host]++
}

// countWatched adds how the changes of a success are seen to those of its host.
func (c *tally) countWatched(t *task) {
	own := t.counts.watched
	if own == (Watched{}) {
		return
	}
	if c.Watched == nil {
		c.Watched = make(map[string]Watched)
	}
	all, known := c.Watched[t.Origin]
	if !known && len(c.Watched) >= MaxHosts {
		return
	}
	all.Unvalidated += own.Unvalidated
	all.Fresh += own.Fresh
	all.FreshFor = max(all.FreshFor, own.FreshFor)
	c.Watched[t.Origin] = all
}

// tooManyFailures reports whether more Requests have failed than the Options allow, or will have at the end: requests
// is the most that there will be, 0 where that is not known.
func (c *tally) tooManyFailures(o *Options, requests int64) bool {
	if o.MaxFailures >= 0 && c.Failed > o.MaxFailures {
		return true
	}
	// A percentage such as 0.7 has no exact binary form: a share that is equal to it is not larger.
	const rounding = 1 + 1e-9
	return o.MaxFailurePercent > 0 && requests > 0 &&
		float64(c.Failed)*100 > o.MaxFailurePercent*float64(requests)*rounding
}

// summary returns the Summary of a run that has ended and took elapsed.
func (c *tally) summary(elapsed time.Duration) Summary {
	s := c.Summary
	s.Elapsed = elapsed
	s.Total = s.Succeeded + s.Failed + s.Skipped + s.NotStarted
	s.Complete = s.Stopped == StopNone
	for host, u := range c.unauthorized {
		if u.Count < leastUnauthorized {
			continue
		}
		if s.Unauthorized == nil {
			s.Unauthorized = make(map[string]Unauthorized)
		}
		s.Unauthorized[host] = u
	}
	s.Latency = Latency{
		Count: c.latency.Count(),
		P50:   c.latency.Quantile(0.50),
		P90:   c.latency.Quantile(0.90),
		P99:   c.latency.Quantile(0.99),
		Max:   c.latency.Max(),
	}
	var longest time.Duration
	for limit, span := range s.LimitedFor {
		if span > longest || span == longest && limit < s.LimitedBy {
			s.LimitedBy, longest = limit, span
		}
	}
	for key, span := range c.limitedByHost {
		if key.limit == s.LimitedBy && 2*span > longest {
			s.LimitedHost = key.host
		}
	}
	return s
}
