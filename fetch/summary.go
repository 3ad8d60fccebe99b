package fetch

import "time"

// Limit names what kept the next exchange from starting.
type Limit string

// The limits of a run, as they stand in its summary.
const (
	LimitConcurrency     Limit = "concurrency"
	LimitHostConcurrency Limit = "host-concurrency"
	LimitRate            Limit = "rate"
	LimitHostRate        Limit = "host-rate"
	LimitBandwidth       Limit = "bandwidth"    // flights waited for their share of it, whatever else held the next Task back
	LimitPausedHosts     Limit = "paused-hosts" // hosts that asked for silence, and back-off
	LimitNetwork         Limit = "network"      // nothing was left to start: flights had to land
	LimitInput           Limit = "input"
	LimitOutput          Limit = "output"
	LimitCache           Limit = "cache" // nothing was under way but lookups
)

// Stop says what ended a run before its input was done.
type Stop string

// The reasons to stop. StopNone is a run that came to its end.
const (
	StopNone     Stop = ""
	StopFailures Stop = "failures" // MaxFailures or MaxFailurePercent passed
	StopDeadline Stop = "deadline"
	StopDrain    Stop = "drain"    // Drain was closed
	StopCanceled Stop = "canceled" // the context ended
	StopOutput   Stop = "output"   // the Sink failed
	StopInput    Stop = "input"    // the Source broke off; what it had yielded was done
)

// A Summary counts what a run did. Total = Succeeded + Failed + Skipped + NotStarted.
type Summary struct {
	// Complete is false where the run stopped early.
	Complete bool
	Stopped  Stop
	Total, Succeeded, Failed, Skipped,
	NotStarted int64 // read, and never asked
	// Unchanged counts those of Succeeded whose Records are not written: see Options.Changed.
	Unchanged int64
	// ByCache counts successes by the part that the cache had in them; nil is no cache.
	ByCache map[Cached]int64
	// Exchanges counts HTTP round trips, redirects and retries included.
	Exchanges, Retries int64
	// Bytes counts the decoded body bytes of successes, WireBytes the received ones.
	Bytes, WireBytes int64
	Elapsed          time.Duration
	ByKind           map[Kind]int64
	ByStatus         map[int]int64
	// FailedByHost counts failures per origin; past MaxHosts origins the rest are counted under "other".
	FailedByHost map[string]int64
	// Latency is of the exchanges that brought an answer or failed on the network.
	Latency Latency
	// LimitedBy is what bound the run for the largest share of its time, LimitedFor how long each bound it.
	LimitedBy  Limit
	LimitedFor map[Limit]time.Duration
	// LimitedHost is the host at whose limit LimitedBy was met for most of that time; empty where it was no one host's.
	LimitedHost string
}

// MaxHosts is how many origins a Summary tells apart.
const MaxHosts = 1000

// Latency holds percentiles of the time that exchanges took.
type Latency struct {
	Count              int64
	P50, P90, P99, Max time.Duration
}

// exchangeCounts are what one exchange, or a response from the cache in its place, counts for in the Summary.
type exchangeCounts struct {
	exchanged        bool
	again            bool // it was a retry
	unchanged        bool
	took             time.Duration
	status           int
	bytes, wireBytes int64
	cache            Cached
}

type tally struct {
	Summary
	latency       histogram
	limitedByHost map[hostLimit]time.Duration // how long each held the next Task back; MaxHosts at most
}

// A hostLimit is a limit as met on one host.
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
	}, limitedByHost: make(map[hostLimit]time.Duration)}
	if o.Cache != nil {
		c.ByCache = make(map[Cached]int64)
	}
	return c
}

// addLimited books a span to what held the next Task back in it.
func (c *tally) addLimited(limit Limit, host string, span time.Duration) {
	c.LimitedFor[limit] += span
	key := hostLimit{limit, host}
	if _, known := c.limitedByHost[key]; host != "" && (known || len(c.limitedByHost) < MaxHosts) {
		c.limitedByHost[key] += span
	}
}

// countExchange counts what every exchange counts for.
func (c *tally) countExchange(t *task) {
	if !t.counts.exchanged {
		return
	}
	c.Exchanges++
	c.latency.add(t.counts.took)
	if t.counts.again {
		c.Retries++
	}
}

// countFinal counts a Task that has ended.
func (c *tally) countFinal(t *task) {
	if t.counts.status > 0 {
		c.ByStatus[t.counts.status]++
	}
	failure := t.failure()
	if failure == nil {
		c.Succeeded++
		c.Bytes += t.counts.bytes
		c.WireBytes += t.counts.wireBytes
		if t.counts.cache != "" {
			c.ByCache[t.counts.cache]++
		}
		if t.counts.unchanged {
			c.Unchanged++
		}
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

func (c *tally) finished() int64 { return c.Succeeded + c.Failed }

// tooManyFailures reports whether more requests have failed than the options allow.
func (c *tally) tooManyFailures(o *Options) bool {
	if o.MaxFailures >= 0 && c.Failed > o.MaxFailures {
		return true
	}
	return o.MaxFailurePercent > 0 && c.finished() >= 100 && float64(c.Failed)*100 > o.MaxFailurePercent*float64(c.finished())
}

// summary closes the counts.
func (c *tally) summary(elapsed time.Duration) Summary {
	s := c.Summary
	s.Elapsed = elapsed
	s.Total = s.Succeeded + s.Failed + s.Skipped + s.NotStarted
	s.Complete = s.Stopped == StopNone
	s.Latency = Latency{
		Count: c.latency.count,
		P50:   c.latency.quantile(0.50),
		P90:   c.latency.quantile(0.90),
		P99:   c.latency.quantile(0.99),
		Max:   c.latency.max,
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
