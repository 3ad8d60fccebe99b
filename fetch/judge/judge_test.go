package judge

import (
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"testing"
	"time"

	"batchfetch/fetch/failure"
)

// judgedAt is the time that all tests of the package pass as now.
var judgedAt = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// status returns the Answer of a response with a status and headers, given as names and values in turn.
func status(code int, headers ...string) Answer {
	h := make(http.Header)
	for i := 0; i < len(headers); i += 2 {
		h.Add(headers[i], headers[i+1])
	}
	return Answer{Status: code, Header: h}
}

// failed returns the Answer of an exchange that failed before any response.
func failed(kind failure.Kind) Answer {
	return Answer{Failure: &failure.Failure{Kind: kind, Err: errors.New("broken")}}
}

// policyWith returns the policy of a command line without flags, after change; a nil change changes nothing.
func policyWith(change func(*Policy)) *Policy {
	p := Policy{
		AcceptStatus:  Statuses{{200, 299}},
		MaxRedirects:  10,
		Retries:       3,
		RetryOn:       DefaultRetryOn(),
		RetryDelay:    time.Second,
		RetryMaxDelay: time.Minute,
		PollTime:      10 * time.Minute,
		Adaptive:      true,
	}
	if change != nil {
		change(&p)
	}
	return &p
}

// get returns the Trial of a GET with that number of attempts, including the judged one.
func get(attempts int) Trial { return Trial{Method: http.MethodGet, Attempts: attempts} }

// A result is the part of a Verdict that the tables compare.
type result struct {
	fate         Fate
	delay, pause time.Duration
	refused      bool // TooLong
	refusal      bool
	kind         failure.Kind // empty after a success or a Hop
	retryAfter   time.Duration
}

// resultOf returns the compared part of v.
func resultOf(v Verdict) result {
	r := result{fate: v.Fate, delay: v.Delay, pause: v.Hold, refused: v.TooLong, refusal: v.Refusal}
	if v.Failure != nil {
		r.kind, r.retryAfter = v.Failure.Kind, v.Failure.RetryAfter
	}
	return r
}

// TestJudge checks the Verdict on every kind of outcome. chance is 0.5, so each back-off is half its bound: 500 ms
// before the second attempt, 1 s before the third, 2 s before the fourth.
func TestJudge(t *testing.T) {
	const half = 500 * time.Millisecond
	for _, tt := range []struct {
		name  string
		with  func(*Policy)
		trial Trial
		in    Answer
		want  result
	}{
		{name: "200 is a success", trial: get(1), in: status(200), want: result{}},
		{name: "204 is a success", trial: get(1), in: status(204), want: result{}},
		{name: "404 fails at once", trial: get(1), in: status(404), want: result{kind: failure.BadStatus}},
		{name: "300 is an answer, not a redirect",
			trial: get(1), in: status(300, "Location", "/x"), want: result{kind: failure.BadStatus}},
		{name: "304 is an answer, not a redirect",
			trial: get(1), in: status(304, "Location", "/x"), want: result{kind: failure.BadStatus}},
		{name: "accept-status makes 404 a success",
			trial: get(1), with: func(p *Policy) { p.AcceptStatus = Statuses{{404, 404}} }, in: status(404)},
		{name: "accept-status makes 200 a failure",
			trial: get(1), with: func(p *Policy) { p.AcceptStatus = Statuses{{404, 404}} }, in: status(200),
			want: result{kind: failure.BadStatus}},

		{name: "a challenge is answered at no attempt and without a wait, whatever else the response says",
			trial: get(4), with: func(p *Policy) { p.AcceptStatus = Statuses{{401, 401}} },
			in:   Answer{Status: 401, Header: http.Header{"Retry-After": {"60"}}, Challenged: true, Conditional: true},
			want: result{fate: Restart, kind: failure.BadStatus}},

		{name: "500 is tried again",
			trial: get(1), in: status(500), want: result{fate: Retry, delay: half, kind: failure.BadStatus}},
		{name: "the second wait is twice the first",
			trial: get(2), in: status(500), want: result{fate: Retry, delay: 2 * half, kind: failure.BadStatus}},
		{name: "the last retry is allowed",
			trial: get(3), in: status(500), want: result{fate: Retry, delay: 4 * half, kind: failure.BadStatus}},
		{name: "one more is not", trial: get(4), in: status(500), want: result{kind: failure.BadStatus}},
		{name: "501 is not on the list", trial: get(1), in: status(501), want: result{kind: failure.BadStatus}},
		{name: "retries 0 tries once",
			trial: get(1), with: func(p *Policy) { p.Retries = 0 }, in: status(500), want: result{kind: failure.BadStatus}},
		{name: "retry-on none tries once",
			trial: get(1), with: func(p *Policy) { p.RetryOn = RetryOn{} }, in: status(500),
			want: result{kind: failure.BadStatus}},

		{name: "a reset is tried again",
			trial: get(1), in: failed(failure.Reset), want: result{fate: Retry, delay: half, kind: failure.Reset}},
		{name: "a TLS failure is not on the list", trial: get(1), in: failed(failure.TLS), want: result{kind: failure.TLS}},
		{name: "too_large never changes", trial: get(1), in: failed(failure.TooLarge), want: result{kind: failure.TooLarge}},
		{name: "a cancelled exchange is not tried again",
			trial: get(1), with: func(p *Policy) { p.RetryOn.Kinds = failure.Kinds() }, in: failed(failure.Canceled),
			want: result{kind: failure.Canceled}},

		{name: "an exhausted 503 is status", trial: get(4), in: status(503), want: result{kind: failure.BadStatus}},
		{name: "503 without Retry-After is the page's trouble",
			trial: get(1), in: status(503), want: result{fate: Retry, delay: half, kind: failure.BadStatus}},
		{name: "POST is not repeated",
			trial: Trial{Method: "POST", Attempts: 1}, in: status(500), want: result{kind: failure.BadStatus}},
		{name: "PATCH is not repeated",
			trial: Trial{Method: "PATCH", Attempts: 1}, in: failed(failure.Timeout), want: result{kind: failure.Timeout}},
		{name: "PUT is repeated",
			trial: Trial{Method: "PUT", Attempts: 1}, in: status(500),
			want: result{fate: Retry, delay: half, kind: failure.BadStatus}},
		{name: "POST is repeated with retry-unsafe",
			trial: Trial{Method: "POST", Attempts: 1}, with: func(p *Policy) { p.RetryUnsafe = true },
			in: status(500), want: result{fate: Retry, delay: half, kind: failure.BadStatus}},
		{name: "POST is repeated where its line says so",
			trial: Trial{Method: "POST", Attempts: 1, Retry: new(true)}, in: status(500),
			want: result{fate: Retry, delay: half, kind: failure.BadStatus}},
		{name: "GET is not repeated where its line says so",
			trial: Trial{Method: "GET", Attempts: 1, Retry: new(false)}, in: status(500),
			want: result{kind: failure.BadStatus}},
		{name: "its line wins over retry-unsafe",
			trial: Trial{Method: "POST", Attempts: 1, Retry: new(false)},
			with:  func(p *Policy) { p.RetryUnsafe = true }, in: status(500), want: result{kind: failure.BadStatus}},

		{name: "retry-max-time leaves room",
			trial: Trial{Method: "GET", Attempts: 1, Elapsed: half},
			with:  func(p *Policy) { p.RetryMaxTime = time.Second }, in: status(500),
			want: result{fate: Retry, delay: half, kind: failure.BadStatus}},
		{name: "retry-max-time would be passed",
			trial: Trial{Method: "GET", Attempts: 1, Elapsed: half + 1},
			with:  func(p *Policy) { p.RetryMaxTime = time.Second }, in: status(500), want: result{kind: failure.BadStatus}},

		{name: "a redirect is followed", trial: get(1), in: status(302, "Location", "/x"), want: result{fate: Hop}},
		{name: "a redirect without Location is the answer",
			trial: get(1), in: status(302), want: result{kind: failure.BadStatus}},
		{name: "the last hop is allowed",
			trial: Trial{Method: "GET", Attempts: 1, Hops: 9}, in: status(302, "Location", "/x"),
			want: result{fate: Hop}},
		{name: "one more is not",
			trial: Trial{Method: "GET", Attempts: 1, Hops: 10}, in: status(302, "Location", "/x"),
			want: result{kind: failure.TooManyRedirects}},
		{name: "max-redirs 0: a 3xx is the answer",
			trial: get(1), with: func(p *Policy) { p.MaxRedirects = 0 }, in: status(302, "Location", "/x"),
			want: result{kind: failure.BadStatus}},
		{name: "max-redirs 0 and an accepted 3xx",
			trial: get(1), with: func(p *Policy) { p.MaxRedirects = 0; p.AcceptStatus = Statuses{{200, 399}} },
			in: status(302, "Location", "/x")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := resultOf(Judge(policyWith(tt.with), tt.trial, tt.in, judgedAt, 0.5)); got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// TestFullJitter: a wait is a random part of its bound: --retry-delay, doubled per attempt, at most --retry-max-delay.
func TestFullJitter(t *testing.T) {
	p := policyWith(func(p *Policy) { p.Retries = 100 })
	for attempt, bound := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second,
		7: time.Minute, 99: time.Minute} {
		for _, chance := range []float64{0, 0.25, 0.999999} {
			want := time.Duration(chance * float64(bound))
			if got := Judge(p, get(attempt), status(500), judgedAt, chance).Delay; got != want {
				t.Errorf("attempt %d, chance %g: waits %s, want %s", attempt, chance, got, want)
			}
		}
	}
}

// TestRefusalSaysTheWait: the failure of a refused wait names that wait and the limit.
func TestRefusalSaysTheWait(t *testing.T) {
	v := Judge(policyWith(nil), get(1), status(429, "Retry-After", "3600"), judgedAt, 0.5)
	const want = "429 Too Many Requests: the host announces a wait of 1h0m0s, longer than retry-max-delay 1m0s; " +
		"--retry-max-delay 1h0m0s would wait"
	if v.Failure.Error() != want {
		t.Errorf("got %q, want %q", v.Failure, want)
	}
}

// TestRefusedTunnels: the refusal of a proxy is worth another attempt where that of a server would be, and where the
// proxy could not look the name up: 404 of Privoxy 3.0.34, whose resolver does not answer. proxy-chain 3.0.1
// says by 590 to 599 why, in response to GET, too: 594 is a refused connection, 597 a refused login.
func TestRefusedTunnels(t *testing.T) {
	for status, want := range map[int]Fate{407: Final, 403: Final, 302: Final, 404: Retry, 502: Retry, 503: Retry,
		590: Retry, 592: Final, 593: Retry, 594: Retry, 595: Retry, 596: Retry, 597: Final, 599: Retry} {
		refused := failure.New(failure.Connect, "proxy: %w", &failure.ProxyRefusal{Status: status})
		v := Judge(policyWith(nil), get(1), Answer{Failure: refused}, judgedAt, 0)
		if v.Fate != want || v.Failure.Kind != failure.Connect {
			t.Errorf("%d: %+v", status, v)
		}
		answer := Answer{Status: status, Header: http.Header{}}
		if v := Judge(policyWith(nil), get(1), answer, judgedAt, 0); status >= 590 && v.Fate != want {
			t.Errorf("GET, %d: %+v", status, v)
		}
	}
}

// TestTunnelLimits: a proxy that limits tunnels, such as HAProxy 2.6 with deny_status 429 in front of a pool of them,
// refuses as a host does: that spends no attempt, whatever the method, and the wait is its Retry-After.
func TestTunnelLimits(t *testing.T) {
	post := Trial{Method: "POST", Attempts: 9}
	for _, tt := range []struct {
		status int
		header http.Header
		want   Verdict
		kind   failure.Kind
	}{
		{429, http.Header{"Retry-After": {"5"}}, Verdict{Fate: Retry, Refusal: true, Health: Refused,
			Delay: 5 * time.Second, Hold: 5 * time.Second}, failure.RateLimited},
		{429, nil, Verdict{Fate: Retry, Refusal: true, Health: Refused}, failure.RateLimited},
		{403, http.Header{"Retry-After": {"2"}}, Verdict{Fate: Retry, Refusal: true, Health: Refused,
			Delay: 2 * time.Second, Hold: 2 * time.Second}, failure.RateLimited},
		{503, http.Header{"Retry-After": {"5"}}, Verdict{Fate: Retry, Refusal: true, PerhapsPage: true, Health: Refused,
			Delay: 5 * time.Second, Hold: 5 * time.Second}, failure.Connect},
		{429, http.Header{"Retry-After": {"3600"}}, Verdict{Refusal: true, Health: Refused, TooLong: true,
			Hold: time.Hour}, failure.RateLimited},
	} {
		shared := failure.New(failure.Connect, "proxy: %w", &failure.ProxyRefusal{Status: tt.status, Header: tt.header})
		v := Judge(policyWith(nil), post, Answer{Failure: shared, NotProcessed: true}, judgedAt, 0)
		if got := v.Failure; got.Kind != tt.kind || got.RetryAfter != tt.want.Hold || got == shared {
			t.Errorf("%d %v: %+v", tt.status, tt.header, got)
		}
		if v.Failure = nil; !reflect.DeepEqual(v, tt.want) {
			t.Errorf("%d %v: got %+v", tt.status, tt.header, v)
		}
	}
}

// TestLimitOfProxy: a limit of a proxy may be for all hosts together. Those that it refused at one time, which HAProxy
// counts as well, come back at different times, and ever later. So may be that of a gateway, which is no proxy of ours.
func TestLimitOfProxy(t *testing.T) {
	tunnel := failure.New(failure.Connect, "proxy: %w",
		&failure.ProxyRefusal{Status: 429, Header: http.Header{"Retry-After": {"5"}}})
	forwarded := status(429, "Retry-After", "5")
	forwarded.Proxy = &url.URL{}
	for _, a := range []Answer{{Failure: tunnel}, forwarded} {
		for refusals, want := range map[int]time.Duration{0: 5, 1: 6, 2: 7, 4: 13, 9: 65} {
			trial := Trial{Method: "GET", Attempts: 1, Refusals: refusals}
			v := Judge(policyWith(nil), trial, a, judgedAt, 1)
			if want *= time.Second; v.Fate != Retry || v.Delay != want || v.Hold != want {
				t.Errorf("%d refusals before, %v: %+v", refusals, a.Failure, v)
			}
		}
	}
	for refusals, want := range map[int]time.Duration{0: 5, 3: 5, 4: 6, 5: 7, 7: 13, 12: 65} {
		trial := Trial{Method: "GET", Attempts: 1, Refusals: refusals}
		v := Judge(policyWith(nil), trial, status(429, "Retry-After", "5"), judgedAt, 1)
		if want *= time.Second; v.Delay != want || v.Hold != 5*time.Second {
			t.Errorf("without a proxy, %d refusals before: %+v", refusals, v)
		}
	}
}

// TestIdempotentMethods: the methods of RFC 9110 section 9.2.2, case-sensitive, and those of IANA's registry that are
// safe.
func TestIdempotentMethods(t *testing.T) {
	for method, want := range map[string]bool{
		"GET": true, "HEAD": true, "OPTIONS": true, "TRACE": true, "PUT": true, "DELETE": true,
		"PROPFIND": true, "REPORT": true, "SEARCH": true, "QUERY": true,
		"POST": false, "PATCH": false, "get": false, "PURGE": false, "LOCK": false,
	} {
		if got := isIdempotent(method); got != want {
			t.Errorf("%s: got %t", method, got)
		}
	}
}

// TestSentOnce: a failure after which the method alone forbids another attempt names the option that allows it; -d with
// toxiproxy 2.5.0 in front, which closes one connection in five, said "raise --retries", which does nothing for POST.
func TestSentOnce(t *testing.T) {
	with := func(f *failure.Failure) Answer { return Answer{Failure: f} }
	for _, tt := range []struct {
		name  string
		trial Trial
		in    Answer
		want  string
	}{
		{"no answer", Trial{Method: "POST", Attempts: 1}, failed(failure.Truncated), failure.RetryUnsafe},
		{"the server failed", Trial{Method: "PATCH", Attempts: 1}, status(500), failure.RetryUnsafe},
		{"overloaded", Trial{Method: "POST", Attempts: 1}, status(503, "Retry-After", "1"), failure.RetryUnsafe},
		{"no retry would follow", Trial{Method: "POST", Attempts: 1}, status(404), ""},
		{"none is left", Trial{Method: "POST", Attempts: 4}, failed(failure.Reset), ""},
		{"its line says no", Trial{Method: "POST", Attempts: 1, Retry: new(false)}, failed(failure.Reset), ""},
		{"another option is meant", Trial{Method: "POST", Attempts: 1},
			with(&failure.Failure{Kind: failure.Stalled, Err: errors.New("x"), Option: "stall-timeout"}), "stall-timeout"},
		{"GET", get(4), failed(failure.Truncated), ""},
	} {
		v := Judge(policyWith(nil), tt.trial, tt.in, judgedAt, 0.5)
		if v.Fate != Final || v.Failure.Option != tt.want {
			t.Errorf("%s: %v, option %q", tt.name, v.Fate, v.Failure.Option)
		}
	}
}

// TestStalledVerdict: a stall counts as one of a connection only where that was shared.
func TestStalledVerdict(t *testing.T) {
	stall, reset := failure.New(failure.Stalled, "x"), failure.New(failure.Reset, "x")
	for _, tt := range []struct {
		answer Answer
		want   bool
	}{
		{Answer{Failure: stall, Shared: true}, true}, {Answer{Status: 200, Failure: stall, Shared: true}, true},
		{Answer{Failure: stall}, false}, {Answer{Failure: reset, Shared: true}, false},
		{Answer{Status: 200, Shared: true}, false},
	} {
		if v := Judge(&Policy{}, Trial{Method: "GET", Attempts: 1}, tt.answer, time.Now(), 0); v.Stalled != tt.want {
			t.Errorf("%+v: %t", tt.answer, v.Stalled)
		}
	}
}

// TestRetryAs: a failure that names another kind is worth a retry where that kind is.
func TestRetryAs(t *testing.T) {
	p := policyWith(nil)
	for retryAs, want := range map[failure.Kind]Fate{"": Final, failure.Reset: Retry, failure.Protocol: Final} {
		f := failure.New(failure.TLS, "internal error")
		f.RetryAs = retryAs
		if v := Judge(p, Trial{Method: "GET", Attempts: 1}, Answer{Failure: f}, time.Now(), 0.5); v.Fate != want {
			t.Errorf("as %q: got %v", retryAs, v.Fate)
		}
	}
}
