package plan_test

import (
	"fmt"
	"slices"
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

func counter(n int, w time.Duration) func(string) []apiLimit {
	return one(func() apiLimit { return &slidingCounter{n: n, w: w} })
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

// newAPI returns an API that has a limit for all its requests.
func newAPI(name string, requests, status int, limits func(string) []apiLimit, tell ...tellHeaders) *api {
	return &api{name: name, requests: requests, server: apiServer{status: status, limits: limits, tell: tell}}
}

// exact says that the quota of an API is told exactly.
func exact(a *api) *api { return with(a, func(a *api) { a.exact = true }) }

// with changes an API.
func with(a *api, change func(*api)) *api {
	change(a)
	return a
}

func retryAfter(format timeFormat) tellHeaders { return tellAfter("Retry-After", format) }
func plainDraft(format timeFormat) tellHeaders { return tellDraft(format, "", "") }

// apis returns the APIs that are played. What each sends is what its documentation says, or reports of its users.
func apis() []*api {
	return slices.Concat(githubAPIs(), vendorAPIs(), draftAPIs(), bucketAPIs(), shortAPIs(), roughAPIs(), afterAPIs(),
		slidingAPIs(), bareAPIs(), gatewayAPIs(), ratelessAPIs())
}

// gatewayAPIs have pages that fail, for which their gateway asks for a wait, as Varnish does.
func gatewayAPIs() []*api {
	broken := func(requests, first, every, status int, most time.Duration) *api {
		name := fmt.Sprintf("%d + Retry-After: 5, a page in %d from %d on", status, every, first)
		return with(newAPI(name, requests, status, atOnce(100)), func(a *api) {
			a.server.broken = func(path string) bool {
				i, _ := strconv.Atoi(strings.TrimPrefix(path, "/items/"))
				return i >= first && (i-first)%every == 0
			}
			a.mayLose = (requests-first-1)/every + 1
			a.least, a.ratio = most, 1
		})
	}
	return []*api{
		broken(200, 20, 40, 503, minute), broken(20, 3, 9, 503, 2*minute), broken(3000, 5, 100, 503, 2*minute),
		broken(1000, 900, 10, 503, 90*time.Second), broken(300, 3, 3, 503, 4*minute),
		broken(60, 3, 3, 429, hour),
	}
}

// clock sets a server's clock off by some seconds.
func clock(seconds int) func(*api) {
	return func(a *api) { a.server.skew = time.Duration(seconds) * time.Second }
}

// slow makes each exchange take about half a second.
func slow(a *api) { a.latency = 500 * time.Millisecond }

// ratelessAPIs answer some requests by 503 with Retry-After whatever their rate; the last ones do for a limit, and ask
// for less than it takes.
func ratelessAPIs() []*api {
	rateless := func(name, asks string, requests int, least time.Duration, change func(*apiServer)) *api {
		return with(newAPI("503 + Retry-After: "+asks+", "+name, requests, 503, atOnce(100)), func(a *api) {
			a.server.asks = asks
			change(&a.server)
			a.least, a.ratio = least, 1
		})
	}
	limited := func(name string, requests, mayRefuse, mayAsk int, limits func(string) []apiLimit) *api {
		return with(newAPI("503 + Retry-After: 1, "+name, requests, 503, limits, tellShort(1)), func(a *api) {
			a.mayRefuse, a.mayAsk = mayRefuse, mayAsk
		})
	}
	return []*api{
		rateless("three in ten", "1", 1000, 5*minute, func(s *apiServer) { s.fickle = 0.3 }),
		rateless("three in ten", "5", 1000, 15*minute, func(s *apiServer) { s.fickle = 0.3 }),
		rateless("six in ten", "1", 400, 5*minute, func(s *apiServer) { s.fickle = 0.6 }),
		rateless("the first two of each page", "1", 300, minute, func(s *apiServer) { s.prepares = 2 }),
		rateless("the first four of each page", "1", 300, 2*minute, func(s *apiServer) { s.prepares = 4 }),
		limited("20 in 10 s", 300, 120, 50, window(20, 10*time.Second)),
		limited("one in 5 s", 40, 160, 120, tokens(1, 0.2)), // 160 are refused to who asks each second
		limited("2 in 5 s", 80, 160, 120, window(2, 5*time.Second)),
	}
}
