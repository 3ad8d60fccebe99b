package judge

import (
	"time"

	"batchfetch/fetch/failure"
)

// A judgement is one call of Judge: what it is given, and what it has found in that.
type judgement struct {
	policy *Policy
	trial  Trial
	answer Answer
	now    time.Time
	chance float64 // a random number in [0,1), for the jitter of waits

	told    announcement // of limits, by the header fields of the response
	refusal *refusal     // that the response is; nil is none
}

// retry returns the Verdict on an attempt that failed, and is worth another: a Retry, where the policy allows one.
func (j *judgement) retry(why *failure.Failure) Verdict {
	v := Verdict{Failure: why}
	if why.Kind == failure.Canceled || why.Kind == failure.BlockedAddress || j.trial.Attempts > j.policy.Retries {
		return v
	}
	if !j.policy.mayRepeat(&j.trial) {
		v.Failure = j.sentOnce(why)
		return v
	}
	if delay := j.backoff(j.trial.Attempts); !j.isOverTime(delay) {
		v.Fate, v.Delay = Retry, delay
	}
	return v
}

// sentOnce returns the failure of a request that is not repeated for its method, as one that names the option for it.
func (j *judgement) sentOnce(f *failure.Failure) *failure.Failure {
	if j.trial.Retry != nil || f.Option != "" && f.Option != failure.BrokenBody {
		return f
	}
	named := *f
	named.Option = failure.RetryUnsafe
	return &named
}

// backoff is Backoff between the delays of the policy.
func (j *judgement) backoff(attempt int) time.Duration {
	return Backoff(attempt, j.policy.RetryDelay, j.policy.RetryMaxDelay, j.chance)
}

// isOverTime reports whether RetryMaxTime is over after a further wait.
func (j *judgement) isOverTime(wait time.Duration) bool {
	return j.policy.RetryMaxTime > 0 && j.trial.Elapsed+wait > j.policy.RetryMaxTime
}
