package judge

import "time"

// A Quota is how many more requests a host announces to answer in a time window, by one policy.
type Quota struct {
	// Policy is the name of the policy in a RateLimit field, or the header field of another that the quota is from;
	// empty is a policy without a name.
	Policy string
	// Remaining is the number of requests left until Reset has passed; at least 0.
	Remaining int64
	// Reset is the time until there are more; at least a second where Remaining is 0; 0 is not known.
	Reset time.Duration
	// Rounded says that Reset is computed from a time, or assumed, and may be too long by WaitRounding.
	Rounded bool
	// Unitless says that Reset was read from a number without a unit, which was taken for seconds.
	Unitless bool
	// Limit is the number of requests in a whole window; 0 is not known.
	Limit int64
	// Interval is the length of a whole window; 0 is not known. Where only Limit and Interval are told (Crossref),
	// Remaining is Limit and Reset 0 in every response, and who keeps to it has to count.
	Interval time.Duration
	// RateOnly says that nothing was told of what is left: Remaining is the Limit.
	RateOnly bool
	// Concurrent says that Limit and Remaining count exchanges under way at once, not requests in a window.
	Concurrent bool
}
