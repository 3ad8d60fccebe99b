package fetch

import (
	"time"
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
	// beyond Options.MaxPages. SinglePages counts the first pages among Succeeded that name no next one.
	Pages, MorePages, SinglePages int64
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

// MaxHosts is how many origins a Summary counts separately.
const MaxHosts = 1000

// Latency is the count, the percentiles and the maximum of the time that exchanges took; a percentile is at most 1/32
// too high.
type Latency struct {
	Count              int64
	P50, P90, P99, Max time.Duration
}

// Watched is how Options.Changed sees the changes of one host, where that is late, or costs whole bodies.
type Watched struct {
	// Unvalidated counts the successes that the server can't validate the next time (RFC 9111 section 4.3), or has not
	// although they are the same: each run transfers them whole.
	Unvalidated int64
	// Fresh counts those that are used again without asking the server, by their own header, for FreshFor at most: until
	// then no change is seen. They are those for an hour and more, and those that this run has used so.
	Fresh    int64
	FreshFor time.Duration
}
