package judge

import "time"

// A Policy is what the user has decided about responses and retries, for all hosts or for one. Goroutines share it, so
// it must not be changed once it is in use.
type Policy struct {
	// AcceptStatus is the set of final statuses that are a success.
	AcceptStatus Statuses
	// MaxRedirects is the most redirects followed for one request; 0 follows none, and a 3xx is then a response like
	// any other.
	MaxRedirects int
	// Retries is the most further attempts after a first that failed; 0 is none.
	Retries int
	// RetryOn is the set of outcomes that are worth another attempt.
	RetryOn RetryOn
	// RetryDelay is the upper bound of the first wait, doubled with each further one.
	RetryDelay time.Duration
	// RetryMaxDelay is the upper bound of each wait, and of a Retry-After that is obeyed; where that is computed from a
	// time it may be longer by WaitRounding.
	RetryMaxDelay time.Duration
	// RetryMaxTime is the most time for all attempts and waits of one request; 0 is no limit.
	RetryMaxTime time.Duration
	// RetryUnsafe allows to retry methods that are not idempotent.
	RetryUnsafe bool
	// ThrottleOn is the set of statuses that are a refusal beside 429, whatever the header fields say.
	ThrottleOn Statuses
	// Poll is the set of statuses that mean that the response is not ready yet. They win over AcceptStatus. Responses to
	// methods other than GET, HEAD, OPTIONS and TRACE count only with RetryUnsafe or Trial.Retry, and where they do not
	// name the place of the result.
	Poll Statuses
	// PollTime is how long one request may be not ready; 0 is not at all.
	PollTime time.Duration
	// Explain sets Verdict.Believed.
	Explain bool
	// Adaptive sets Verdict.Quotas from the header fields that announce one.
	Adaptive bool
}
