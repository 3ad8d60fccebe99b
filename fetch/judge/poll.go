package judge

import (
	"fmt"
	"time"

	"batchfetch/fetch/failure"
)

// polls reports whether a status means that the response is not ready yet, and is asked for again. That of a request
// that may not be repeated is judged like any other.
func (p *Policy) polls(t Trial, status int) bool {
	return len(p.Poll) > 0 && p.Poll.Has(status) && p.mayRepeat(t)
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
		why.Err = fmt.Errorf("%w after %d answers, poll-time %s met", why.Err, t.Polls+1, p.PollTime)
	case p.RetryMaxTime > 0 && t.Elapsed+delay > p.RetryMaxTime:
		fate, delay = Final, 0
		why.Err = fmt.Errorf("%w after %d answers, retry-max-time %s met", why.Err, t.Polls+1, p.RetryMaxTime)
	}
	why.RetryAfter = asked.wait
	return Verdict{NotReady: true, Fate: fate, Delay: delay, Failure: why}
}
