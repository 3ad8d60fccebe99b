package plan_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// An apiServer is the simulated server of an API, in one run.
type apiServer struct {
	status   int                            // of a refusal
	limits   func(bucket string) []apiLimit // makes those of a bucket
	bucketOf func(path string) string       // nil is one bucket
	tell     []tellHeaders                  // what each answer says
	skew     time.Duration                  // of its clock
	unready  int                            // how many answers to each path are a 202 with Retry-After: 1 at first
	broken   func(path string) bool         // pages whose every answer has status and Retry-After: 5, whatever the limits
	fickle   float64                        // the share of answers that have status and asks, whatever the limits
	prepares int                            // how many answers to each path have status and asks at first
	asks     string                         // the Retry-After of both
	flaky    float64                        // the share of answers that are a 503 without a word, whatever the limits

	buckets map[string][]apiLimit
	asked   map[string]int // by path, where unready is set
}

// A tellHeaders adds to the header of an answer what one family of fields says.
type tellHeaders func(t *telling)

// A telling is what an answer may say. The times are the server's.
type telling struct {
	header   http.Header
	now      time.Time
	ok       bool // the request is allowed
	bucket   string
	policies []tellingPolicy // of each limit of the bucket
	reset    time.Time       // when all of them allow more

	silentUntil time.Time // until when the answer says that there is nothing; zero is not said
}

// A tellingPolicy is the state of one limit after a request has been counted.
type tellingPolicy struct {
	left, limit int
	reset       time.Time
	window      time.Duration
}

// answer counts a request and answers it.
func (s *apiServer) answer(path string, now time.Time, rng *rand.Rand) apiReply {
	bucket := ""
	if s.bucketOf != nil {
		bucket = s.bucketOf(path)
	}
	limits, known := s.buckets[bucket]
	if !known {
		limits = s.limits(bucket)
		if s.buckets == nil {
			s.buckets = make(map[string][]apiLimit)
		}
		s.buckets[bucket] = limits
	}
	if s.flaky > 0 && rng.Float64() < s.flaky {
		return apiReply{status: http.StatusServiceUnavailable, header: http.Header{}, scope: bucket}
	}
	if s.broken != nil && s.broken(path) {
		return apiReply{status: s.status, header: http.Header{"Retry-After": {"5"}}, scope: bucket}
	}
	if s.prepares > 0 {
		s.asked[path]++
	}
	if s.fickle > 0 && rng.Float64() < s.fickle || s.prepares > 0 && s.asked[path] <= s.prepares {
		return apiReply{status: s.status, header: http.Header{"Retry-After": {s.asks}}, scope: bucket}
	}
	ok := takeAll(limits, now)
	t := telling{header: http.Header{}, now: now.Add(s.skew), ok: ok, bucket: bucket}
	for _, limit := range limits {
		p := tellingPolicy{}
		p.left, p.reset = limit.left(now)
		p.limit, p.window = limit.size()
		p.reset = p.reset.Add(s.skew)
		if p.left == 0 && p.reset.After(t.reset) {
			t.reset = p.reset
		}
		t.policies = append(t.policies, p)
	}
	if t.reset.IsZero() {
		t.reset = t.policies[0].reset
	}
	t.header.Set("Date", t.now.UTC().Format(http.TimeFormat))
	for _, tell := range s.tell {
		tell(&t)
	}
	reply := apiReply{status: http.StatusOK, header: t.header, scope: bucket}
	if !t.silentUntil.IsZero() {
		reply.silentUntil = t.silentUntil.Add(-s.skew)
	}
	if ok {
		reply.held = limits
		if s.asked[path]++; s.asked[path] <= s.unready {
			reply.status = http.StatusAccepted
			reply.header.Set("Retry-After", "1")
		}
		return reply
	}
	reply.status, reply.refused = s.status, true
	return reply
}

// takeAll counts a request towards all limits where all allow it; else towards none but those that are out.
func takeAll(limits []apiLimit, now time.Time) bool {
	ok := true
	for _, limit := range limits {
		if left, _ := limit.left(now); left == 0 {
			limit.take(now)
			ok = false
		}
	}
	for _, limit := range limits {
		ok = ok && limit.take(now)
	}
	return ok
}

// A timeFormat writes a time as some APIs do; now is the server's.
type timeFormat func(at, now time.Time) string

func wholeUp(seconds float64) string { return strconv.Itoa(int(math.Ceil(seconds))) }

// The ways in which a reset or a Retry-After is written.
var (
	epochSeconds = func(at, _ time.Time) string { return wholeUp(float64(at.UnixMicro()) / 1e6) }
	epochFloor   = func(at, _ time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
	epochFloat   = func(at, _ time.Time) string { return fmt.Sprintf("%.3f", float64(at.UnixMicro())/1e6) }
	epochMilli   = func(at, _ time.Time) string { return strconv.FormatInt(at.UnixMilli()+1, 10) }
	epochMicro   = func(at, _ time.Time) string { return strconv.FormatInt(at.UnixMicro()+1, 10) }
	epochNano    = func(at, _ time.Time) string { return strconv.FormatInt(at.UnixNano()+1, 10) }
	toGo         = func(at, now time.Time) string { return wholeUp(at.Sub(now).Seconds()) }
	toGoFloor    = func(at, now time.Time) string { return strconv.Itoa(int(at.Sub(now).Seconds())) }
	toGoFloat    = func(at, now time.Time) string { return fmt.Sprintf("%.3f", at.Sub(now).Seconds()+0.001) }
	toGoPointO   = func(at, now time.Time) string { return wholeUp(at.Sub(now).Seconds()) + ".0" }
	toGoUnit     = func(at, now time.Time) string { return wholeUp(at.Sub(now).Seconds()) + "s" }
	toGoTwice    = func(at, now time.Time) string { s := toGo(at, now); return s + ", " + s }
	toGoMilli    = func(at, now time.Time) string { return strconv.FormatInt(at.Sub(now).Milliseconds()+1, 10) }
	toGoGolang   = func(at, now time.Time) string { return (at.Sub(now).Truncate(time.Millisecond) + 1e6).String() }
	iso8601      = func(at, _ time.Time) string { return at.Add(999e6).UTC().Format("2006-01-02T15:04:05Z") }
	iso8601Milli = func(at, _ time.Time) string { return at.Add(1e6).UTC().Format("2006-01-02T15:04:05.000Z") }
	httpDate     = func(at, _ time.Time) string { return at.Add(999e6).UTC().Format(http.TimeFormat) }
	zonedDate    = func(at, _ time.Time) string { return at.Add(999e6).UTC().Format(time.RFC1123Z) }
	jsDate       = func(at, _ time.Time) string {
		return at.Add(999e6).UTC().Format("Mon Jan 02 2006 15:04:05") + " GMT+0000 (Coordinated Universal Time)"
	}
)

// noteQuota notes that the answer tells p, and so where it is out until when.
func (t *telling) noteQuota(p *tellingPolicy) {
	if p.left == 0 && p.reset.After(t.silentUntil) {
		t.silentUntil = p.reset
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// tellQuota is the family of three fields with a number each; "" leaves one out.
func tellQuota(limit, remaining, reset string, format timeFormat) tellHeaders {
	return func(t *telling) {
		p := t.policies[0]
		if reset == "" { // then only that there is nothing now
			p.reset = earlier(p.reset, t.now.Add(time.Second))
		}
		t.noteQuota(&p)
		if limit != "" {
			t.header.Set(limit, strconv.Itoa(p.limit))
		}
		t.header.Set(remaining, strconv.Itoa(p.left))
		if reset != "" {
			t.header.Set(reset, format(p.reset, t.now))
		}
	}
}

// xRateLimit is the most common family.
func xRateLimit(format timeFormat) tellHeaders {
	return tellQuota("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", format)
}

// down is tell with resets that are rounded down: what they tell is over before there is more.
func down(tell tellHeaders) tellHeaders {
	return func(t *telling) {
		tell(t)
		if until := t.silentUntil; !until.IsZero() {
			told := earlier(until.Truncate(time.Second), t.now.Add(until.Sub(t.now).Truncate(time.Second)))
			if least := t.now.Add(time.Second); told.Before(least) {
				told = least
			}
			t.silentUntil = earlier(until, told)
		}
	}
}

// tellAfter is a field of refusals that says when to come again.
func tellAfter(name string, format timeFormat) tellHeaders {
	return func(t *telling) {
		if !t.ok {
			t.header.Set(name, format(t.reset, t.now))
			t.silentUntil = t.reset
		}
	}
}

// tellShort is a Retry-After of seconds that does not say how long it really takes.
func tellShort(seconds int) tellHeaders {
	return func(t *telling) {
		if !t.ok {
			t.header.Set("Retry-After", strconv.Itoa(seconds))
			t.silentUntil = t.now.Add(time.Duration(seconds) * time.Second)
		}
	}
}

// tellDraft is RateLimit and RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers-10, with an item for each limit.
// more is what is added to each item of RateLimit, morePolicy to each of RateLimit-Policy, where %s is the bucket.
func tellDraft(format timeFormat, more, morePolicy string) tellHeaders {
	return func(t *telling) {
		var items, policies []string
		for i := range t.policies {
			p := &t.policies[i]
			t.noteQuota(p)
			items = append(items, fmt.Sprintf(`"p%d";r=%d;t=%s`, i, p.left, format(p.reset, t.now))+fill(more, t.bucket))
			policies = append(policies, fmt.Sprintf(`"p%d";q=%d;w=%d`, i, p.limit, int(p.window.Seconds()))+
				fill(morePolicy, t.bucket))
		}
		t.header.Set("RateLimit", strings.Join(items, ", "))
		t.header.Set("RateLimit-Policy", strings.Join(policies, ", "))
	}
}

func fill(text, bucket string) string { return strings.ReplaceAll(text, "%s", bucket) }

// tellAlways is a field of every answer; %s is the bucket.
func tellAlways(name, value string) tellHeaders {
	return func(t *telling) { t.header.Set(name, fill(value, t.bucket)) }
}

// tellText is a field made of the first limit.
func tellText(name string, text func(p *tellingPolicy, t *telling) string) tellHeaders {
	return func(t *telling) {
		t.noteQuota(&t.policies[0])
		t.header.Set(name, text(&t.policies[0], t))
	}
}
