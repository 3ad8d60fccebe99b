package judge

import (
	"net/http"
	"strings"
	"time"
)

// A refusal is a response by which a host refuses a request for a limit, whatever the page.
type refusal struct {
	// hold is how long the host, or the bucket, asks to be left alone; field is empty where it is a quota's reset, or
	// Answer.BodyWait.
	hold askedWait
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
// Both have precedence over what the body says.
func (p *Policy) refusalOf(t *Trial, a *Answer, told *announcement, now time.Time) *refusal {
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
	if a.Failure == nil && a.BodyWait > 0 && told.reset.wait == 0 {
		return &refusal{hold: askedWait{wait: a.BodyWait}}
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
	return p.AcceptStatus.Has(status) && !p.polls(&t, status, h) && !p.ThrottleOn.Has(status) && !isLagging(h)
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
