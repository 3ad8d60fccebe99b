package judge

import (
	"fmt"
	"net/http"
	"time"

	"batchfetch/fetch/failure"
)

// This file is what follows from a refusal, for its Task.

// maxRefusals is how many refusals in a row one request takes until it fails: one page that its host always refuses
// must not hold the host for ever. Without Policy.Adaptive, where nothing else ends a host that refuses all, it is
// maxRefusalsAlone.
const (
	maxRefusals      = 20
	maxRefusalsAlone = 10
)

// judgeRefusal is judgeTask for a refusal. The Task is retried after it, whatever Retries and RetryOn say, but for an
// empty RetryOn: the refusal says nothing about the page. It fails where the host asks for a longer wait than
// RetryMaxDelay, after maxRefusals, and where RetryMaxTime would be over. A request that was refused by 429 was not
// processed, so any method may be repeated, unless its line says no.
func (j *judgement) judgeRefusal() Verdict {
	p, t, a, r := j.policy, &j.trial, &j.answer, j.refusal
	status, _ := a.refusing()
	v := Verdict{Failure: a.failureOfRefusal(status)}
	v.Failure.RetryAfter = r.hold.wait
	if r.hold.isLongerThan(p.RetryMaxDelay) {
		v.Failure = p.tooLongFailure(v.Failure, r.hold.wait)
		return v
	}
	if t.Refusals >= maxRefusals-1 || !p.Adaptive && t.Refusals >= maxRefusalsAlone-1 {
		v.Failure.Err = fmt.Errorf("%w: refused %d times in a row", v.Failure.Err, t.Refusals+1)
		return v
	}
	forbidden := t.Retry != nil && !*t.Retry
	processed := status != http.StatusTooManyRequests && !a.NotProcessed
	if forbidden || p.RetryOn.isEmpty() {
		return v
	}
	if processed && !p.mayRepeat(t) {
		v.Failure = j.sentOnce(v.Failure)
		return v
	}
	delay := j.delayOfRefusal()
	if j.isOverTime(delay + r.doubtful) {
		return v
	}
	v.Fate, v.Delay = Retry, delay
	v.Unconditional = a.Conditional && t.Refusals > 0 // the conditions may be why it is refused each time
	return v
}

// delayOfRefusal is how long a refused Task waits: as the host asks, or with backoff. Over a proxy the limit may be
// that of the proxy, for all hosts together, of which the plan knows nothing: the wait grows with each refusal in a
// row, so that hosts which were refused at one time don't come back at one time. So it does, later, without a proxy: a
// gateway may count what one client requests of all hosts behind it.
func (j *judgement) delayOfRefusal() time.Duration {
	asked, inARow, overProxy := j.refusal.hold.wait, j.trial.Refusals, j.answer.isOverProxy()
	switch {
	case j.refusal.doubtful != 0:
		return asked
	case asked == 0 && overProxy:
		return j.backoff(inARow + 1)
	case asked == 0:
		return j.backoff(min(inARow+1, j.policy.longestStreak()))
	case overProxy && inARow > 0:
		return asked + j.backoff(inARow)
	case inARow >= unusualRefusals:
		return asked + j.backoff(inARow-unusualRefusals+1)
	}
	return asked
}

// unusualRefusals is how many refusals in a row one request seldom meets where its host has a limit of its own, to
// which the plan adapts.
const unusualRefusals = 4

// failureOfRefusal is the Failure of a refusal with a status, which is not shared with other exchanges.
func (a *Answer) failureOfRefusal(status int) *failure.Failure {
	f := a.failureOfStatus()
	if a.Failure != nil {
		f = a.Failure.Reworded(a.Failure.Err)
	}
	if a.isOverload() || status >= 500 && status <= 599 {
		return f
	}
	f.Kind, f.Option = failure.RateLimited, ""
	return f
}

// judgePageTrouble is judgeTask for a 5xx whose Retry-After is for its page alone: a failed attempt, and the wait is
// that of the Task.
func (j *judgement) judgePageTrouble() Verdict {
	status, _ := j.answer.refusing()
	v := Verdict{Failure: j.answer.failureOfRefusal(status)}
	if j.policy.RetryOn.Statuses.Has(status) {
		v = j.retry(v.Failure)
	}
	v.Failure.RetryAfter = j.refusal.hold.wait
	if v.Fate == Retry {
		v.Delay = max(v.Delay, j.refusal.hold.wait)
	}
	if j.isOverTime(v.Delay) {
		v.Fate, v.Delay = Final, 0
	}
	return v
}

// longestStreak is how many refusals in a row make the next wait of a request longer. Where the plan adapts the rate of
// the host, the request itself need not wait ever longer.
func (p *Policy) longestStreak() int {
	if p.Adaptive {
		return 4
	}
	return maxRefusalsAlone
}

// tooLongFailure is the Failure of a Task whose host, or the proxy to it, asked by the response that refusal is about
// for a longer wait than RetryMaxDelay.
func (p *Policy) tooLongFailure(refusal *failure.Failure, wait time.Duration) *failure.Failure {
	return &failure.Failure{
		Kind: failure.RateLimited,
		Err: fmt.Errorf("%w: the host announces a wait of %s, longer than retry-max-delay %s; "+
			"--retry-max-delay %[2]s would wait", refusal.Err, roundUp(wait), p.RetryMaxDelay),
		RetryAfter: wait,
	}
}

// roundUp returns a wait in whole seconds.
func roundUp(wait time.Duration) time.Duration {
	return (wait + time.Second - 1).Truncate(time.Second)
}
