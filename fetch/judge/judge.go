package judge

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/fdlimit"
)

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

// An Answer is the outcome of one exchange, as far as judging it needs: a response, or why there was none.
type Answer struct {
	// Status is that of the response; 0 means that none came.
	Status int
	// Header is that of the response, or of the stored one that it confirmed.
	Header http.Header
	// ServerHeader is what the server sent, where Header is that of a stored response; nil means that Header is what it
	// sent.
	ServerHeader http.Header
	// Failure is why no response came, or why it broke off or can't be used; nil means that it is whole.
	Failure *failure.Failure
	// NoRoom says that the Failure is that of a temporary file for which there was no room.
	NoRoom bool
	// Partial is what came of a request for the missing part of a body.
	Partial Partial
	// Conditional says that the request had header fields that a plain one has not and the user did not ask for: the
	// conditions by which a stored response is validated (RFC 9110 section 13.1), the range of the missing part of a body
	// (section 14.2), or an Accept-Encoding by which a body can be continued.
	Conditional bool
	// BodyGone says that the response to such a request has no body, or is a redirect, although the body that is stored,
	// or the start of one, is not empty; or that a response that continues it was cut off before its first byte.
	BodyGone bool
	// Responded says that at least one byte of a response came.
	Responded bool
	// NotProcessed says that the server has not processed the request, so that any method may be sent again (RFC 9110
	// section 9.2.2): it was not sent, or the server said so (RFC 9113 section 8.7).
	NotProcessed bool
	// Shared says that the connection may have carried other exchanges meanwhile: HTTP/2, HTTP/3.
	Shared bool
	// Unusable is why a stored response can't be used although the server confirmed it (304); nil means that it was
	// used, or that none was confirmed.
	Unusable *failure.Failure
	// Challenged says that the server wants the credentials of the request proved in another way, by which the next
	// exchange proves them: a 401 with a challenge (RFC 7616), or a signature refused for its time. That is no attempt,
	// and no refusal for a limit.
	Challenged bool
	// Damaged says that the Failure is that a body which came whole is not what the response said of it: it was damaged on
	// its way, and comes right with the next attempt, or was never right.
	Damaged bool
	// WantsTLS says that a 400 to a request without TLS is because the port speaks TLS.
	WantsTLS bool
	// Proxy names the proxy that forwarded the request; nil means that none did. It must not hold a nil pointer.
	Proxy fmt.Stringer
}

// Partial is the outcome of a request for the missing part of a body, a range request (RFC 9110 section 14).
type Partial uint8

// The outcomes of a range request.
const (
	PartialNone      Partial = iota // no range was requested, or the response is the whole body
	PartialContinues                // the response has the missing part
	PartialUnusable                 // the response can't be appended to the part that is stored
)

// A Trial is what Judge needs to know about a Task.
type Trial struct {
	// Method is that of the exchange that is judged.
	Method string
	// Retry says whether the request may be retried, by its input line; nil means that the line does not say.
	Retry *bool
	// Attempts is the number of attempts made, including this one; 1 is the first.
	Attempts int
	// Hops is the number of redirects followed so far.
	Hops int
	// Refusals is the number of refusals in a row before this exchange (Verdict.Refusal).
	Refusals int
	// Damages is the number of attempts before this one after which Answer.Damaged was a reason for another.
	Damages int
	// Polls is the number of responses before this one that were not ready (Verdict.NotReady), PollElapsed the time since
	// the first of them.
	Polls       int
	PollElapsed time.Duration
	// FileShortages is the number of file shortages in a row before this exchange; see Answer.IsOutOfFiles, NoRoom and
	// IsShort.
	FileShortages int
	// Elapsed is the time since the first exchange began.
	Elapsed time.Duration
}

// Judge returns what an exchange means for its Task and its host. It is a pure function: now and chance, a random
// number in [0,1), are arguments.
func Judge(p *Policy, t Trial, a Answer, now time.Time, chance float64) Verdict {
	var told announcement
	if a.Status != 0 && (p.Adaptive || a.Status >= 400 || p.Explain) {
		told = readLimits(a.sentHeader(), now)
	}
	r := p.refusalOf(t, &a, &told, now)
	v := p.judgeTask(t, &a, r, now, chance)
	v.Bucket = told.bucket
	v.Shortage = a.IsShort()
	v.Stalled = a.Shared && a.Failure != nil && a.Failure.Kind == failure.Stalled
	switch {
	case a.Challenged:
		v.Health = Unknown
	case r != nil && v.Fate != Restart:
		v.Refusal, v.Health, v.Hold = true, Refused, r.hold.wait
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
		v.Believed = told.explain(a.sentHeader(), r)
	}
	return v
}

// judgeTask returns the part of a Verdict that concerns the Task alone. A nil refusal is none.
func (p *Policy) judgeTask(t Trial, a *Answer, r *refusal, now time.Time, chance float64) Verdict {
	if a.Challenged {
		return Verdict{Fate: Restart, Failure: a.failureOfStatus()}
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
	if a.Failure != nil {
		if a.NotProcessed && t.Retry == nil { // then any method may be sent again
			t.Retry = &a.NotProcessed
		}
		again := a.Damaged && t.Damages == 0 && !p.RetryOn.isEmpty() // once
		return p.retryIfWorth(t, Verdict{Failure: a.Failure}, again || p.isWorthRetry(a.Failure), chance)
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

// isFollowed reports whether a response is a redirect that is followed.
func (p *Policy) isFollowed(a *Answer) bool {
	return IsRedirect(a.Status) && p.MaxRedirects > 0 && a.Header.Get("Location") != ""
}

// judgeRedirect follows a redirect, after its Retry-After where it has one (RFC 9110 section 10.2.3).
func (p *Policy) judgeRedirect(t Trial, a *Answer, now time.Time) Verdict {
	if t.Hops >= p.MaxRedirects {
		return Verdict{Failure: failure.New(failure.TooManyRedirects,
			"more than max-redirs %d redirects", p.MaxRedirects)}
	}
	asked := parseRetryAfter(a.sentHeader(), now)
	if asked.isLongerThan(p.RetryMaxDelay) {
		return Verdict{Failure: p.tooLongFailure(a.Status, asked.wait)}
	}
	return Verdict{Fate: Hop, Delay: asked.wait}
}

// sentHeader is the header that the server sent in this exchange.
func (a *Answer) sentHeader() http.Header {
	if a.ServerHeader != nil {
		return a.ServerHeader
	}
	return a.Header
}

// IsShort reports that this machine lacked something for a connection, such as a local port: the request was not sent.
func (a *Answer) IsShort() bool {
	return a.Failure != nil && a.NotProcessed &&
		(a.Failure.Kind == failure.Connect || a.Failure.Kind == failure.Timeout) && fdlimit.IsShortage(a.Failure)
}

// IsOutOfFiles reports a file shortage: the body's file could not be opened because too many files are open.
func (a *Answer) IsOutOfFiles() bool {
	return a.Failure != nil && a.Failure.Kind == failure.IO && fdlimit.IsExhausted(a.Failure)
}

// IsRedirect reports whether a status is one of the redirects that are followed: 301, 302, 303, 307 and 308 (RFC 9110
// section 15.4). 300, 304 and 305 are not.
func IsRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// retryIfWorth turns a Verdict with a Failure into a Retry, where the failure is worth one and the policy allows one.
func (p *Policy) retryIfWorth(t Trial, v Verdict, worth bool, chance float64) Verdict {
	never := v.Failure.Kind == failure.Canceled || v.Failure.Kind == failure.BlockedAddress
	if !worth || never || t.Attempts > p.Retries || !p.mayRepeat(t) {
		return v
	}
	delay := Backoff(t.Attempts, p.RetryDelay, p.RetryMaxDelay, chance)
	if p.RetryMaxTime > 0 && t.Elapsed+delay > p.RetryMaxTime {
		return v
	}
	v.Fate, v.Delay = Retry, delay
	return v
}

// mayRepeat reports whether a request may be sent twice: by Trial.Retry, else by the policy, else by its method.
func (p *Policy) mayRepeat(t Trial) bool {
	if t.Retry != nil {
		return *t.Retry
	}
	return p.RetryUnsafe || isIdempotent(t.Method)
}

// isWorthRetry reports whether RetryOn has a failure. For a proxy that refused a tunnel the status counts, as for a
// server, but for 404: no resource is asked for by CONNECT. Privoxy 3.0 says so where it could not look the name up,
// also where its resolver did not answer.
func (p *Policy) isWorthRetry(f *failure.Failure) bool {
	var refusal *failure.ProxyRefusal
	if errors.As(f, &refusal) {
		return p.RetryOn.Statuses.Has(refusal.Status) ||
			refusal.Status == http.StatusNotFound && p.RetryOn.hasKind(failure.DNS)
	}
	return p.RetryOn.hasKind(f.Kind) || f.RetryAs != "" && p.RetryOn.hasKind(f.RetryAs)
}

// isIdempotent reports whether a method may be sent again where no response came (RFC 9110 section 9.2.2).
func isIdempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// failureOfStatus is the Failure of a response whose status is not accepted.
func (a *Answer) failureOfStatus() *failure.Failure {
	kind := failure.BadStatus
	if a.Status == http.StatusTooManyRequests {
		kind = failure.RateLimited
	}
	f := failure.New(kind, "%s", failure.StatusText(a.Status))
	if a.WantsTLS {
		f.Err = fmt.Errorf("%w: it speaks TLS on this port, for which the URL is https://", f.Err)
		f.Option = failure.TLSScheme
	}
	if a.isProxyLogin() {
		f.Err = fmt.Errorf("proxy %s: %w", a.Proxy, &failure.ProxyRefusal{Status: a.Status})
		f.Option = "proxy"
	}
	return f
}

// isProxyLogin reports whether the response is that of the proxy, which wants a user and password or others: 407, or a
// 401 that no origin sent. A proxy leaves the Server of an origin as it is (RFC 9110 section 7.6.3).
func (a *Answer) isProxyLogin() bool {
	if a.Proxy == nil {
		return false
	}
	header := a.sentHeader()
	return a.Status == http.StatusProxyAuthRequired || a.Status == http.StatusUnauthorized &&
		(header.Get("Proxy-Authenticate") != "" || strings.HasPrefix(header.Get("Server"), "tinyproxy/"))
}
