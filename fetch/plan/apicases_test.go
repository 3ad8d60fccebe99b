package plan_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// one returns a function for apiServer.limits: every bucket has a limit of its own, made by limit.
func one(limit func() apiLimit) func(string) []apiLimit {
	return func(string) []apiLimit { return []apiLimit{limit()} }
}

// window is a fixed window of n in w that begins with the first request.
func window(n int, w time.Duration) func(string) []apiLimit {
	return one(func() apiLimit { return &fixedWindow{n: n, w: w} })
}

// halfOver is a fixed window of which half the time has passed, and others have had a third of the requests.
func halfOver(n int, w time.Duration) func(string) []apiLimit {
	return one(func() apiLimit { return &fixedWindow{n: n, w: w, used: n / 3, age: w / 2} })
}

func sliding(n int, w time.Duration) func(string) []apiLimit {
	return one(func() apiLimit { return &slidingWindow{n: n, w: w} })
}

func tokens(n int, perSecond float64) func(string) []apiLimit {
	return one(func() apiLimit { return &tokenBucket{n: n, rate: perSecond} })
}

func atOnce(n int) func(string) []apiLimit {
	return one(func() apiLimit { return &concurrencyLimit{n: n} })
}

// firstSegment is the bucket of an API with a limit for each /kind/….
func firstSegment(path string) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return kind
}

// channelOf is the bucket of Discord's /channels/ID/….
func channelOf(path string) string { return strings.Split(path, "/")[2] }

const minute, hour = time.Minute, time.Hour

// apis returns the APIs that are played. What each sends is what its documentation says, or reports of its users.
func apis() []*api {
	after := func(format timeFormat) tellHeaders { return tellAfter("Retry-After", format) }
	x, draft := xRateLimit, func(format timeFormat) tellHeaders { return tellDraft(format, "", "") }
	row := func(name string, requests, status int, limits func(string) []apiLimit, tell ...tellHeaders) *api {
		return &api{name: name, requests: requests,
			server: apiServer{status: status, limits: limits, tell: tell}}
	}
	exact := func(a *api) *api { a.exact = true; return a }
	with := func(a *api, change func(*api)) *api { change(a); return a }
	return []*api{
		// Quotas told exactly.
		exact(row("GitHub primary, 403", 350, 403, window(100, minute), x(epochSeconds))),
		exact(row("GitHub primary, 429", 350, 429, window(100, minute), x(epochSeconds))),
		exact(row("GitHub primary, used by others", 350, 403, halfOver(100, minute), x(epochSeconds))),
		with(row("GitHub, all used by others", 150, 403,
			one(func() apiLimit { return &fixedWindow{n: 100, w: minute, used: 100, age: 40 * time.Second} }),
			x(epochSeconds)), func(a *api) { a.exact, a.mayRefuse = true, 10 }),
		row("GitHub, reset rounded down, 403", 350, 403, window(100, minute), x(epochFloor)),
		exact(with(row("GitHub primary, clock +90 s", 350, 403, window(100, minute), x(epochSeconds)), clock(90))),
		exact(with(row("GitHub primary, clock -90 s", 350, 403, window(100, minute), x(epochSeconds)), clock(-90))),
		exact(with(row("GitHub's hour, told max-delay 1h", 12000, 403, window(5000, hour), x(epochSeconds)),
			func(a *api) { a.maxDelay = hour + minute })),
		with(row("GitHub's hour, defaults", 6000, 403, window(5000, hour), x(epochSeconds)),
			func(a *api) { a.mustLose, a.exact = 1000, true }),
		with(row("GitHub core and search", 330, 403, func(bucket string) []apiLimit {
			if bucket == "search" {
				return window(10, minute)(bucket)
			}
			return window(5000, hour)(bucket)
		}, x(epochSeconds), tellAlways("X-RateLimit-Resource", "%s")), func(a *api) {
			a.exact, a.server.bucketOf = true, firstSegment
			a.paths = func(i int) string {
				if i%11 == 0 {
					return fmt.Sprintf("/search/%d", i)
				}
				return fmt.Sprintf("/repos/%d", i)
			}
		}),
		exact(row("GitLab", 350, 429, window(100, minute), tellQuota("RateLimit-Limit", "RateLimit-Remaining",
			"RateLimit-Reset", epochSeconds), tellAlways("RateLimit-Name", "throttle_authenticated_api"), after(toGo))),
		exact(row("Okta", 350, 429, window(100, minute),
			tellQuota("X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset", epochSeconds))),
		exact(row("Reddit", 350, 429, window(100, minute), tellText("X-Ratelimit-Remaining",
			func(p *tellingPolicy, _ *telling) string { return fmt.Sprintf("%d.0", p.left) }),
			tellText("X-Ratelimit-Reset", func(p *tellingPolicy, t *telling) string { return toGo(p.reset, t.now) }))),
		exact(row("Jira, ISO 8601", 350, 429, window(100, minute), x(iso8601), after(toGo))),
		exact(row("lemlist, JS date", 350, 429, window(100, minute), x(jsDate))),
		exact(row("Prisjakt, ms to go", 350, 429, window(100, minute), x(toGoMilli))),
		exact(row("Rocket.Chat, epoch ms", 350, 429, window(100, minute), x(epochMilli))),
		exact(row("epoch us", 350, 403, window(100, minute), x(epochMicro))),
		exact(row("PUBG, epoch ns", 350, 429, window(100, minute), x(epochNano))),
		exact(row("HTTP date", 350, 403, window(100, minute), x(httpDate))),
		exact(row("RFC 1123 date with a zone", 350, 403, window(100, minute), x(zonedDate))),
		exact(row("Fastly", 350, 429, window(100, minute),
			tellQuota("Fastly-RateLimit-Limit", "Fastly-RateLimit-Remaining", "Fastly-RateLimit-Reset", epochSeconds))),
		exact(row("Akamai", 350, 429, window(100, minute),
			tellQuota("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Next", iso8601Milli))),
		exact(row("Zendesk", 350, 429, window(100, minute),
			tellQuota("X-Rate-Limit", "X-Rate-Limit-Remaining", "", nil),
			tellText("ratelimit-reset", func(p *tellingPolicy, t *telling) string { return toGo(p.reset, t.now) }),
			after(toGo))),
		exact(row("Zendesk, endpoint", 350, 429, window(100, minute), tellText("Zendesk-RateLimit-Tickets-Index",
			func(p *tellingPolicy, t *telling) string {
				return fmt.Sprintf("total=%d; remaining=%d; resets=%s", p.limit, p.left, toGo(p.reset, t.now))
			}), after(toGo))),
		exact(row("OpenAI, 6m0s", 350, 429, window(100, minute), tellQuota("X-RateLimit-Limit-Requests",
			"X-RateLimit-Remaining-Requests", "X-RateLimit-Reset-Requests", toGoGolang))),
		exact(row("Discord, one bucket", 45, 429, window(5, 5*time.Second), tellQuota("X-RateLimit-Limit",
			"X-RateLimit-Remaining", "X-RateLimit-Reset-After", toGoFloat), tellAlways("X-RateLimit-Bucket", "abcd"),
			after(toGoFloat))),
		with(row("Discord, twenty channels", 400, 429, window(5, 5*time.Second), tellQuota("X-RateLimit-Limit",
			"X-RateLimit-Remaining", "X-RateLimit-Reset-After", toGoFloat), tellAlways("X-RateLimit-Bucket", "b%s"),
			after(toGoFloat)), func(a *api) {
			a.server.bucketOf = channelOf
			a.paths = func(i int) string { return fmt.Sprintf("/channels/%d/messages/%d", i%20, i) }
		}),
		with(row("X, by endpoint, search is out", 215, 429, func(bucket string) []apiLimit {
			if bucket == "search" {
				return window(5, 40*time.Second)(bucket)
			}
			return window(900, 15*minute)(bucket)
		}, tellQuota("X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset", epochSeconds)), func(a *api) {
			a.server.bucketOf = firstSegment
			a.paths = func(i int) string {
				if i%14 == 0 {
					return fmt.Sprintf("/search/%d", i)
				}
				return fmt.Sprintf("/users/%d", i)
			}
		}),
		exact(row("Cloudflare, draft", 350, 429, window(100, minute), draft(toGo), after(toGo))),
		exact(row("draft, 403", 350, 403, window(100, minute), draft(toGo))),
		row("draft, t rounded down to 0, 403", 350, 403, window(30, 4*time.Second), draft(toGoFloor)),
		exact(row("draft, sliding", 350, 429, sliding(100, minute), draft(toGo))),
		with(row("draft, two policies, 403", 60, 403, func(string) []apiLimit {
			return []apiLimit{&fixedWindow{n: 15, w: time.Second}, &fixedWindow{n: 200, w: minute}}
		}, draft(toGo)), func(a *api) { a.exact = true }),
		with(row("draft, hour and minute, 429", 350, 429, func(string) []apiLimit {
			return []apiLimit{&fixedWindow{n: 60, w: minute}, &fixedWindow{n: 5000, w: hour}}
		}, draft(toGo)), func(a *api) { a.exact = true }),
		row("draft, bucket of 20, 1/s, t to the next", 100, 429, tokens(20, 1), draft(toGo)),
		with(row("draft, pk", 120, 429, window(10, 10*time.Second), tellDraft(toGo, ";pk=:%s:", ";pk=:%s:"), after(toGo)),
			func(a *api) {
				a.server.bucketOf = firstSegment
				a.paths = func(i int) string { return fmt.Sprintf("/k%03d/%d", i%4, i) }
			}),
		row("Retry-After wins over RateLimit", 60, 429, tokens(20, 10), func(t *telling) {
			if t.policies[0].left == 0 {
				t.header.Set("RateLimit", `"default";r=0;t=20`)
			}
		}, tellShort(1)),
		exact(row("draft, qu=content-bytes beside", 350, 429, window(100, minute), func(t *telling) {
			p := &t.policies[0]
			t.noteQuota(p)
			t.header.Set("RateLimit", fmt.Sprintf(`"bytes";r=1;t=3600, "n";r=%d;t=%s`, p.left, toGo(p.reset, t.now)))
			t.header.Set("RateLimit-Policy", `"bytes";q=1000000;w=3600;qu="content-bytes", "n";q=100;w=60`)
		})),
		exact(row("two lines, -1 beside", 350, 429, window(100, minute), func(t *telling) {
			p := &t.policies[0]
			t.noteQuota(p)
			t.header["X-Ratelimit-Remaining"] = []string{"4990", strconv.Itoa(p.left)}
			t.header["X-Ratelimit-Reset"] = []string{toGo(p.reset, t.now)}
		})),

		// The same over short windows, in which whole seconds are coarse.
		exact(row("30 in 4 s, epoch", 100, 403, window(30, 4*time.Second), x(epochSeconds))),
		exact(row("30 in 4 s, to go", 100, 403, window(30, 4*time.Second), x(toGo))),
		exact(row("30 in 4 s, ms to go (Prisjakt)", 100, 429, window(30, 4*time.Second), x(toGoMilli))),
		exact(row("30 in 4 s, ISO 8601", 100, 429, window(30, 4*time.Second), x(iso8601))),
		exact(row("30 in 4 s, draft", 100, 403, window(30, 4*time.Second), draft(toGo))),
		row("30 in 4 s, epoch rounded down, 403", 300, 403, window(30, 4*time.Second), x(epochFloor)),
		with(row("reset is the Date (octokit), used by others", 40, 403, one(func() apiLimit {
			return &fixedWindow{n: 30, w: 1500 * time.Millisecond, used: 30}
		}), func(t *telling) {
			format := epochSeconds
			if !t.ok {
				format = func(_, now time.Time) string { return epochFloor(now, now) }
			}
			x(format)(t)
		}), func(a *api) { a.mayRefuse = 10 }),
		with(row("20 in 3 s, Retry-After date, clock +90 s", 50, 429, window(20, 3*time.Second), after(httpDate)),
			clock(90)),
		row("20 in 8 s, Retry-After 0.503", 40, 429, window(20, 8*time.Second), after(toGoFloat)),
		row("bucket of 20, 10/s, 529 + Retry-After 2", 70, 529, tokens(20, 10), tellShort(2)),

		// Limits told roughly, or by refusals alone.
		row("GitHub secondary, 403 + Retry-After", 240, 403, one(func() apiLimit {
			return &penalty{apiLimit: &fixedWindow{n: 80, w: minute}}
		}), tellAlways("X-RateLimit-Remaining", "4321"), tellAlways("X-RateLimit-Limit", "5000"), after(toGo)),
		row("Shopify REST, 2.0", 190, 429, tokens(40, 2), tellText("X-Shopify-Shop-Api-Call-Limit",
			func(p *tellingPolicy, _ *telling) string { return fmt.Sprintf("%d/%d", p.limit-p.left, p.limit) }),
			after(toGoPointO)),
		row("Stripe, bare 429, 25/s", 800, 429, tokens(25, 25)),
		with(row("Stripe, concurrency 4", 200, 429, atOnce(4)), slow),
		with(row("draft, concurrent-requests 3", 200, 429, atOnce(3), func(t *telling) {
			t.header.Set("RateLimit", fmt.Sprintf(`"c";r=%d`, t.policies[0].left))
			t.header.Set("RateLimit-Policy", `"c";q=3;qu="concurrent-requests"`)
		}), slow),
		row("Slack, Retry-After", 200, 429, window(50, minute), after(toGo)),
		row("HubSpot, 100 in 10 s", 700, 429, window(100, 10*time.Second), tellQuota("X-HubSpot-RateLimit-Max",
			"X-HubSpot-RateLimit-Remaining", "", nil),
			tellAlways("X-HubSpot-RateLimit-Interval-Milliseconds", "10000")),
		row("NCBI, 3/s, no reset", 90, 429, sliding(3, time.Second), tellQuota("X-RateLimit-Limit",
			"X-RateLimit-Remaining", "", nil)),
		row("NCBI, 3/s, Retry-After 2", 90, 429, sliding(3, time.Second), tellQuota("X-RateLimit-Limit",
			"X-RateLimit-Remaining", "", nil), tellShort(2)),
		row("Crossref, 50 in 1s", 900, 429, window(50, time.Second), tellAlways("X-Rate-Limit-Limit", "50"),
			tellAlways("X-Rate-Limit-Interval", "1s")),
		with(row("SEC, --host-rate 10/s, 403 for 10 min beyond", 300, 403, one(func() apiLimit {
			return &penalty{&slidingWindow{n: 10, w: time.Second}, 10 * minute, time.Time{}}
		})), func(a *api) { a.exact, a.hostRate, a.inOrder = true, 10, true }),
		row("OpenAlex, 403 + Retry-After", 300, 403, sliding(100, 10*time.Second), after(toGo)),
		row("arXiv, 503 + Retry-After, one in 3 s", 30, 503, tokens(1, 1.0/3), after(toGo)),
		row("one in 3 s, Retry-After 1", 30, 429, tokens(1, 1.0/3), tellShort(1)),
		with(row("OpenAI, POST", 350, 429, window(100, minute), after(toGo)),
			func(a *api) { a.post = true }),
		row("Azure, x-ms-retry-after-ms", 350, 429, window(100, minute), tellAfter("X-Ms-Retry-After-Ms", toGoMilli)),
		row("Graph, 2.128", 350, 429, window(100, minute), after(toGoFloat)),
		row("retry-after-ms", 350, 429, window(100, minute), tellAfter("Retry-After-Ms", toGoMilli)),
		row("Camara, 30s", 350, 429, window(100, minute), after(toGoUnit)),
		row("proxy in front, 2, 2", 350, 429, window(100, minute), after(toGoTwice)),
		row("Retry-After, ISO 8601", 350, 429, window(100, minute), after(iso8601)),
		row("MailerLite", 350, 429, window(100, minute), tellAfter("X-RateLimit-Retry-After", toGo)),
		row("Docker Hub, epoch", 350, 429, window(100, minute), tellAfter("X-Retry-After", epochSeconds)),
		row("WSO2, Retry-After date, of a minute", 350, 429, window(100, minute), after(httpDate)),
		with(row("WSO2, date, clock +90 s", 350, 429, window(100, 40*time.Second), after(httpDate)), clock(90)),
		with(row("WSO2, date, clock -90 s", 350, 429, window(100, 40*time.Second), after(httpDate)), clock(-90)),
		row("Anthropic, 529 + retry-after", 350, 529, window(100, minute), after(toGo)),
		row("420 + Retry-After", 350, 420, window(100, minute), after(toGo)),
		row("999 + Retry-After", 350, 999, window(100, minute), after(toGo)),
		with(row("AWS, bare 503 over 50/s", 3000, 503, tokens(50, 50)), func(a *api) { a.ratio = 1.25 }),
		with(row("bare 503 over 50 in any second", 3000, 503, sliding(50, time.Second)), func(a *api) { a.ratio = 1.25 }),
		exact(row("503, remaining 0", 350, 503, window(100, minute), x(epochSeconds))),
		row("503 + Retry-After date", 350, 503, window(100, 40*time.Second), after(httpDate)),
		exact(row("Salesforce, api-usage beside", 350, 429, window(100, minute),
			tellAlways("Sforce-Limit-Info", "api-usage=18/5000"), x(toGo))),
		with(row("X, search is out for longer than max-delay", 215, 429, func(bucket string) []apiLimit {
			if bucket == "search" {
				return window(5, 15*minute)(bucket)
			}
			return window(900, 15*minute)(bucket)
		}, tellQuota("X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset", epochSeconds)), func(a *api) {
			a.server.bucketOf, a.mustLose, a.least = firstSegment, 11, 2*time.Second
			a.paths = func(i int) string {
				if i%14 == 0 {
					return fmt.Sprintf("/search/%d", i)
				}
				return fmt.Sprintf("/users/%d", i)
			}
		}),
		row("bare 429, sliding 50/s", 3000, 429, sliding(50, time.Second)),
		with(row("one page in ten fails at random, 503", 300, 503, tokens(100000, 100000)),
			func(a *api) { a.server.flaky, a.mayLose, a.likePlain = 0.1, 2, true }),
	}
}

// clock sets a server's clock off by some seconds.
func clock(seconds int) func(*api) {
	return func(a *api) { a.server.skew = time.Duration(seconds) * time.Second }
}

// slow makes each exchange take about half a second.
func slow(a *api) { a.latency = 500 * time.Millisecond }
