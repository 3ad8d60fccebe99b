package judge

import (
	"fmt"
	"net/http"
	"time"

	"batchfetch/fetch/failure"
)

// Judge returns what an exchange means for its Task and its host. It is a pure function: now and chance, a random
// number in [0,1), are arguments.
func Judge(p *Policy, t Trial, a Answer, now time.Time, chance float64) Verdict {
	j := judgement{policy: p, trial: t, answer: a, now: now, chance: chance}
	if a.Status != 0 && (p.Adaptive || a.Status >= 400 || p.Explain) {
		j.told = readLimits(a.sentHeader(), now)
	}
	j.refusal = p.refusalOf(&j.trial, &j.answer, &j.told, now)
	v := j.judgeTask()
	j.judgeHost(&v)
	v.Shortage = a.IsShort()
	v.Stalled = a.Shared && a.Failure != nil && a.Failure.Kind == failure.Stalled
	v.LostKept = a.LostKept && a.Failure != nil && !a.Responded
	if p.Explain {
		v.Believed = j.explain()
	}
	return v
}

// judgeHost sets the part of a Verdict that concerns the host, once that of the Task is set.
func (j *judgement) judgeHost(v *Verdict) {
	p, a, r := j.policy, &j.answer, j.refusal
	v.Bucket = j.told.bucket
	if p.Adaptive {
		v.Quotas = j.told.quotas
	}
	v.PerhapsPage = r != nil && r.perhapsPage
	switch {
	case a.Challenged:
		v.Health = Unknown
	case r != nil && v.Fate != Restart && !(v.PerhapsPage && j.trial.OfPage):
		v.Refusal, v.Health, v.Hold = true, Refused, r.hold.wait
		if a.isOverProxy() && r.hold.wait > 0 {
			v.Hold = max(v.Hold, v.Delay)
		}
		v.TooLong = r.hold.isLongerThan(p.RetryMaxDelay)
	case v.NotReady:
		v.Health = Healthy
	case v.Unconditional && a.restartFailure() == nil: // the next exchange tells more of the host
		v.Health = Unknown
	default:
		v.Health = healthOf(p, a)
		v.Unavailable = v.Health == Overloaded && a.Status == http.StatusServiceUnavailable
	}
}

// explain returns Verdict.Believed.
func (j *judgement) explain() string {
	if j.refusal == nil {
		return j.told.explain(j.answer.sentHeader(), "")
	}
	_, h := j.answer.refusing()
	return j.told.explain(h, j.refusal.hold.field)
}

// judgeTask returns the part of a Verdict that concerns the Task alone, by the first of these cases that is so.
func (j *judgement) judgeTask() Verdict {
	p, a, r := j.policy, &j.answer, j.refusal
	switch {
	case a.Challenged:
		return Verdict{Fate: Restart, Failure: a.failureOfStatus()}
	case a.GoesOn:
		return Verdict{Fate: Restart, Failure: a.Failure}
	}
	if why := a.restartFailure(); why != nil {
		return Verdict{Fate: Restart, Unconditional: true, Failure: why}
	}
	if j.waitsForMachine() {
		delay := Backoff(j.trial.FileShortages+1, firstFileWait, longestFileWait, j.chance)
		return Verdict{Fate: Restart, Delay: delay, Failure: a.Failure}
	}
	if why := j.conditionalFailure(); why != nil {
		return Verdict{Fate: Restart, Unconditional: true, Failure: why}
	}
	switch {
	case r != nil && r.perhapsPage && j.trial.OfPage:
		return j.judgePageTrouble()
	case r != nil:
		return j.judgeRefusal()
	case a.Failure != nil:
		return j.judgeFailure()
	case p.polls(&j.trial, a.Status, a.sentHeader()):
		return j.judgePoll()
	case p.isFollowed(a):
		return j.judgeRedirect()
	case a.Partial == PartialContinues, p.AcceptStatus.Has(a.Status):
		return Verdict{}
	case p.RetryOn.Statuses.Has(a.Status):
		return j.retry(a.failureOfStatus())
	}
	return Verdict{Failure: a.failureOfStatus()}
}

// anyMethod is the Trial.Retry of a request that may be sent again whatever its method. It is not written to.
var anyMethod = true

// judgeFailure is judgeTask where no whole, usable response came.
func (j *judgement) judgeFailure() Verdict {
	p, a := j.policy, &j.answer
	if a.NotProcessed && j.trial.Retry == nil {
		j.trial.Retry = &anyMethod
	}
	again := a.Damaged && j.trial.Damages == 0 && !p.RetryOn.isEmpty() // once
	if again || p.isWorthRetry(a.Failure) {
		return j.retry(a.Failure)
	}
	return Verdict{Failure: a.Failure}
}

// judgePoll is judgeTask for a response that is not ready yet: it is asked for again after its Retry-After, or else
// after a delay that grows from RetryDelay to RetryMaxDelay, until PollTime is over. The last time is at its end,
// unless the host says that it takes longer.
func (j *judgement) judgePoll() Verdict {
	p, t, a := j.policy, &j.trial, &j.answer
	asked := parseRetryAfter(a.sentHeader(), j.now)
	delay, left := asked.wait, max(p.PollTime-t.PollElapsed, 0)
	if delay == 0 {
		full := Backoff(t.Polls+1, p.RetryDelay, p.RetryMaxDelay, 1)
		delay = min(full/2+time.Duration(j.chance*float64(full/2)), left)
	}
	fate, why := Retry, failure.New(failure.Timeout, "%s: not ready yet", failure.StatusText(a.Status))
	switch {
	case left == 0 || delay > left:
		fate, delay = Final, 0
		why.Option = "poll-time"
		why.Err = fmt.Errorf("%w after %d answers in %s (--poll-time)", why.Err, t.Polls+1, p.PollTime)
	case j.isOverTime(delay):
		fate, delay = Final, 0
		why.Option = "retry-max-time"
		why.Err = fmt.Errorf("%w after %d answers in %s (--retry-max-time)", why.Err, t.Polls+1, p.RetryMaxTime)
	}
	why.RetryAfter = asked.wait
	return Verdict{NotReady: true, Fate: fate, Delay: delay, Failure: why}
}

// judgeRedirect follows a redirect, after its Retry-After where it has one (RFC 9110 section 10.2.3).
func (j *judgement) judgeRedirect() Verdict {
	p, a := j.policy, &j.answer
	if j.trial.Hops >= p.MaxRedirects {
		return Verdict{Failure: failure.New(failure.TooManyRedirects,
			"more than max-redirs %d redirects", p.MaxRedirects)}
	}
	asked := parseRetryAfter(a.sentHeader(), j.now)
	if asked.isLongerThan(p.RetryMaxDelay) {
		return Verdict{Failure: p.tooLongFailure(a.failureOfStatus(), asked.wait)}
	}
	return Verdict{Fate: Hop, Delay: asked.wait}
}
