package judge

import (
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"batchfetch/fetch/failure"
)

// TestRefusals: which responses are a refusal, how long they hold the host, and what becomes of the request. chance is
// 0.5.
func TestRefusals(t *testing.T) {
	const second, half = time.Second, time.Second / 2
	in30 := judgedAt.Add(30 * second).Format(http.TimeFormat)
	in20 := strconv.FormatInt(judgedAt.Add(20*second).Unix(), 10)
	// retried is the result of a refusal that is retried after as long as it holds the host.
	retried := func(kind failure.Kind, hold time.Duration) result {
		return result{fate: Retry, delay: hold, pause: hold, refusal: true, kind: kind, retryAfter: hold}
	}
	limited := failure.RateLimited
	// tooLong is the result of a refusal that holds the host for longer than retry-max-delay.
	tooLong := func(hold time.Duration) result {
		return result{refused: true, refusal: true, kind: limited, pause: hold, retryAfter: hold}
	}
	throttle := func(codes ...int) func(*Policy) {
		return func(p *Policy) {
			for _, code := range codes {
				p.ThrottleOn = append(p.ThrottleOn, [2]int{code, code})
			}
		}
	}
	post := Trial{Method: "POST", Attempts: 1}
	overloaded := Answer{Failure: &failure.Failure{Kind: failure.Reset, Err: errors.New("calm"), Overload: true}}
	for _, tt := range []struct {
		name  string
		with  func(*Policy)
		trial Trial
		in    Answer
		want  result
	}{
		{name: "429", in: status(429), want: result{fate: Retry, delay: half, refusal: true, kind: limited}},
		{name: "498 Rate Limited (OpenStack Swift 2.30)", in: Answer{Status: 498, Reason: "498 Rate Limited"},
			want: result{fate: Retry, delay: half, refusal: true, kind: limited}},
		{name: "420 Enhance Your Calm", in: Answer{Status: 420, Reason: "420 Enhance Your Calm"},
			want: result{fate: Retry, delay: half, refusal: true, kind: limited}},
		{name: "498 Invalid Token (Esri)", in: Answer{Status: 498, Reason: "498 Invalid Token"},
			want: result{kind: failure.BadStatus}},
		{name: "498 over HTTP/2, which has no phrase", in: Answer{Status: 498, Reason: "498"},
			want: result{kind: failure.BadStatus}},
		{name: "a registered status, whatever its phrase", in: Answer{Status: 403, Reason: "403 Rate Limit Exceeded"},
			want: result{kind: failure.BadStatus}},
		{name: "429 with Retry-After (Slack)", in: status(429, "Retry-After", "30"), want: retried(limited, 30*second)},
		{name: "a date (WSO2)", in: status(429, "Retry-After", in30), want: retried(limited, 30*second)},
		{name: "a date of a host whose clock is 90 s ahead",
			in: status(429, "Retry-After", judgedAt.Add(93*second).Format(http.TimeFormat), "Date",
				judgedAt.Add(90*second).Format(http.TimeFormat)), want: retried(limited, 3*second)},
		{name: "a date of a host whose clock is 90 s behind",
			in: status(429, "Retry-After", judgedAt.Add(-87*second).Format(http.TimeFormat), "Date",
				judgedAt.Add(-90*second).Format(http.TimeFormat)), want: retried(limited, 3*second)},
		{name: "Retry-After 0 says nothing", in: status(429, "Retry-After", "0"),
			want: result{fate: Retry, delay: half, refusal: true, kind: limited}},
		{name: "403 with Retry-After (GitHub, secondary)", in: status(403, "Retry-After", "3", "X-RateLimit-Remaining",
			"4321", "X-RateLimit-Reset", in20), want: retried(limited, 3*second)},
		{name: "403 with a spent quota (GitHub, primary)", in: status(403, "X-RateLimit-Remaining", "0",
			"X-RateLimit-Reset", in20), want: retried(limited, 20*second)},
		{name: "403 with a quota that is not spent", in: status(403, "X-RateLimit-Remaining", "9",
			"X-RateLimit-Reset", in20), want: result{kind: failure.BadStatus}},
		{name: "403 with a spent quota and no Adaptive", with: func(p *Policy) { p.Adaptive = false },
			in:   status(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", in20),
			want: retried(limited, 20*second)},
		{name: "a spent quota whose reset has passed holds a second (GitHub, octokit/plugin-throttling.js#599)",
			in: status(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset",
				strconv.FormatInt(judgedAt.Unix(), 10), "Date", judgedAt.Format(http.TimeFormat)),
			want: retried(limited, second)},
		{name: "403 without a word", in: status(403), want: result{kind: failure.BadStatus}},
		{name: "403 by throttle-on (SEC)", with: throttle(403), in: status(403),
			want: result{fate: Retry, delay: half, refusal: true, kind: limited}},
		{name: "403 by throttle-on, with a reset", with: throttle(403),
			in:   status(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "3"),
			want: retried(limited, 3*second)},
		{name: "a spent quota whose reset may be in milliseconds (Prisjakt)", in: status(429, "X-RateLimit-Remaining",
			"0", "X-RateLimit-Reset", "600000"), want: result{fate: Retry, refusal: true, kind: limited}},
		{name: "the same with a retry-max-time that it is beyond", with: func(p *Policy) { p.RetryMaxTime = 10 * second },
			in:   status(429, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "30"),
			want: result{refusal: true, kind: limited}},
		{name: "the same where no quotas are kept", with: func(p *Policy) { p.Adaptive = false }, in: status(429,
			"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "600000"), want: tooLong(600000 * second)},
		{name: "200 by throttle-on", with: throttle(200), in: status(200),
			want: result{fate: Retry, delay: half, refusal: true, kind: limited}},
		{name: "420", in: status(420, "Retry-After", "2"), want: retried(limited, 2*second)},
		{name: "430 (Shopify)", in: status(430, "Retry-After", "2"), want: retried(limited, 2*second)},
		{name: "503 (arXiv)", in: status(503, "Retry-After", "2"), want: retried(failure.BadStatus, 2*second)},
		{name: "500", in: status(500, "Retry-After", "2"), want: retried(failure.BadStatus, 2*second)},
		{name: "509", in: status(509, "Retry-After", "2"), want: retried(failure.BadStatus, 2*second)},
		{name: "529 (Anthropic)", in: status(529, "Retry-After", "2"), want: retried(failure.BadStatus, 2*second)},
		{name: "598", in: status(598, "Retry-After", "2"), want: retried(failure.BadStatus, 2*second)},
		{name: "999 (LinkedIn)", in: status(999, "Retry-After", "2"), want: retried(limited, 2*second)},
		{name: "404 that was the last of its window", in: status(404, "X-RateLimit-Remaining", "0",
			"X-RateLimit-Reset", "7"), want: result{kind: failure.BadStatus}},
		{name: "400 ThrottlingException (AWS)", in: status(400, "X-Amzn-ErrorType", "ThrottlingException:http://x"),
			want: result{fate: Retry, delay: half, refusal: true, kind: limited}},
		{name: "200 with a lag (MediaWiki, maxlag)", in: status(200, "Retry-After", "5", "X-Database-Lag", "7"),
			want: retried(limited, 5*second)},
		{name: "200 with Retry-After", in: status(200, "Retry-After", "5")},
		{name: "an accepted 429", with: func(p *Policy) { p.AcceptStatus = Statuses{{200, 499}} },
			in: status(429, "Retry-After", "5")},
		{name: "out of concurrent requests", in: status(429, "RateLimit", `"c";r=0`, "RateLimit-Policy",
			`"c";q=5;qu="concurrent-requests"`), want: result{fate: Retry, delay: half, refusal: true, kind: limited}},

		{name: "Retry-After as long as retry-max-delay", in: status(429, "Retry-After", "60"),
			want: retried(limited, time.Minute)},
		{name: "a date as much longer as dates are rounded", in: status(429, "Retry-After",
			judgedAt.Add(62*second).Format(http.TimeFormat)), want: retried(limited, 62*second)},
		{name: "a date that is longer", in: status(429, "Retry-After", judgedAt.Add(63*second).Format(http.TimeFormat)),
			want: tooLong(63 * second)},
		{name: "a Unix time as much longer", in: status(429, "Retry-After",
			strconv.FormatInt(judgedAt.Add(62*second).Unix(), 10)), want: retried(limited, 62*second)},
		{name: "longer by a second", in: status(429, "Retry-After", "61"), want: tooLong(61 * second)},
		{name: "longer by less", in: status(429, "Retry-After", "60.5"), want: tooLong(60500 * time.Millisecond)},
		{name: "longer, with a unit", in: status(429, "Retry-After", "61s"), want: tooLong(61 * second)},
		{name: "longer, in milliseconds", in: status(429, "Retry-After-Ms", "61000"), want: tooLong(61 * second)},
		{name: "longer, beside a date that is not", in: status(429, "Retry-After", "61", "X-Retry-After",
			judgedAt.Add(9*second).Format(http.TimeFormat)), want: tooLong(61 * second)},
		{name: "a reset in seconds that is longer", in: status(429, "RateLimit", `"a";r=0;t=61`),
			want: tooLong(61 * second)},
		{name: "a reset as a time that is as much longer as such are rounded", in: status(429, "X-RateLimit-Remaining",
			"0", "X-RateLimit-Reset", strconv.FormatInt(judgedAt.Add(62*second).Unix(), 10)),
			want: retried(limited, 62*second)},
		{name: "a spent quota holds a second, though retry-max-delay is less", with: func(p *Policy) {
			p.RetryMaxDelay = half
		}, in: status(429, "RateLimit", `"a";r=0;t=0`), want: retried(limited, second)},
		{name: "longer, with 503", in: status(503, "Retry-After", "3600"), want: result{refused: true, refusal: true,
			kind: limited, pause: time.Hour, retryAfter: time.Hour}},
		{name: "a reset that is longer (GitHub)", in: status(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset",
			strconv.FormatInt(judgedAt.Add(time.Hour).Unix(), 10)), want: result{refused: true, refusal: true,
			kind: limited, pause: time.Hour, retryAfter: time.Hour}},
		{name: "Retry-After wins over a reset (the draft, section 5)", in: status(429, "Retry-After", "1", "RateLimit",
			`"default";r=0;t=20`), want: retried(limited, second)},

		{name: "no retries", with: func(p *Policy) { p.Retries = 0 }, in: status(429, "Retry-After", "2"),
			want: retried(limited, 2*second)},
		{name: "another retry-on", with: func(p *Policy) { p.RetryOn = RetryOn{Statuses: Statuses{{500, 500}}} },
			in: status(429, "Retry-After", "2"), want: retried(limited, 2*second)},
		{name: "retry-on none", with: func(p *Policy) { p.RetryOn = RetryOn{} }, in: status(429, "Retry-After", "2"),
			want: result{pause: 2 * second, refusal: true, kind: limited, retryAfter: 2 * second}},
		{name: "retries spent", trial: get(4), in: status(429, "Retry-After", "2"), want: retried(limited, 2*second)},
		{name: "many in a row", trial: Trial{Method: "GET", Attempts: 1, Refusals: maxRefusals - 2},
			in: status(429, "Retry-After", "2"),
			want: result{fate: Retry, delay: 32 * second, pause: 2 * second, refusal: true, kind: limited,
				retryAfter: 2 * second}},
		{name: "too many in a row", trial: Trial{Method: "GET", Attempts: 1, Refusals: maxRefusals - 1},
			in:   status(429, "Retry-After", "2"),
			want: result{pause: 2 * second, refusal: true, kind: limited, retryAfter: 2 * second}},
		{name: "retry-max-time", with: func(p *Policy) { p.RetryMaxTime = 10 * second },
			trial: Trial{Method: "GET", Attempts: 1, Elapsed: 9 * second}, in: status(429, "Retry-After", "2"),
			want: result{pause: 2 * second, refusal: true, kind: limited, retryAfter: 2 * second}},

		{name: "503 for its page (Varnish 7.1)", trial: Trial{Method: "GET", Attempts: 1, OfPage: true},
			in:   status(503, "Retry-After", "5"),
			want: result{fate: Retry, delay: 5 * second, kind: failure.BadStatus, retryAfter: 5 * second}},
		{name: "503 for its page, back-off longer", trial: Trial{Method: "GET", Attempts: 3, OfPage: true},
			in:   status(503, "Retry-After", "1"),
			want: result{fate: Retry, delay: 2 * second, kind: failure.BadStatus, retryAfter: second}},
		{name: "503 for its page, retries spent", trial: Trial{Method: "GET", Attempts: 4, OfPage: true},
			in: status(503, "Retry-After", "5"), want: result{kind: failure.BadStatus, retryAfter: 5 * second}},
		{name: "503 for its page, retry-max-time", with: func(p *Policy) { p.RetryMaxTime = 10 * second },
			trial: Trial{Method: "GET", Attempts: 1, Elapsed: 6 * second, OfPage: true},
			in:    status(503, "Retry-After", "5"), want: result{kind: failure.BadStatus, retryAfter: 5 * second}},
		{name: "429 is never for a page", trial: Trial{Method: "GET", Attempts: 1, OfPage: true},
			in: status(429, "Retry-After", "5"), want: retried(limited, 5*second)},
		{name: "nor is 503 with a spent quota", trial: Trial{Method: "GET", Attempts: 1, OfPage: true},
			in: status(503, "Retry-After", "5", "X-RateLimit-Remaining", "0"), want: retried(failure.BadStatus, 5*second)},
		{name: "nor a status of throttle-on", with: throttle(503), trial: Trial{Method: "GET", Attempts: 1, OfPage: true},
			in: status(503, "Retry-After", "5"), want: retried(failure.BadStatus, 5*second)},
		{name: "nor a wait that is too long", trial: Trial{Method: "GET", Attempts: 1, OfPage: true},
			in: status(503, "Retry-After", "3600"), want: tooLong(time.Hour)},

		{name: "429 whose body says when", in: Answer{Status: 429, BodyWait: 7 * second}, want: retried(limited, 7*second)},
		{name: "a header has precedence over it", in: Answer{Status: 429, BodyWait: 7 * second,
			Header: http.Header{"Retry-After": {"3"}}}, want: retried(limited, 3*second)},
		{name: "in an hour", in: Answer{Status: 429, BodyWait: time.Hour}, want: tooLong(time.Hour)},
		{name: "503 whose body says when", in: Answer{Status: 503, BodyWait: 7 * second},
			want: result{fate: Retry, delay: half, kind: failure.BadStatus}},

		{name: "POST (OpenAI)", trial: post, in: status(429, "Retry-After", "2"), want: retried(limited, 2*second)},
		{name: "POST, and its line says no", trial: Trial{Method: "POST", Attempts: 1, Retry: new(false)},
			in:   status(429, "Retry-After", "2"),
			want: result{pause: 2 * second, refusal: true, kind: limited, retryAfter: 2 * second}},
		{name: "POST and 503", trial: post, in: status(503, "Retry-After", "2"),
			want: result{pause: 2 * second, refusal: true, kind: failure.BadStatus, retryAfter: 2 * second}},

		{name: "a stream reset for load (Node.js 20.20)", in: overloaded, want: result{fate: Retry, delay: half,
			refusal: true, kind: failure.Reset}},
		{name: "the same with no retries", with: func(p *Policy) { p.Retries = 0 }, in: overloaded,
			want: result{fate: Retry, delay: half, refusal: true, kind: failure.Reset}},
		{name: "the same with retry-on none", with: func(p *Policy) { p.RetryOn = RetryOn{} }, in: overloaded,
			want: result{refusal: true, kind: failure.Reset}},
		{name: "a POST may have been processed", trial: post, in: overloaded,
			want: result{refusal: true, kind: failure.Reset}},
		{name: "too many streams in a row", trial: Trial{Method: "GET", Attempts: 1, Refusals: maxRefusals - 1},
			in: overloaded, want: result{refusal: true, kind: failure.Reset}},
		{name: "a stream reset in its body", with: func(p *Policy) { p.Retries = 0 },
			in: Answer{Failure: overloaded.Failure, Responded: true}, want: result{kind: failure.Reset}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.trial.Method == "" {
				tt.trial = get(1)
			}
			v := Judge(policyWith(tt.with), tt.trial, tt.in, judgedAt, 0.5)
			if got := resultOf(v); got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if v.Refusal != (v.Health == Refused) {
				t.Errorf("health %d", v.Health)
			}
		})
	}
}

// TestRefusalsBackOff: without a Retry-After the wait of one request grows with its refusals in a row, for ever only
// where nothing adapts the rate of its host.
func TestRefusalsBackOff(t *testing.T) {
	for _, adaptive := range []bool{true, false} {
		p := policyWith(func(p *Policy) { p.Adaptive = adaptive })
		longest := map[bool]time.Duration{true: 4 * time.Second, false: 30 * time.Second}[adaptive]
		for refusals, want := range map[int]time.Duration{0: time.Second / 2, 1: time.Second, 8: longest} {
			v := Judge(p, Trial{Method: "GET", Attempts: 1, Refusals: refusals}, status(429), judgedAt, 0.5)
			if v.Delay != want || v.Hold != 0 {
				t.Errorf("adaptive %t, after %d: waits %s, holds %s", adaptive, refusals, v.Delay, v.Hold)
			}
		}
	}
	alone := policyWith(func(p *Policy) { p.Adaptive = false })
	if v := Judge(alone, Trial{Method: "GET", Attempts: 1, Refusals: 9}, status(429), judgedAt, 0.5); v.Fate != Final {
		t.Errorf("ten in a row, and %+v", v)
	}
}

// TestPrecedenceHoldsForQuotas: the reset of a spent quota beside a Retry-After is not longer than that.
func TestPrecedenceHoldsForQuotas(t *testing.T) {
	v := Judge(policyWith(nil), get(1), status(429, "Retry-After", "1", "RateLimit", `"a";r=0;t=20,"b";r=5;t=20`),
		judgedAt, 0)
	if len(v.Quotas) != 2 || v.Quotas[0].Reset != time.Second || v.Quotas[1].Reset != 20*time.Second {
		t.Errorf("%+v", v.Quotas)
	}
}

// TestRedirectsWait: a redirect with Retry-After is followed after it (RFC 9110 section 10.2.3).
func TestRedirectsWait(t *testing.T) {
	for _, tt := range []struct {
		after string
		fate  Fate
		delay time.Duration
		kind  failure.Kind
	}{
		{"2", Hop, 2 * time.Second, ""}, {"", Hop, 0, ""}, {"soon", Hop, 0, ""}, {"61", Final, 0, failure.RateLimited},
	} {
		v := Judge(policyWith(nil), get(1), status(301, "Location", "/x", "Retry-After", tt.after), judgedAt, 0)
		got := resultOf(v)
		if got.fate != tt.fate || got.delay != tt.delay || got.kind != tt.kind || v.Refusal || v.Hold != 0 {
			t.Errorf("%q: %+v", tt.after, v)
		}
	}
}

// TestBelieved: the header fields that were believed are named with their values, where that is wanted.
func TestBelieved(t *testing.T) {
	in := status(429, "Retry-After", "2", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "9", "X-Other", "1")
	const want = "retry-after: 2, x-ratelimit-remaining: 0, x-ratelimit-reset: 9"
	if v := Judge(policyWith(func(p *Policy) { p.Explain = true }), get(1), in, judgedAt, 0); v.Believed != want {
		t.Errorf("got %q", v.Believed)
	}
	if v := Judge(policyWith(nil), get(1), in, judgedAt, 0); v.Believed != "" {
		t.Errorf("unasked: %q", v.Believed)
	}
}

// TestSilentResponsesAllocateNothing: the limits of a response that announces none cost no memory.
func TestSilentResponsesAllocateNothing(t *testing.T) {
	p := policyWith(nil)
	in := status(200, "Content-Type", "text/html", "Date", "Fri, 02 Jan 2026 12:00:00 GMT", "Server", "x")
	if n := testing.AllocsPerRun(100, func() { Judge(p, get(1), in, judgedAt, 0.5) }); n > 0 {
		t.Errorf("%g allocations", n)
	}
}
