package judge

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"batchfetch/fetch/failure"
)

// A refusal is a response by which a host refuses a request for a limit, whatever the page.
type refusal struct {
	hold askedWait // how long the host, or the bucket, asks to be left alone; field is empty where it is a quota's reset
	// doubtful is the reset that the Quotas tell in place of hold, as read: it may be in milliseconds, which is known to
	// who has seen more than one response. 0 is none.
	doubtful time.Duration
	// perhapsPage is Verdict.PerhapsPage.
	perhapsPage bool
}

// refusalOf returns the refusal that a response is, nil for none: a 429, a status of ThrottleOn, a 4xx whose reason
// phrase says so, and a 4xx or 5xx (or beyond) that has a Retry-After, or that says that its quota is spent. An
// accepted status is none, but for the 200 with which MediaWiki refuses a request because of its lag (maxlag). The
// response to CONNECT of a proxy that opens no tunnel counts as one of the host. In place of a response it is a stream
// that the server has reset because of its load: Node.js does so while more than 10 MB of other responses wait to be
// read.
//
// Retry-After has precedence over the reset of a quota (draft-ietf-httpapi-ratelimit-headers section 5), in told too.
func (p *Policy) refusalOf(t Trial, a *Answer, told *announcement, now time.Time) *refusal {
	if a.isOverload() {
		return new(refusal)
	}
	status, h := a.refusing()
	if status == 0 || a.Partial == PartialContinues || p.polls(t, status, h) {
		return nil
	}
	if status < 400 && !p.ThrottleOn.Has(status) {
		if !isLagging(h) {
			return nil
		}
	} else if p.AcceptStatus.Has(status) && !p.ThrottleOn.Has(status) {
		return nil
	}
	asked := parseRetryAfter(h, now)
	switch {
	case asked.field != "":
		told.capResets(&asked)
		perhapsPage := status >= 500 && status <= 599 && !told.spent && !p.ThrottleOn.Has(status) &&
			!isThrottlingError(h) && !asked.isLongerThan(p.RetryMaxDelay)
		return &refusal{hold: asked, perhapsPage: perhapsPage}
	case p.ThrottleOn.Has(status), status == http.StatusTooManyRequests, isThrottlingError(h), a.saysLimited():
	case told.spent && status >= 400 && !isAboutPage(status):
	default:
		return nil
	}
	if p.Adaptive && told.reset.unitless && told.reset.wait >= leastDoubtful {
		return &refusal{doubtful: told.reset.wait}
	}
	return &refusal{hold: told.reset}
}

// leastDoubtful is from where on a reset that was read as seconds may be in milliseconds: a shorter one is over soon.
const leastDoubtful = 4 * time.Second

// AcceptsBody reports whether the body of a response is that of a success, by status and header: an accepted status,
// but for a response that is not ready or is a refusal. Of the Trial only Method and Retry count.
func (p *Policy) AcceptsBody(t Trial, status int, h http.Header) bool {
	return p.AcceptStatus.Has(status) && !p.polls(t, status, h) && !p.ThrottleOn.Has(status) && !isLagging(h)
}

// isLagging reports a refusal of MediaWiki because of replication lag: status 200 with Retry-After and X-Database-Lag
// (mediawiki.org Manual:Maxlag parameter).
func isLagging(h http.Header) bool { return h["X-Database-Lag"] != nil && h["Retry-After"] != nil }

// isThrottlingError reports a refusal of an AWS service, whose status may be 400.
func isThrottlingError(h http.Header) bool {
	values := h["X-Amzn-Errortype"]
	return len(values) > 0 && (strings.Contains(values[0], "Throttl") || strings.Contains(values[0], "TooManyRequests"))
}

// saysLimited reports a refusal by a 4xx that is not registered, so that its reason phrase alone says what it means:
// 498 Rate Limited of OpenStack Swift, which is Invalid Token of others, and 420 Enhance Your Calm.
func (a *Answer) saysLimited() bool {
	if a.Status < 400 || a.Status > 499 || http.StatusText(a.Status) != "" {
		return false
	}
	reason := strings.ToLower(a.Reason)
	for _, words := range [...]string{"rate limit", "too many requests", "enhance your calm"} {
		if strings.Contains(reason, words) {
			return true
		}
	}
	return false
}

// isAboutPage reports whether a status says by its definition what is wrong with the page or the request, so that a
// quota that is spent is not the reason: the request was the last one that the quota had room for.
func isAboutPage(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotAcceptable,
		http.StatusProxyAuthRequired, http.StatusGone, http.StatusLengthRequired, http.StatusPreconditionFailed,
		http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusUnsupportedMediaType,
		http.StatusRequestedRangeNotSatisfiable, http.StatusExpectationFailed, http.StatusUnprocessableEntity,
		http.StatusUnavailableForLegalReasons:
		return true
	}
	return false
}

// capResets lowers the resets of quotas that are spent to a Retry-After, which has precedence.
func (a *announcement) capResets(asked *askedWait) {
	for i := range a.quotas {
		if q := &a.quotas[i]; q.Remaining == 0 && q.Reset > max(asked.wait, leastReset) {
			q.Reset, q.Rounded, q.Unitless = max(asked.wait, leastReset), true, false
		}
	}
}

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
func (p *Policy) judgeRefusal(t Trial, a *Answer, r *refusal, chance float64) Verdict {
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
		v.Failure = sentOnce(t, v.Failure)
		return v
	}
	delay := p.delayOfRefusal(t, a, r, chance)
	if p.RetryMaxTime > 0 && t.Elapsed+delay+r.doubtful > p.RetryMaxTime {
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
func (p *Policy) delayOfRefusal(t Trial, a *Answer, r *refusal, chance float64) time.Duration {
	asked := r.hold.wait
	switch {
	case r.doubtful != 0:
		return asked
	case asked == 0 && a.isOverProxy():
		return Backoff(t.Refusals+1, p.RetryDelay, p.RetryMaxDelay, chance)
	case asked == 0:
		return Backoff(min(t.Refusals+1, p.longestStreak()), p.RetryDelay, p.RetryMaxDelay, chance)
	case a.isOverProxy() && t.Refusals > 0:
		return asked + Backoff(t.Refusals, p.RetryDelay, p.RetryMaxDelay, chance)
	case t.Refusals >= unusualRefusals:
		return asked + Backoff(t.Refusals-unusualRefusals+1, p.RetryDelay, p.RetryMaxDelay, chance)
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
func (p *Policy) judgePageTrouble(t Trial, a *Answer, r *refusal, chance float64) Verdict {
	status, _ := a.refusing()
	v := p.retryIfWorth(t, Verdict{Failure: a.failureOfRefusal(status)}, p.RetryOn.Statuses.Has(status), chance)
	v.Failure.RetryAfter = r.hold.wait
	if v.Fate == Retry {
		v.Delay = max(v.Delay, r.hold.wait)
	}
	if p.RetryMaxTime > 0 && t.Elapsed+v.Delay > p.RetryMaxTime {
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

// explain returns the header fields that were believed with their values, as one text.
func (a *announcement) explain(h http.Header, r *refusal) string {
	fields := a.fields
	if r != nil && r.hold.field != "" {
		fields = slices.Concat([]string{r.hold.field}, fields)
	}
	var text strings.Builder
	for _, name := range fields {
		if text.Len() > 0 {
			text.WriteString(", ")
		}
		text.WriteString(strings.ToLower(name) + ": " + boundText(joinValues(h[name])))
	}
	return text.String()
}
