package plan_test

import (
	"fmt"
	"time"
)

// roughAPIs tell their limit roughly, or how long it lasts and no quota.
func roughAPIs() []*api {
	return []*api{
		newAPI("GitHub secondary, 403 + Retry-After", 240, 403, one(func() apiLimit {
			return &penalty{apiLimit: &fixedWindow{n: 80, w: minute}}
		}), tellAlways("X-RateLimit-Remaining", "4321"), tellAlways("X-RateLimit-Limit", "5000"), retryAfter(toGo)),
		newAPI("Shopify REST, 2.0", 190, 429, tokens(40, 2), tellText("X-Shopify-Shop-Api-Call-Limit",
			func(p *tellingPolicy, _ *telling) string { return fmt.Sprintf("%d/%d", p.limit-p.left, p.limit) }),
			retryAfter(toGoPointO)),
		with(newAPI("GitHub statistics, 202 five times", 60, 429, window(5000, hour)), func(a *api) {
			a.exact, a.server.unready, a.least = true, 5, 5*time.Second
		}),
		newAPI("Slack, Retry-After", 200, 429, window(50, minute), retryAfter(toGo)),
		newAPI("HubSpot, 100 in 10 s", 700, 429, window(100, 10*time.Second), tellQuota("X-HubSpot-RateLimit-Max",
			"X-HubSpot-RateLimit-Remaining", "", nil),
			tellAlways("X-HubSpot-RateLimit-Interval-Milliseconds", "10000")),
		newAPI("Crossref, 50 in 1s", 900, 429, window(50, time.Second), tellAlways("X-Rate-Limit-Limit", "50"),
			tellAlways("X-Rate-Limit-Interval", "1s")),
		newAPI("restify, 20 a second and 10 at once", 600, 429, tokens(10, 20), tellQuota("X-RateLimit-Limit",
			"X-RateLimit-Remaining", "", nil), tellAlways("X-RateLimit-Rate", "20")),
		newAPI("OpenAlex, 403 + Retry-After", 300, 403, sliding(100, 10*time.Second), retryAfter(toGo)),
		with(newAPI("arXiv, 503 + Retry-After, one in 3 s", 30, 503, tokens(1, 1.0/3), retryAfter(toGo)),
			func(a *api) { a.mayRefuse = 10 + 30 }), // each that is allowed may be followed by one that is not
		with(newAPI("5/s, one at a time, Retry-After 1", 100, 429, tokens(1, 5), tellShort(1)),
			func(a *api) { a.ratio = 2 }), // each refusal costs five of its tokens
		with(newAPI("one in 3 s, Retry-After 1", 30, 429, tokens(1, 1.0/3), tellShort(1)),
			func(a *api) { a.mayRefuse = 10 + 2*30 }), // after each second that is told one may ask
		with(newAPI("each second one, Retry-After 1 (a mock of Mockoon)", 60, 429, one(func() apiLimit {
			return new(upAndDown)
		}), tellShort(1)), func(a *api) { a.mayRefuse = 10 + 2*60 }),
		with(newAPI("up and down, Retry-After 1", 600, 429, one(func() apiLimit {
			return &upAndDown{turn: 1500 * time.Millisecond}
		}), tellShort(1)), func(a *api) { a.mayRefuse, a.ratio = 200, 12 }), // about 50 s until that is known
	}
}

// afterAPIs tell by refusals when to come again, each in its own spelling.
func afterAPIs() []*api {
	return []*api{
		with(newAPI("OpenAI, POST", 350, 429, window(100, minute), retryAfter(toGo)),
			func(a *api) { a.post = true }),
		newAPI("Azure, x-ms-retry-after-ms", 350, 429, window(100, minute), tellAfter("X-Ms-Retry-After-Ms", toGoMilli)),
		newAPI("Graph, 2.128", 350, 429, window(100, minute), retryAfter(toGoFloat)),
		newAPI("retry-after-ms", 350, 429, window(100, minute), tellAfter("Retry-After-Ms", toGoMilli)),
		newAPI("Camara, 30s", 350, 429, window(100, minute), retryAfter(toGoUnit)),
		newAPI("proxy in front, 2, 2", 350, 429, window(100, minute), retryAfter(toGoTwice)),
		newAPI("Retry-After, ISO 8601", 350, 429, window(100, minute), retryAfter(iso8601)),
		newAPI("MailerLite", 350, 429, window(100, minute), tellAfter("X-RateLimit-Retry-After", toGo)),
		newAPI("Docker Hub, epoch", 350, 429, window(100, minute), tellAfter("X-Retry-After", epochSeconds)),
		newAPI("WSO2, Retry-After date, of a minute", 350, 429, window(100, minute), retryAfter(httpDate)),
		with(newAPI("WSO2, date, clock +90 s", 350, 429, window(100, 40*time.Second), retryAfter(httpDate)), clock(90)),
		with(newAPI("WSO2, date, clock -90 s", 350, 429, window(100, 40*time.Second), retryAfter(httpDate)), clock(-90)),
		newAPI("Anthropic, 529 + retry-after", 350, 529, window(100, minute), retryAfter(toGo)),
		newAPI("420 + Retry-After", 350, 420, window(100, minute), retryAfter(toGo)),
		newAPI("999 + Retry-After", 350, 999, window(100, minute), retryAfter(toGo)),
		newAPI("503 + Retry-After date", 350, 503, window(100, 40*time.Second), retryAfter(httpDate)),
	}
}

// bareWindow is an API that answers 503 without Retry-After until its next window.
func bareWindow(requests int, limits func(string) []apiLimit) *api {
	limit := limits("")[0]
	n, w := limit.size()
	return with(newAPI(fmt.Sprintf("bare 503 over %d in %s, %T", n, w, limit), requests, 503, limits), func(a *api) {
		a.mayRefuse, a.mayLose, a.ratio = requests, requests/100, 1.25
	})
}

// bareAPIs do not tell when to come again.
func bareAPIs() []*api {
	return []*api{
		newAPI("Stripe, bare 429, 25/s", 800, 429, tokens(25, 25)),
		with(newAPI("Stripe, concurrency 4", 200, 429, atOnce(4)), slow),
		with(newAPI("draft, concurrent-requests 3", 200, 429, atOnce(3), func(t *telling) {
			t.header.Set("RateLimit", fmt.Sprintf(`"c";r=%d`, t.policies[0].left))
			t.header.Set("RateLimit-Policy", `"c";q=3;qu="concurrent-requests"`)
		}), slow),
		newAPI("NCBI, 3/s, no reset", 90, 429, sliding(3, time.Second), tellQuota("X-RateLimit-Limit",
			"X-RateLimit-Remaining", "", nil)),
		newAPI("NCBI, 3/s, Retry-After 2", 90, 429, sliding(3, time.Second), tellQuota("X-RateLimit-Limit",
			"X-RateLimit-Remaining", "", nil), tellShort(2)),
		with(newAPI("SEC, --host-rate 10/s, 403 for 10 min beyond", 300, 403, one(func() apiLimit {
			return &penalty{&slidingWindow{n: 10, w: time.Second}, 10 * minute, time.Time{}}
		})), func(a *api) { a.exact, a.hostRate, a.inOrder = true, 10, true }),
		with(newAPI("AWS, bare 503 over 50/s", 3000, 503, tokens(50, 50)), func(a *api) { a.ratio = 1.25 }),
		with(newAPI("bare 503 over 50 in any second", 3000, 503, sliding(50, time.Second)), func(a *api) { a.ratio = 1.25 }),
		with(newAPI("bare 503 over two at once (limit_conn of nginx)", 1000, 503, atOnce(2)), func(a *api) {
			slow(a)
			a.mayRefuse, a.mayLose = 1000, 5 // 200 were lost
		}),
		with(newAPI("bare 503 over 1/s, burst 3 (limit_req of nginx)", 200, 503, tokens(3, 1)),
			func(a *api) { a.mayRefuse, a.mayLose = 130, 2 }), // 14 were lost
		bareWindow(200, window(20, 10*time.Second)),  // 120 were lost
		bareWindow(1000, window(50, 10*time.Second)), // 500
		bareWindow(500, window(100, minute)),         // 200
		bareWindow(200, window(60, minute)),          // 80
		bareWindow(200, sliding(20, 10*time.Second)), // 120
		with(newAPI("bare 503 over 12 a minute", 200, 503, tokens(1, 0.2)), func(a *api) { a.mayRefuse, a.mayLose = 130, 2 }),
		with(newAPI("bare 429, 30 until none comes for 5 s (flask-limiter, elastic)", 200, 429, one(func() apiLimit {
			return &elasticWindow{n: 30, w: 5 * time.Second}
		})), func(a *api) { a.ratio = 3.5 }), // it was 5
		newAPI("bare 429, sliding 50/s", 3000, 429, sliding(50, time.Second)),
		with(newAPI("one page in ten fails at random, 503", 300, 503, tokens(100000, 100000)),
			func(a *api) { a.server.flaky, a.mayLose, a.likePlain = 0.1, 2, true }),
	}
}
