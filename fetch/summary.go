package fetch

import (
	"net/http"
	"time"

	"batchfetch/fetch/histogram"
)

// Limit is what kept the next exchange from starting.
type Limit string

// The limits of a run, as they stand in its Summary.
const (
	LimitConcurrency     Limit = "concurrency"
	LimitHostConcurrency Limit = "host-concurrency"
	LimitRate            Limit = "rate"
	LimitHostRate        Limit = "host-rate"
	LimitBandwidth       Limit = "bandwidth"    // exchanges waited for Options.Bandwidth; it comes before any other
	LimitPausedHosts     Limit = "paused-hosts" // hosts had asked for a pause (Retry-After), or back-off
	LimitQuota           Limit = "quota"        // a host's quota, as it told it, was used up
	LimitNetwork         Limit = "network"      // no more could start: exchanges under way had to end first
	LimitInput           Limit = "input"        // the Source had no Request ready
	LimitOutput          Limit = "output"       // the Sink was behind
	LimitDNS             Limit = "dns"          // most exchanges under way waited for the addresses of a name
	LimitCache           Limit = "cache"        // nothing was under way but cache lookups
)

// Stop is the reason why a run ended before its input did.
type Stop string

// The reasons to stop. StopNone is a run that came to its end.
const (
	StopNone     Stop = ""
	StopFailures Stop = "failures" // more failures than Options.MaxFailures or MaxFailurePercent allow
	StopDeadline Stop = "deadline" // Options.Deadline had passed
	StopDrain    Stop = "drain"    // Options.Drain was closed
	StopCanceled Stop = "canceled" // the context of Run ended
	StopOutput   Stop = "output"   // the Sink, a BodyStore or a temporary file failed
	StopLimits   Stop = "limits"   // Options.Limiter failed
	StopInput    Stop = "input"    // the Source failed; the Requests that it had yielded were finished
)

// A Summary is the counts of one run. Total = Succeeded + Failed + Skipped + NotStarted.
type Summary struct {
	// Complete is true where the run came to its end, and Stopped is StopNone.
	Complete bool
	Stopped  Stop
	// Total counts the Requests read from the Source, Skipped those that it yielded with ErrSkipped, NotStarted those
	// that had no exchange when the run was stopped.
	Total, Succeeded, Failed, Skipped, NotStarted int64
	// Pages counts the pages among Succeeded and Failed (Request.Page), MorePages those of them that name a next one
	// beyond Options.MaxPages.
	Pages, MorePages int64
	// Unpolled counts those of Succeeded whose status is one of Options.Poll, and that were not asked for again as the
	// request would have done something again: see judge.Policy.Poll.
	Unpolled int64
	// Unchanged counts those of Succeeded whose Records are left out of the output: see Options.Changed.
	Unchanged int64
	// ByCache counts successes by the part that the cache had in them; nil is no cache.
	ByCache map[Cached]int64
	// Exchanges counts HTTP round trips, redirects and retries included; Retries those that were retries.
	Exchanges, Retries int64
	// ConnectionsMade counts the Exchanges that were the first one of a connection, ConnectionsReused those over one that
	// had been kept or, with HTTP/2 and HTTP/3, is shared. The others had none.
	ConnectionsMade, ConnectionsReused int64
	// Lookups counts the look-ups of host names for connections, LookupsFromMemory those of them that needed no query.
	Lookups, LookupsFromMemory int64
	// Bytes counts the decoded body bytes of successes, WireBytes the received ones.
	Bytes, WireBytes int64
	// Elapsed is the time from the start of the run to the end of its output.
	Elapsed time.Duration
	// ByKind counts failures, ByStatus the final statuses of successes and failures.
	ByKind   map[Kind]int64
	ByStatus map[int]int64
	// FailedByHost counts failures per origin; past MaxHosts origins the rest are counted under "other".
	FailedByHost map[string]int64
	// Unauthorized has the hosts whose last final statuses were all 401 (RFC 9110 section 15.5.2), where there were three
	// or more: their credentials may have expired. At most MaxHosts; nil is none.
	Unauthorized map[string]Unauthorized
	// Watched has the hosts whose changes Options.Changed sees late, or by whole bodies only. At most MaxHosts; nil is
	// none.
	Watched map[string]Watched
	// Latency is that of all Exchanges.
	Latency Latency
	// LimitedBy is the Limit that held for the largest share of the run's time, LimitedFor how long each held.
	LimitedBy  Limit
	LimitedFor map[Limit]time.Duration
	// LimitedHost is the host whose limit LimitedBy was for more than half of that time; empty is no single host.
	LimitedHost string
}

// Unauthorized is how many requests in a row a host answered with 401, and when the first of them started.
type Unauthorized struct {
	Since time.Time
	Count int64
}

// leastUnauthorized is how many 401 in a row say something about the credentials and not about one page.
const leastUnauthorized = 3

// MaxHosts is how many origins a Summary counts separately.
const MaxHosts = 1000

// Latency is the count, the percentiles and the maximum of the time that exchanges took; a percentile is at most 1/32
// too high.
type Latency struct {
	Count              int64
	P50, P90, P99, Max time.Duration
}

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
