package plan_test

import (
	"fmt"
	"strconv"
	"time"
)

// githubAPIs are GitHub, as it tells its primary limit.
func githubAPIs() []*api {
	return []*api{
		exact(newAPI("GitHub primary, 403", 350, 403, window(100, minute), xRateLimit(epochSeconds))),
		exact(newAPI("GitHub primary, 429", 350, 429, window(100, minute), xRateLimit(epochSeconds))),
		exact(newAPI("GitHub primary, used by others", 350, 403, halfOver(100, minute), xRateLimit(epochSeconds))),
		with(newAPI("GitHub, all used by others", 150, 403,
			one(func() apiLimit { return &fixedWindow{n: 100, w: minute, used: 100, age: 40 * time.Second} }),
			xRateLimit(epochSeconds)), func(a *api) { a.exact, a.mayRefuse = true, 10 }),
		newAPI("GitHub, reset rounded down, 403", 350, 403, window(100, minute), down(xRateLimit(epochFloor))),
		exact(with(newAPI("GitHub primary, clock +90 s", 350, 403, window(100, minute), xRateLimit(epochSeconds)),
			clock(90))),
		exact(with(newAPI("GitHub primary, clock -90 s", 350, 403, window(100, minute), xRateLimit(epochSeconds)),
			clock(-90))),
		exact(with(newAPI("GitHub's hour, told max-delay 1h", 12000, 403, window(5000, hour), xRateLimit(epochSeconds)),
			func(a *api) { a.maxDelay = hour + minute })),
		with(newAPI("GitHub's hour, defaults", 6000, 403, window(5000, hour), xRateLimit(epochSeconds)),
			func(a *api) { a.mustLose, a.exact = 1000, true }),
	}
}

// vendorAPIs tell a quota exactly, each by fields of its own.
func vendorAPIs() []*api {
	return []*api{
		exact(newAPI("GitLab", 350, 429, window(100, minute), tellQuota("RateLimit-Limit", "RateLimit-Remaining",
			"RateLimit-Reset", epochSeconds), tellAlways("RateLimit-Name", "throttle_authenticated_api"), retryAfter(toGo))),
		exact(newAPI("Okta", 350, 429, window(100, minute),
			tellQuota("X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset", epochSeconds))),
		exact(newAPI("Reddit", 350, 429, window(100, minute), tellText("X-Ratelimit-Remaining",
			func(p *tellingPolicy, _ *telling) string { return fmt.Sprintf("%d.0", p.left) }),
			tellText("X-Ratelimit-Reset", func(p *tellingPolicy, t *telling) string { return toGo(p.reset, t.now) }))),
		exact(newAPI("Jira, ISO 8601", 350, 429, window(100, minute), xRateLimit(iso8601), retryAfter(toGo))),
		exact(newAPI("lemlist, JS date", 350, 429, window(100, minute), xRateLimit(jsDate))),
		exact(newAPI("Prisjakt, ms to go", 350, 429, window(100, minute), xRateLimit(toGoMilli))),
		exact(newAPI("Rocket.Chat, epoch ms", 350, 429, window(100, minute), xRateLimit(epochMilli))),
		exact(newAPI("epoch us", 350, 403, window(100, minute), xRateLimit(epochMicro))),
		exact(newAPI("PUBG, epoch ns", 350, 429, window(100, minute), xRateLimit(epochNano))),
		exact(newAPI("HTTP date", 350, 403, window(100, minute), xRateLimit(httpDate))),
		exact(newAPI("RFC 1123 date with a zone", 350, 403, window(100, minute), xRateLimit(zonedDate))),
		exact(newAPI("Fastly", 350, 429, window(100, minute),
			tellQuota("Fastly-RateLimit-Limit", "Fastly-RateLimit-Remaining", "Fastly-RateLimit-Reset", epochSeconds))),
		exact(newAPI("Akamai", 350, 429, window(100, minute),
			tellQuota("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Next", iso8601Milli))),
		exact(newAPI("Zendesk", 350, 429, window(100, minute),
			tellQuota("X-Rate-Limit", "X-Rate-Limit-Remaining", "", nil),
			tellText("ratelimit-reset", func(p *tellingPolicy, t *telling) string { return toGo(p.reset, t.now) }),
			retryAfter(toGo))),
		exact(newAPI("Zendesk, endpoint", 350, 429, window(100, minute), tellText("Zendesk-RateLimit-Tickets-Index",
			func(p *tellingPolicy, t *telling) string {
				return fmt.Sprintf("total=%d; remaining=%d; resets=%s", p.limit, p.left, toGo(p.reset, t.now))
			}), retryAfter(toGo))),
		exact(newAPI("OpenAI, 6m0s", 350, 429, window(100, minute), tellQuota("X-RateLimit-Limit-Requests",
			"X-RateLimit-Remaining-Requests", "X-RateLimit-Reset-Requests", toGoGolang))),
		with(newAPI("Discord, one bucket", 45, 429, window(5, 5*time.Second), tellQuota("X-RateLimit-Limit",
			"X-RateLimit-Remaining", "X-RateLimit-Reset-After", toGoFloat), tellAlways("X-RateLimit-Bucket", "abcd"),
			retryAfter(toGoFloat)), func(a *api) { a.exact, a.mayRefuse = true, 5 }),
		exact(newAPI("two lines, -1 beside", 350, 429, window(100, minute), func(t *telling) {
			p := &t.policies[0]
			t.noteQuota(p)
			t.header["X-Ratelimit-Remaining"] = []string{"4990", strconv.Itoa(p.left)}
			t.header["X-Ratelimit-Reset"] = []string{toGo(p.reset, t.now)}
		})),
		exact(newAPI("503, remaining 0", 350, 503, window(100, minute), xRateLimit(epochSeconds))),
		exact(newAPI("Salesforce, api-usage beside", 350, 429, window(100, minute),
			tellAlways("Sforce-Limit-Info", "api-usage=18/5000"), xRateLimit(toGo))),
	}
}

// slidingAPIs tell the end of a fixed window, and count a part of the one before: see slidingWindow. Where the first
// request of a window is refused, as there is none left yet, that happens once.
func slidingAPIs() []*api {
	mayRefuse := func(a *api) { a.exact, a.mayRefuse = true, 1 }
	return []*api{
		exact(newAPI("httprate, 60 in 10 s", 600, 429, counter(60, 10*time.Second), xRateLimit(epochSeconds))),
		exact(newAPI("httprate, 100 in a minute", 1000, 429, counter(100, minute), xRateLimit(epochSeconds))),
		with(newAPI("httprate, 30 in a minute", 300, 429, counter(30, minute), xRateLimit(epochSeconds)), mayRefuse),
		with(newAPI("httprate, 10 in 20 s", 400, 429, counter(10, 20*time.Second), xRateLimit(epochSeconds)), mayRefuse),
		exact(newAPI("httprate, 1000 in 2 s", 20000, 429, counter(1000, 2*time.Second), xRateLimit(epochSeconds))),
		exact(newAPI("httprate, 20 in 2 s", 600, 429, counter(20, 2*time.Second), xRateLimit(epochSeconds))),
		exact(newAPI("Fiber, 60 in 10 s", 600, 429, counter(60, 10*time.Second), xRateLimit(toGo))),
		with(newAPI("Fiber, 60 in 10 s, told while allowed", 600, 429, counter(60, 10*time.Second), retryAfter(toGo),
			func(t *telling) {
				if t.ok {
					xRateLimit(toGo)(t)
				}
			}), mayRefuse),
		exact(newAPI("Fiber, 10 in 1 s", 300, 429, counter(10, time.Second), xRateLimit(toGo))),
	}
}

// draftAPIs send RateLimit and RateLimit-Policy.
func draftAPIs() []*api {
	return []*api{
		exact(newAPI("Cloudflare, draft", 350, 429, window(100, minute), plainDraft(toGo), retryAfter(toGo))),
		exact(newAPI("draft, 403", 350, 403, window(100, minute), plainDraft(toGo))),
		newAPI("draft, t rounded down to 0, 403", 350, 403, window(30, 4*time.Second), down(plainDraft(toGoFloor))),
		exact(newAPI("draft, sliding", 350, 429, sliding(100, minute), plainDraft(toGo))),
		with(newAPI("draft, two policies, 403", 60, 403, func(string) []apiLimit {
			return []apiLimit{&fixedWindow{n: 15, w: time.Second}, &fixedWindow{n: 200, w: minute}}
		}, plainDraft(toGo)), func(a *api) { a.exact = true }),
		with(newAPI("draft, hour and minute, 429", 350, 429, func(string) []apiLimit {
			return []apiLimit{&fixedWindow{n: 60, w: minute}, &fixedWindow{n: 5000, w: hour}}
		}, plainDraft(toGo)), func(a *api) { a.exact = true }),
		newAPI("draft, bucket of 20, 1/s, t to the next", 100, 429, tokens(20, 1), plainDraft(toGo)),
		newAPI("Retry-After wins over RateLimit", 60, 429, tokens(20, 10), func(t *telling) {
			if !t.ok {
				t.header.Set("RateLimit", `"default";r=0;t=20`)
			}
		}, tellShort(1)),
		exact(newAPI("draft, qu=content-bytes beside", 350, 429, window(100, minute), func(t *telling) {
			p := &t.policies[0]
			t.noteQuota(p)
			t.header.Set("RateLimit", fmt.Sprintf(`"bytes";r=1;t=3600, "n";r=%d;t=%s`, p.left, toGo(p.reset, t.now)))
			t.header.Set("RateLimit-Policy", `"bytes";q=1000000;w=3600;qu="content-bytes", "n";q=100;w=60`)
		})),
	}
}

// bucketAPIs have a limit for each endpoint, resource or partition key.
func bucketAPIs() []*api {
	return []*api{
		with(newAPI("GitHub core and search", 330, 403, func(bucket string) []apiLimit {
			if bucket == "search" {
				return window(10, minute)(bucket)
			}
			return window(5000, hour)(bucket)
		}, xRateLimit(epochSeconds), tellAlways("X-RateLimit-Resource", "%s")), func(a *api) {
			a.exact, a.server.bucketOf = true, firstSegment
			a.paths = func(i int) string {
				if i%11 == 0 {
					return fmt.Sprintf("/search/%d", i)
				}
				return fmt.Sprintf("/repos/%d", i)
			}
		}),
		with(newAPI("Discord, twenty channels", 400, 429, window(5, 5*time.Second), tellQuota("X-RateLimit-Limit",
			"X-RateLimit-Remaining", "X-RateLimit-Reset-After", toGoFloat), tellAlways("X-RateLimit-Bucket", "b%s"),
			retryAfter(toGoFloat)), func(a *api) {
			a.server.bucketOf = channelOf
			a.paths = func(i int) string { return fmt.Sprintf("/channels/%d/messages/%d", i%20, i) }
		}),
		with(newAPI("X, by endpoint, search is out", 215, 429, func(bucket string) []apiLimit {
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
		with(newAPI("draft, pk", 120, 429, window(10, 10*time.Second), tellDraft(toGo, ";pk=:%s:", ";pk=:%s:"),
			retryAfter(toGo)),
			func(a *api) {
				a.server.bucketOf = firstSegment
				a.paths = func(i int) string { return fmt.Sprintf("/k%03d/%d", i%4, i) }
			}),
		with(newAPI("X, search is out for longer than max-delay", 215, 429, func(bucket string) []apiLimit {
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
	}
}

// shortAPIs have windows in which whole seconds are coarse.
func shortAPIs() []*api {
	return []*api{
		exact(newAPI("30 in 4 s, epoch", 100, 403, window(30, 4*time.Second), xRateLimit(epochSeconds))),
		exact(newAPI("20 in 2 s of the clock, epoch", 400, 429, one(func() apiLimit {
			return &fixedWindow{n: 20, w: 2 * time.Second, age: 370 * time.Millisecond}
		}), xRateLimit(epochSeconds))),
		exact(newAPI("30 in 4 s, to go", 100, 403, window(30, 4*time.Second), xRateLimit(toGo))),
		exact(newAPI("30 in 4 s, ms to go (Prisjakt)", 100, 429, window(30, 4*time.Second), xRateLimit(toGoMilli))),
		exact(newAPI("30 in 4 s, ISO 8601", 100, 429, window(30, 4*time.Second), xRateLimit(iso8601))),
		exact(newAPI("30 in 4 s, draft", 100, 403, window(30, 4*time.Second), plainDraft(toGo))),
		newAPI("30 in 4 s, epoch rounded down, 403", 300, 403, window(30, 4*time.Second), down(xRateLimit(epochFloor))),
		with(newAPI("reset is the Date (octokit), used by others", 40, 403, one(func() apiLimit {
			return &fixedWindow{n: 30, w: 1500 * time.Millisecond, used: 30}
		}), func(t *telling) {
			format := epochSeconds
			if !t.ok {
				format = func(_, now time.Time) string { return epochFloor(now, now) }
			}
			if xRateLimit(format)(t); !t.ok {
				t.silentUntil = t.now.Add(time.Second)
			}
		}), func(a *api) { a.mayRefuse = 10 }),
		with(newAPI("20 in 3 s, Retry-After date, clock +90 s", 50, 429, window(20, 3*time.Second), retryAfter(httpDate)),
			clock(90)),
		newAPI("20 in 8 s, Retry-After 0.503", 40, 429, window(20, 8*time.Second), retryAfter(toGoFloat)),
		newAPI("bucket of 20, 10/s, 529 + Retry-After 2", 70, 529, tokens(20, 10), tellShort(2)),
	}
}
