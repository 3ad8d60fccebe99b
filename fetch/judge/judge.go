package judge

import (
	"time"

	"batchfetch/fetch/failure"
)

// Judge returns what an exchange means for its Task and its host. It is a pure function: now and chance, a random
// number in [0,1), are arguments.
func Judge(p *Policy, t Trial, a Answer, now time.Time, chance float64) Verdict {
	var told announcement
	if a.Status != 0 && (p.Adaptive || a.Status >= 400 || p.Explain) {
		told = readLimits(a.sentHeader(), now)
	}
	r := p.refusalOf(t, &a, &told, now)
	v := p.judgeTask(t, &a, r, now, chance)
	v.PerhapsPage = r != nil && r.perhapsPage
	v.Bucket = told.bucket
	v.Shortage = a.IsShort()
	v.Stalled = a.Shared && a.Failure != nil && a.Failure.Kind == failure.Stalled
	v.LostKept = a.LostKept && a.Failure != nil && !a.Responded
	switch {
	case a.Challenged:
		v.Health = Unknown
	case r != nil && v.Fate != Restart && !(v.PerhapsPage && t.OfPage):
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
		v.Health = healthOf(p, &a)
	}
	if p.Adaptive {
		v.Quotas = told.quotas
	}
	if p.Explain {
		h := a.sentHeader()
		if r != nil {
			_, h = a.refusing()
		}
		v.Believed = told.explain(h, r)
	}
	return v
}

// judgeTask returns the part of a Verdict that concerns the Task alone. A nil refusal is none.
func (p *Policy) judgeTask(t Trial, a *Answer, r *refusal, now time.Time, chance float64) Verdict {
	if a.Challenged {
		return Verdict{Fate: Restart, Failure: a.failureOfStatus()}
	}
	if a.GoesOn {
		return Verdict{Fate: Restart, Failure: a.Failure}
	}
	if why := a.restartFailure(); why != nil {
		return Verdict{Fate: Restart, Unconditional: true, Failure: why}
	}
	if a.IsShort() && t.FileShortages < maxDialShortages {
		return Verdict{Fate: Restart, Delay: Backoff(t.FileShortages+1, firstFileWait, longestFileWait, chance),
			Failure: a.Failure}
	}
	if (a.IsOutOfFiles() || a.NoRoom) && t.FileShortages < maxFileShortages && p.mayRepeat(t) {
		delay := Backoff(t.FileShortages+1, firstFileWait, longestFileWait, chance)
		return Verdict{Fate: Restart, Delay: delay, Failure: a.Failure}
	}
	if why := p.conditionalFailure(t, a, r); why != nil {
		return Verdict{Fate: Restart, Unconditional: true, Failure: why}
	}
	if a.Failure != nil && r == nil {
		if a.NotProcessed && t.Retry == nil { // then any method may be sent again
			t.Retry = &a.NotProcessed
		}
		again := a.Damaged && t.Damages == 0 && !p.RetryOn.isEmpty() // once
		return p.retryIfWorth(t, Verdict{Failure: a.Failure}, again || p.isWorthRetry(a.Failure), chance)
	}
	if r != nil && r.perhapsPage && t.OfPage {
		return p.judgePageTrouble(t, a, r, chance)
	}
	if r != nil {
		return p.judgeRefusal(t, a, r, chance)
	}
	if p.polls(t, a.Status, a.sentHeader()) {
		return p.judgePoll(t, a, now, chance)
	}
	if p.isFollowed(a) {
		return p.judgeRedirect(t, a, now)
	}
	if a.Partial == PartialContinues || p.AcceptStatus.Has(a.Status) {
		return Verdict{}
	}
	return p.retryIfWorth(t, Verdict{Failure: a.failureOfStatus()}, p.RetryOn.Statuses.Has(a.Status), chance)
}

// judgeRedirect follows a redirect, after its Retry-After where it has one (RFC 9110 section 10.2.3).
func (p *Policy) judgeRedirect(t Trial, a *Answer, now time.Time) Verdict {
	if t.Hops >= p.MaxRedirects {
		return Verdict{Failure: failure.New(failure.TooManyRedirects,
			"more than max-redirs %d redirects", p.MaxRedirects)}
	}
	asked := parseRetryAfter(a.sentHeader(), now)
	if asked.isLongerThan(p.RetryMaxDelay) {
		return Verdict{Failure: p.tooLongFailure(a.failureOfStatus(), asked.wait)}
	}
	return Verdict{Fate: Hop, Delay: asked.wait}
}
