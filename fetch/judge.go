package fetch

import (
	"fmt"
	"net/http"
	"time"
)

// Fate is what becomes of a Task after an exchange.
type Fate uint8

// Final ends the Task; Retry, Hop and Anew send it back into a Lane. Anew asks at once for the whole of a body
// whose rest could not be had, or once more where there was no room for it: it is no attempt of its own.
const (
	Final Fate = iota
	Retry
	Hop
	Anew
)

// A Verdict is what an exchange means.
type Verdict struct {
	Fate Fate
	// Delay is the wait before the next attempt of a Retry.
	Delay time.Duration
	// Pause stills the whole host, whatever becomes of the Task; 0 is none.
	Pause time.Duration
	// Refused says that the host asked for a longer wait than is obeyed.
	Refused bool
	// Health is what the exchange says of its host, and Quota what the answer announced, whatever becomes of the Task.
	Health Health
	Quota  Quota
	// Failure is why a Retry is needed or a Final failed; nil is a success.
	Failure *Failure
}

// An answer is what an exchange brought, as far as judging it needs.
type answer struct {
	status  int // 0: none came
	header  http.Header
	failure *Failure // what went wrong before the answer was whole
	rest    rest
	spoke   bool        // something of an answer came
	proxy   *proxy      // that was asked for it in whole; nil is none
	said    http.Header // what the server itself sent, where header is not that; nil is no such thing
	unkept  *Failure    // the answer is about one that is not in the cache any more
	undone  bool        // the server told that it has done nothing (RFC 9113 section 8.7)
}

// ofServer is the header that the server sent just now.
func (a *answer) ofServer() http.Header {
	if a.said != nil {
		return a.said
	}
	return a.header
}

// A trial is what judging needs to know of the Task.
type trial struct {
	method    string
	retry     *bool // the request's own word on retries
	attempts  int   // made so far, this one included
	hops      int   // redirects followed so far
	shortages int   // exchanges in a row, before this one, whose body's file could not be opened for want of descriptors
	since     time.Duration
}

// judge says what an exchange means. It is pure: now and chance, in [0,1), are arguments.
func judge(o *Options, t trial, a answer, now time.Time, chance float64) Verdict {
	v := judgeTask(o, t, a, now, chance)
	v.Health = healthOf(o, &a)
	if o.Adaptive && a.status != 0 {
		v.Quota = quotaOf(a.ofServer(), now)
	}
	return v
}

// judgeTask says what it means for the Task.
func judgeTask(o *Options, t trial, a answer, now time.Time, chance float64) Verdict {
	if why := a.useless(); why != nil {
		return Verdict{Fate: Anew, Failure: why}
	}
	if a.short() && t.shortages < mostShortages && repeatable(o, t) {
		return Verdict{Fate: Anew, Delay: backoff(t.shortages+1, firstShortage, longestShortage, chance), Failure: a.failure}
	}
	if a.failure != nil {
		if a.undone && t.retry == nil { // whatever the method
			t.retry = &a.undone
		}
		return again(o, t, Verdict{Failure: a.failure}, o.worthAgain(a.failure), now, chance)
	}
	if isRedirect(a.status) && o.MaxRedirects > 0 && a.header.Get("Location") != "" {
		if t.hops >= o.MaxRedirects {
			return Verdict{Failure: failf(TooManyRedirects, "more than max-redirs %d redirects", o.MaxRedirects)}
		}
		return Verdict{Fate: Hop}
	}
	if a.rest == restTaken || o.AcceptStatus.Has(a.status) {
		return Verdict{}
	}
	v := Verdict{Failure: failedStatus(a.status)}
	if a.status == http.StatusProxyAuthRequired && a.proxy != nil {
		v.Failure.Err = fmt.Errorf("proxy %s: %w", a.proxy, v.Failure.Err)
	}
	if wait, asked := retryAfter(a.ofServer(), now); asked {
		v.Failure.RetryAfter = wait
		if stillsHost(a.status) {
			if wait > o.RetryMaxDelay {
				return refuse(o, a.status, wait)
			}
			v.Pause = wait
		}
	}
	return again(o, t, v, o.RetryOn.Statuses.Has(a.status), now, chance)
}

// useless says why a body was not continued, though it was to be: the answer is no rest of it, or one that makes it wrong.
// nil is no reason to ask for the whole.
func (a answer) useless() *Failure {
	switch {
	case a.unkept != nil:
		return a.unkept
	case a.rest == restUseless:
		return failf(Protocol, "%s is not the rest of the body that was asked for", statusText(a.status))
	case a.rest == restTaken && a.failure != nil && (a.failure.Kind == Checksum || a.failure.Kind == Protocol):
		return a.failure
	}
	return nil
}

// short reports whether a body had nowhere to go, because too many files were open.
func (a answer) short() bool { return a.failure != nil && a.failure.Kind == IO && isShort(a.failure) }

// stillsHost says which answers speak for the whole host (RFC 6585 section 4, RFC 9110 section 15.6.4).
func stillsHost(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}

// refuse ends a Task whose host asked for a longer wait than --retry-max-delay.
func refuse(o *Options, status int, wait time.Duration) Verdict {
	return Verdict{Refused: true, Failure: &Failure{
		Kind:       RateLimited,
		Err:        fmt.Errorf("%s: the host asks to wait %s, longer than retry-max-delay %s", statusText(status), wait, o.RetryMaxDelay),
		RetryAfter: wait,
	}}
}

// again turns a failed Verdict into a Retry where one is allowed and worth it.
func again(o *Options, t trial, v Verdict, worth bool, now time.Time, chance float64) Verdict {
	if !worth || v.Failure.Kind == Canceled || v.Failure.Kind == BlockedAddress || t.attempts > o.Retries || !repeatable(o, t) {
		return v
	}
	delay := max(backoff(t.attempts, o.RetryDelay, o.RetryMaxDelay, chance), min(v.Failure.RetryAfter, o.RetryMaxDelay))
	if o.RetryMaxTime > 0 && t.since+delay > o.RetryMaxTime {
		return v
	}
	v.Fate, v.Delay = Retry, delay
	return v
}

// repeatable goes by the request's own word, then the run's, then the method.
func repeatable(o *Options, t trial) bool {
	if t.retry != nil {
		return *t.retry
	}
	return o.RetryUnsafe || idempotent(t.method)
}

func failedStatus(status int) *Failure {
	kind := BadStatus
	if status == http.StatusTooManyRequests {
		kind = RateLimited
	}
	return failf(kind, "%s", statusText(status))
}

// statusText is the number and the registered phrase; a server's own phrase is a stranger's text and adds nothing.
func statusText(status int) string {
	text := http.StatusText(status)
	if text == "" {
		return fmt.Sprintf("%03d", status)
	}
	return fmt.Sprintf("%d %s", status, text)
}
