package plan

import "time"

// Limits are the limits of a run that the plan keeps to.
type Limits struct {
	// Concurrency is the most exchanges under way at once; at least 1.
	Concurrency int
	// Idle is the most idle connections that are kept; 0 is that none are.
	Idle int
	// Lookahead is the most Tasks in memory; at least 1.
	Lookahead int
	// Rate is the most starts a second in the whole run; 0 is no limit.
	Rate float64
	// SpillBytes is the most memory in bytes for Tasks that are spilled; 0 spills none.
	SpillBytes int64
	// Adaptive limits the rate or the width of a host that refuses requests or answers most of them with 503, and keeps
	// to the quotas that it tells.
	Adaptive bool
	// HostMaxErrors is how many exchanges in a row may bring no response from a host until only probes are sent to it;
	// 0 is any number.
	HostMaxErrors int
	// RetryDelay is the first pause of a host that refuses without a Retry-After, and of one that sends no response.
	RetryDelay time.Duration
	// Shared has Rate and the limits of hosts kept to by several processes together: what they leave to this one comes by
	// Granted.
	Shared bool
	// Host returns the limits of one host. It is called once for each lane, and for each HostLimits.Within. It must not
	// be nil.
	Host func(host string) HostLimits
}

// HostLimits are the limits of one host.
type HostLimits struct {
	// Concurrency is the most exchanges at once; at least 1.
	Concurrency int
	// Rate is the most starts a second; 0 is no limit.
	Rate float64
	// RetryMaxDelay is the longest pause. Where the host asks for a longer one the Tasks of the bucket fail.
	RetryMaxDelay time.Duration
	// Within is the host that this one is a part of, which may be the host itself: its Concurrency and Rate bound
	// all its parts together. Empty is that none has parts.
	Within string
	// Share names the hosts that count their requests together: Rate, which is the same for each, and quotas and
	// refusals of any of them hold for all. Empty is none.
	Share string
}

// Hold names the limit that keeps a Task from starting.
type Hold uint8

// The limits that may keep a Task from starting.
const (
	HoldNone            Hold = iota // no limit: no Task waits, or one may start
	HoldConcurrency                 // Limits.Concurrency
	HoldOutput                      // the same, where uncommitted results outnumber exchanges
	HoldRate                        // Limits.Rate
	HoldHostConcurrency             // the most exchanges at once with its host
	HoldHostRate                    // the most starts a second on its host
	HoldPause                       // its host is paused, throttled or probed, or the Task backs off
	HoldQuota                       // the quota of its host, or of its bucket there, is used up
	holdKinds                       // how many there are
)
