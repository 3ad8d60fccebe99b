package judge

import (
	"fmt"
	"net/http"
	"time"

	"batchfetch/fetch/failure"
)

// polls reports whether a response means that it is not ready yet, and is asked for again. That to a request that asks
// for something to be done (a job) is judged like any other, as the request again would do it again: only where the
// policy or the request's line allows that, and the response does not name the place of its result, it is asked for.
func (p *Policy) polls(t Trial, status int, h http.Header) bool {
	switch {
	case len(p.Poll) == 0 || !p.Poll.Has(status) || !p.mayRepeat(t):
		return false
	case isSafe(t.Method):
		return true
	}
	return (p.RetryUnsafe || t.Retry != nil) && !namesResult(h)
}

// isSafe reports whether a method only asks for something (RFC 9110 section 9.2.1).
func isSafe(method string) bool {
	return isIdempotent(method) && method != http.MethodPut && method != http.MethodDelete
}

// namesResult reports whether a response names where the result of a request will be.
func namesResult(h http.Header) bool {
	for _, name := range [...]string{"Location", "Content-Location", "Operation-Location", "Azure-Asyncoperation"} {
		if len(h[name]) > 0 {
			return true
		}
	}
	return false
}

// judgePoll is judgeTask for a response that is not ready yet: it is asked for again after its Retry-After, or else
// after a delay that grows from RetryDelay to RetryMaxDelay, until PollTime is over. The last time is at its end,
// unless the host says that it takes longer.
func (p *Policy) judgePoll(t Trial, a *Answer, now time.Time, chance float64) Verdict {
	asked := parseRetryAfter(a.sentHeader(), now)
	delay, left := asked.wait, max(p.PollTime-t.PollElapsed, 0)
	if delay == 0 {
		full := Backoff(t.Polls+1, p.RetryDelay, p.RetryMaxDelay, 1)
		delay = min(full/2+time.Duration(chance*float64(full/2)), left)
	}
	fate, why := Retry, failure.New(failure.Timeout, "%s: not ready yet", failure.StatusText(a.Status))
	switch {
	case left == 0 || delay > left:
		fate, delay = Final, 0
		why.Option = "poll-time"
		why.Err = fmt.Errorf("%w after %d answers in %s (--poll-time)", why.Err, t.Polls+1, p.PollTime)
	case p.RetryMaxTime > 0 && t.Elapsed+delay > p.RetryMaxTime:
		fate, delay = Final, 0
		why.Option = "retry-max-time"
		why.Err = fmt.Errorf("%w after %d answers in %s (--retry-max-time)", why.Err, t.Polls+1, p.RetryMaxTime)
	}
	why.RetryAfter = asked.wait
	return Verdict{NotReady: true, Fate: fate, Delay: delay, Failure: why}
}
