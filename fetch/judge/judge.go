package judge

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/fdlimit"
)

// A Policy is what the user has decided about answers and retries, for all hosts or for one. It is read only, and
// shared.
type Policy struct {
	// AcceptStatus is the set of final statuses that are a success.
	AcceptStatus Statuses
	// MaxRedirects is the most redirects followed for one request; 0 follows none, and a 3xx is then an answer like
	// any other.
	MaxRedirects int
	// Retries is the most further attempts after a first that failed; 0 is none.
	Retries int
	// RetryOn is the set of outcomes that are worth another attempt.
	RetryOn RetryOn
	// RetryDelay is the upper bound of the first wait, doubled with each further one.
	RetryDelay time.Duration
	// RetryMaxDelay bounds each wait, and the Retry-After that is obeyed.
	RetryMaxDelay time.Duration
	// RetryMaxTime bounds the attempts and waits of one request together; 0 is no limit.
	RetryMaxTime time.Duration
	// RetryUnsafe allows to retry methods that are not idempotent.
	RetryUnsafe bool
	// Adaptive has the quota read that an answer announces.
	Adaptive bool
}

// An Answer is the outcome of one exchange, as far as judging it needs: a response, or why there was none.
type Answer struct {
	// Status is that of the response; 0 means that none came.
	Status int
	// Header is that of the response, or of the stored one that it confirmed.
	Header http.Header
	// ServerHeader is what the server sent, where Header is that of a stored response; nil means that Header is what it
	// sent.
	ServerHeader http.Header
	// Failure is what went wrong before the response was whole; nil is nothing.
	Failure *failure.Failure
	// Partial is what came of a request for the missing part of a body.
	Partial Partial
	// Responded says that at least one byte of a response came.
	Responded bool
	// NotProcessed says that the server has certainly done nothing (RFC 9113 section 8.7).
	NotProcessed bool
	// Unusable is why the stored response that the server confirmed can't be used; nil means that it was, or that none
	// was confirmed.
	Unusable *failure.Failure
	// Proxy names the proxy that forwarded the request; nil is none. It must not hold a nil pointer.
	Proxy fmt.Stringer
}

// Partial is what came of a request for the missing part of a body (RFC 9110 section 14).
type Partial uint8

// The outcomes of a range request.
const (
	PartialNone      Partial = iota // no part was asked for, or the response is the whole
	PartialContinues                // the response has the missing part
	PartialUnusable                 // the response can't be appended to what is there
)

// A Trial is what judging needs to know about a Task.
type Trial struct {
	// Method is that of the exchange that is judged.
	Method string
	// Retry is what the request itself says about retries: always, never, or nil for nothing.
	Retry *bool
	// Attempts counts those made, this one included; 1 is the first.
	Attempts int
	// Hops counts the redirects followed so far.
	Hops int
	// FileShortages counts the exchanges in a row, before this one, whose body's file could not be opened
	// because too many were open.
	FileShortages int
	// Elapsed is the time since the first exchange began.
	Elapsed time.Duration
}

// Judge says what an exchange means for its Task and its host. It is a pure function: now and chance, in [0,1), are
// arguments.
func Judge(p *Policy, t Trial, a Answer, now time.Time, chance float64) Verdict {
	v := judgeTask(p, t, a, now, chance)
	v.Health = healthOf(p, &a)
	if p.Adaptive && a.Status != 0 {
		v.Quota = quotaOf(a.sentHeader(), now)
	}
	return v
}

// judgeTask is judge without what concerns the host alone.
func judgeTask(p *Policy, t Trial, a Answer, now time.Time, chance float64) Verdict {
	if why := a.restartFailure(); why != nil {
		return Verdict{Fate: Restart, Failure: why}
	}
	if a.IsOutOfFiles() && t.FileShortages < maxFileShortages && p.mayRepeat(t) {
		delay := Backoff(t.FileShortages+1, firstFileWait, longestFileWait, chance)
		return Verdict{Fate: Restart, Delay: delay, Failure: a.Failure}
	}
	if a.Failure != nil {
		if a.NotProcessed && t.Retry == nil { // may be sent again, whatever the method
			t.Retry = &a.NotProcessed
		}
		return p.retryIfWorth(t, Verdict{Failure: a.Failure}, p.isWorthRetry(a.Failure), chance)
	}
	if IsRedirect(a.Status) && p.MaxRedirects > 0 && a.Header.Get("Location") != "" {
		if t.Hops >= p.MaxRedirects {
			return Verdict{Failure: failure.New(failure.TooManyRedirects, "more than max-redirs %d redirects", p.MaxRedirects)}
		}
		return Verdict{Fate: Hop}
	}
	if a.Partial == PartialContinues || p.AcceptStatus.Has(a.Status) {
		return Verdict{}
	}
	v := Verdict{Failure: failureOfStatus(a.Status)}
	if a.Status == http.StatusProxyAuthRequired && a.Proxy != nil {
		v.Failure.Err = fmt.Errorf("proxy %s: %w", a.Proxy, v.Failure.Err)
	}
	if wait, asked := parseRetryAfter(a.sentHeader(), now); asked {
		v.Failure.RetryAfter = wait
		if concernsHost(a.Status) {
			if wait > p.RetryMaxDelay {
				return p.refuseWait(a.Status, wait)
			}
			v.Pause = wait
		}
	}
	return p.retryIfWorth(t, v, p.RetryOn.Statuses.Has(a.Status), chance)
}

// sentHeader is the header that the server sent in this exchange.
func (a *Answer) sentHeader() http.Header {
	if a.ServerHeader != nil {
		return a.ServerHeader
	}
	return a.Header
}

// restartFailure says why the whole body has to be asked for, where less was: a stored response that was confirmed can't
// be used, or the missing part of a body did not come, or makes it wrong. nil means that there is no need.
func (a *Answer) restartFailure() *failure.Failure {
	switch {
	case a.Unusable != nil:
		return a.Unusable
	case a.Partial == PartialUnusable:
		return failure.New(failure.Protocol, "%s is not the rest of the body that was asked for", failure.StatusText(a.Status))
	case a.Partial != PartialContinues || a.Failure == nil:
		return nil
	case a.Failure.Kind == failure.Checksum || a.Failure.Kind == failure.Protocol:
		return a.Failure
	}
	return nil
}

// IsOutOfFiles reports whether the body's file could not be opened because too many are open.
func (a *Answer) IsOutOfFiles() bool {
	return a.Failure != nil && a.Failure.Kind == failure.IO && fdlimit.IsExhausted(a.Failure)
}

// concernsHost names the statuses whose Retry-After is about the whole host, not one resource: 429 (RFC 6585 section 4)
// and 503 (RFC 9110 section 15.6.4).
func concernsHost(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}

// IsRedirect names the statuses that are followed (RFC 9110 section 15.4); 300, 304 and 305 are answers.
func IsRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// refuseWait is the Verdict on a Task whose host asked for a longer wait than RetryMaxDelay.
func (p *Policy) refuseWait(status int, wait time.Duration) Verdict {
	return Verdict{Refused: true, Failure: &failure.Failure{
		Kind: failure.RateLimited,
		Err: fmt.Errorf("%s: the host asks to wait %s, longer than retry-max-delay %s",
			failure.StatusText(status), wait, p.RetryMaxDelay),
		RetryAfter: wait,
	}}
}

// retryIfWorth makes a Retry of a failed Verdict that is worth one, where one is allowed.
func (p *Policy) retryIfWorth(t Trial, v Verdict, worth bool, chance float64) Verdict {
	never := v.Failure.Kind == failure.Canceled || v.Failure.Kind == failure.BlockedAddress
	if !worth || never || t.Attempts > p.Retries || !p.mayRepeat(t) {
		return v
	}
	delay := Backoff(t.Attempts, p.RetryDelay, p.RetryMaxDelay, chance)
	delay = max(delay, min(v.Failure.RetryAfter, p.RetryMaxDelay))
	if p.RetryMaxTime > 0 && t.Elapsed+delay > p.RetryMaxTime {
		return v
	}
	v.Fate, v.Delay = Retry, delay
	return v
}

// mayRepeat reports whether a request may be sent twice: by its own word, else the policy's, else its method.
func (p *Policy) mayRepeat(t Trial) bool {
	if t.Retry != nil {
		return *t.Retry
	}
	return p.RetryUnsafe || isIdempotent(t.Method)
}

// isWorthRetry reports whether a failure may pass. A proxy that refused a tunnel is judged by its status, as a server
// would be.
func (p *Policy) isWorthRetry(f *failure.Failure) bool {
	var refusal *failure.ProxyRefusal
	if errors.As(f, &refusal) {
		return p.RetryOn.Statuses.Has(refusal.Status)
	}
	return p.RetryOn.hasKind(f.Kind)
}

// isIdempotent names the methods that may be sent again where no answer came (RFC 9110 section 9.2.2).
func isIdempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// failureOfStatus is the Failure of a response whose status is not accepted.
func failureOfStatus(status int) *failure.Failure {
	kind := failure.BadStatus
	if status == http.StatusTooManyRequests {
		kind = failure.RateLimited
	}
	return failure.New(kind, "%s", failure.StatusText(status))
}
