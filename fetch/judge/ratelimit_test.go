package judge

import (
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The times that the tables of this file use, as servers write them.
var (
	inMinute      = strconv.FormatInt(judgedAt.Add(time.Minute).Unix(), 10)
	inMinuteMilli = strconv.FormatInt(judgedAt.Add(time.Minute).UnixMilli(), 10)
	inMinuteMicro = strconv.FormatInt(judgedAt.Add(time.Minute).UnixMicro(), 10)
	inMinuteNano  = strconv.FormatInt(judgedAt.Add(time.Minute).UnixNano(), 10)
)

// A limitRow is header fields and the quotas that they tell. Policy is compared only where the row has one.
type limitRow struct {
	name    string // with an API that sends it
	headers []string
	want    []Quota
	bucket  string
}

func checkLimitRows(t *testing.T, rows []limitRow) {
	t.Helper()
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			told := readLimits(status(200, tt.headers...).Header, judgedAt)
			got := told.quotas
			for i := range got {
				if i < len(tt.want) && tt.want[i].Policy == "" {
					got[i].Policy = ""
				}
				got[i].Rounded, got[i].Unitless = false, false // TestHowResetsAreTold
			}
			if !reflect.DeepEqual(got, tt.want) || told.bucket != tt.bucket {
				t.Errorf("%v says\n%+v of %q, want\n%+v of %q", tt.headers, got, told.bucket, tt.want, tt.bucket)
			}
		})
	}
}

// xLimit returns X-RateLimit fields.
func xLimit(limit, remaining, reset string) []string {
	return []string{"X-RateLimit-Limit", limit, "X-RateLimit-Remaining", remaining, "X-RateLimit-Reset", reset}
}

// TestHowResetsAreTold: a reset that is computed from a time may be rounded, one that is a number alone may be of
// another unit than seconds.
func TestHowResetsAreTold(t *testing.T) {
	for _, tt := range []struct {
		headers           []string
		rounded, unitless bool
	}{
		{headers: xLimit("60", "7", "60"), unitless: true},
		{headers: xLimit("60", "7", "60.5"), unitless: true},
		{headers: xLimit("60", "7", "1m0s")},
		{headers: []string{"X-RateLimit-Remaining", "7", "X-RateLimit-Reset-Ms", "900"}},
		{headers: append(xLimit("60", "7", "60000"), "X-RateLimit-Window", "90")},
		{headers: xLimit("60", "7", inMinute), rounded: true},
		{headers: xLimit("60", "7", inMinuteMilli), rounded: true},
		{headers: xLimit("60", "7", "2026-01-02T12:01:00Z"), rounded: true},
		{headers: xLimit("60", "0", "0"), rounded: true},
		{headers: xLimit("60", "0", "never"), rounded: true},
		{headers: []string{"X-RateLimit-Used", "7", "X-RateLimit-Limit", "60", "X-RateLimit-Reset", "60"}, unitless: true},
		{headers: append(xLimit("60", "7", inMinute), "RateLimit-Limit", "60", "RateLimit-Remaining", "7",
			"RateLimit-Reset", "59")}, // the time says that 59 is no number of milliseconds
		{headers: []string{"RateLimit", `"a";r=7;t=60`}},
		{headers: []string{"RateLimit", `"a";r=0;t=60`}},
		{headers: []string{"RateLimit", `"a";r=0;t=0`}, rounded: true},
		{headers: []string{"RateLimit", `"a";r=0`, "RateLimit-Policy", `"a";q=9;w=5`}, rounded: true},
	} {
		q := readLimits(status(200, tt.headers...).Header, judgedAt).quotas[0]
		if q.Rounded != tt.rounded || q.Unitless != tt.unitless {
			t.Errorf("%v: %+v", tt.headers, q)
		}
	}
}

// TestStructuredLimits: the RateLimit field of draft-ietf-httpapi-ratelimit-headers-10 and of earlier drafts.
func TestStructuredLimits(t *testing.T) {
	const second = time.Second
	checkLimitRows(t, []limitRow{
		{name: "the field alone", headers: []string{"RateLimit", `"default";r=50;t=30`},
			want: []Quota{{Policy: "default", Remaining: 50, Reset: 30 * second}}},
		{name: "with its policy (Cloudflare)", headers: []string{"RateLimit", `"burst";r=50;t=30`, "RateLimit-Policy",
			`"burst";q=100;w=60`}, want: []Quota{{Remaining: 50, Reset: 30 * second, Limit: 100, Interval: time.Minute}}},
		{name: "each policy is a quota", headers: []string{"RateLimit", `"burst";r=5;t=1, "minute";r=190;t=60`,
			"RateLimit-Policy", `"burst";q=15;w=1, "minute";q=200;w=60`}, want: []Quota{
			{Policy: "burst", Remaining: 5, Reset: second, Limit: 15, Interval: second},
			{Policy: "minute", Remaining: 190, Reset: time.Minute, Limit: 200, Interval: time.Minute}}},
		{name: "in two lines", headers: []string{"RateLimit", `"a";r=100;t=1`, "RateLimit", `"b";r=1;t=1`},
			want: []Quota{{Policy: "a", Remaining: 100, Reset: second}, {Policy: "b", Remaining: 1, Reset: second}}},
		{name: "without a reset", headers: []string{"RateLimit", `"a";r=3`, "RateLimit-Policy", `"a";q=10;w=5`},
			want: []Quota{{Remaining: 3, Limit: 10, Interval: 5 * second}}},
		{name: "spent without a reset: the window", headers: []string{"RateLimit", `"a";r=0`, "RateLimit-Policy",
			`"a";q=10;w=5`}, want: []Quota{{Reset: 5 * second, Limit: 10, Interval: 5 * second}}},
		{name: "spent without either", headers: []string{"RateLimit", `"a";r=0`}, want: []Quota{{Reset: second}}},
		{name: "spent, and t=0", headers: []string{"RateLimit", `"a";r=0;t=0`}, want: []Quota{{Reset: second}}},
		{name: "a name with separators in it", headers: []string{"RateLimit", `"a,b;r=7;\"";r=3;t=4`},
			want: []Quota{{Remaining: 3, Reset: 4 * second}}},
		{name: "a partition", headers: []string{"RateLimit", `"a";r=3;t=4;pk=:Zm9v:;x=?1`},
			want: []Quota{{Remaining: 3, Reset: 4 * second}}, bucket: "Zm9v"},
		{name: "the policy's partition", headers: []string{"RateLimit", `"a";r=3;t=4`, "RateLimit-Policy",
			`"a";q=9;pk=:Zm9v:`}, want: []Quota{{Remaining: 3, Reset: 4 * second, Limit: 9}}, bucket: "Zm9v"},
		{name: "bytes are no requests", headers: []string{"RateLimit", `"a";r=1;t=4, "b";r=5;t=1`, "RateLimit-Policy",
			`"a";q=999;w=9;qu="content-bytes", "b";q=9;w=1;qu="requests"`},
			want: []Quota{{Policy: "b", Remaining: 5, Reset: second, Limit: 9, Interval: second}}},
		{name: "no bytes are left", headers: []string{"RateLimit", `"a";r=0;t=4`, "RateLimit-Policy",
			`"a";q=999;w=9;qu="content-bytes"`}, want: []Quota{{Reset: 4 * second, Limit: 999, Interval: 9 * second}}},
		{name: "requests at once", headers: []string{"RateLimit", `"a";r=0`, "RateLimit-Policy",
			`"a";q=5;qu="concurrent-requests"`}, want: []Quota{{Limit: 5, Concurrent: true}}},
		{name: "an earlier draft's members", headers: []string{"RateLimit", "limit=100, remaining=7, reset=5"},
			want: []Quota{{Remaining: 7, Reset: 5 * second, Limit: 100}}},
		{name: "older fields beside it", headers: []string{"RateLimit", `"a";r=3;t=4`, "RateLimit-Remaining", "9",
			"RateLimit-Reset", "9"}, want: []Quota{{Remaining: 3, Reset: 4 * second}}},
		{name: "the same again with a time (express-rate-limit)", headers: append(xLimit("10", "4", inMinute), "RateLimit",
			`"10-in-1min"; r=4; t=59`, "RateLimit-Policy", `"10-in-1min"; q=10; w=60`),
			want: []Quota{{Policy: "10-in-1min", Remaining: 4, Reset: 59 * second, Limit: 10, Interval: time.Minute}}},
		{name: "the same of an earlier draft", headers: append(xLimit("10", "0", inMinute), "RateLimit",
			"limit=10, remaining=0, reset=58"), want: []Quota{{Reset: 58 * second, Limit: 10}}},
		{name: "the same by Retry-After in an accepted response (rate-limiter-flexible 11.4)", headers: append(
			xLimit("10", "4", inMinute), "Retry-After", "58.741"),
			want: []Quota{{Remaining: 4, Reset: 58741 * time.Millisecond, Limit: 10}}},
		{name: "the same, where nothing is left", headers: append(xLimit("10", "0", inMinute), "Retry-After", "58.3"),
			want: []Quota{{Reset: 58300 * time.Millisecond, Limit: 10}}},
		{name: "a Retry-After that says something else", headers: append(xLimit("10", "4", inMinute), "Retry-After", "5"),
			want: []Quota{{Remaining: 4, Reset: time.Minute, Limit: 10}}},
		{name: "another limit with a time", headers: append(xLimit("90", "4", inMinute), "RateLimit", `"a"; r=4; t=59`,
			"RateLimit-Policy", `"a"; q=10; w=60`), want: []Quota{
			{Policy: "X-Ratelimit-Remaining", Remaining: 4, Reset: time.Minute, Limit: 90},
			{Policy: "a", Remaining: 4, Reset: 59 * second, Limit: 10, Interval: time.Minute}}},
		{name: "a reset of years for a window of seconds", headers: []string{"RateLimit", `"a";r=3;t=99999999`,
			"RateLimit-Policy", `"a";q=9;w=5`}, want: []Quota{{Remaining: 3, Limit: 9, Interval: 5 * second}}},
		{name: "a reset without end", headers: []string{"RateLimit", `"a";r=0;t=999999999999999`},
			want: []Quota{{Reset: second}}},
		{name: "no number", headers: []string{"RateLimit", `"a";r=many;t=4`}},
		{name: "a negative number", headers: []string{"RateLimit", `"a";r=-1;t=4`}},
	})
}

// TestPlainLimits: fields with a number each, as real APIs spell them.
func TestPlainLimits(t *testing.T) {
	const second = time.Second
	seven := []Quota{{Remaining: 7, Reset: time.Minute, Limit: 60}}
	checkLimitRows(t, []limitRow{
		{name: "nothing"},
		{name: "an earlier draft", headers: []string{"RateLimit-Limit", "60", "RateLimit-Remaining", "7",
			"RateLimit-Reset", "60"}, want: seven},
		{name: "a limit with its policy behind", headers: []string{"RateLimit-Limit", "60, 60;w=90",
			"RateLimit-Remaining", "7", "RateLimit-Reset", "60"},
			want: []Quota{{Remaining: 7, Reset: time.Minute, Limit: 60, Interval: 90 * second}}},
		{name: "a window behind the number (Docker Hub)", headers: []string{"RateLimit-Limit", "100;w=21600",
			"RateLimit-Remaining", "76;w=21600"}, want: []Quota{{Remaining: 76, Limit: 100, Interval: 6 * time.Hour}}},
		{name: "seconds (many)", headers: xLimit("60", "7", "60"), want: seven},
		{name: "a fraction of a second", headers: xLimit("60", "7", "0.25"),
			want: []Quota{{Remaining: 7, Reset: second / 4, Limit: 60}}},
		{name: "a Unix time (GitHub)", headers: append(xLimit("60", "7", inMinute), "X-RateLimit-Used", "53",
			"X-RateLimit-Resource", "core"), want: seven, bucket: "core"},
		{name: "in ms (Rocket.Chat)", headers: xLimit("60", "7", inMinuteMilli), want: seven},
		{name: "in µs", headers: xLimit("60", "7", inMinuteMicro), want: seven},
		{name: "in ns (PUBG)", headers: xLimit("60", "7", inMinuteNano), want: seven},
		{name: "ISO 8601 (Jira)", headers: append(xLimit("60", "7", "2026-01-02T12:01Z"), "X-RateLimit-NearLimit", "true"),
			want: seven},
		{name: "ISO 8601 with seconds (Jira)", headers: xLimit("60", "7", "2026-01-02T12:01:00Z"), want: seven},
		{name: "a date (GitLab's ResetTime)", headers: []string{"RateLimit-Limit", "60", "RateLimit-Observed", "53",
			"RateLimit-Remaining", "7", "RateLimit-ResetTime", "Fri, 02 Jan 2026 12:01:00 GMT", "RateLimit-Name",
			"throttle_authenticated_api"}, want: seven, bucket: "throttle_authenticated_api"},
		{name: "RFC 1123 with a zone", headers: xLimit("60", "7", "Fri, 02 Jan 2026 13:01:00 +0100"), want: seven},
		{name: "JavaScript's date (lemlist)",
			headers: xLimit("60", "7", "Fri Jan 02 2026 12:01:00 GMT+0000 (Coordinated Universal Time)"), want: seven},
		{name: "units (OpenAI)", headers: []string{"x-ratelimit-limit-requests", "60", "x-ratelimit-remaining-requests",
			"7", "x-ratelimit-reset-requests", "1m0s", "x-ratelimit-limit-tokens", "1000",
			"x-ratelimit-remaining-tokens", "900", "x-ratelimit-reset-tokens", "6m0s"}, want: seven},
		{name: "no tokens left (OpenAI)", headers: []string{"x-ratelimit-remaining-tokens", "0",
			"x-ratelimit-reset-tokens", "1500ms"}, want: []Quota{{Reset: 1500 * time.Millisecond}}},
		{name: "milliseconds (OpenAI)", headers: []string{"x-ratelimit-remaining-requests", "7",
			"x-ratelimit-reset-requests", "12ms"}, want: []Quota{{Remaining: 7, Reset: 12 * time.Millisecond}}},
		{name: "-1 for not known (Azure OpenAI)", headers: []string{"x-ratelimit-remaining-requests", "-1"}},
		{name: "-1 for none left", headers: xLimit("60", "-1", "60"),
			want: []Quota{{Reset: time.Minute, Limit: 60}}},
		{name: "a fraction of none (Reddit)", headers: []string{"x-ratelimit-used", "14", "x-ratelimit-remaining",
			"586.0", "x-ratelimit-reset", "60"}, want: []Quota{{Remaining: 586, Reset: time.Minute}}},
		{name: "in another spelling (X, Okta)", headers: []string{"x-rate-limit-limit", "60", "x-rate-limit-remaining",
			"7", "x-rate-limit-reset", inMinute}, want: seven},
		{name: "two in a field", headers: xLimit("5000, 15", "4990, 12", "3600, 1"), want: []Quota{
			{Policy: "X-Ratelimit-Remaining", Remaining: 4990, Reset: time.Hour, Limit: 5000},
			{Policy: "X-Ratelimit-Remaining#1", Remaining: 12, Reset: second, Limit: 15}}},
		{name: "two lines", headers: append(xLimit("60", "7", "60"), "X-RateLimit-Remaining", "3"), want: []Quota{
			{Policy: "X-Ratelimit-Remaining", Remaining: 7, Reset: time.Minute, Limit: 60},
			{Policy: "X-Ratelimit-Remaining#1", Remaining: 3, Reset: time.Minute}}},
		{name: "two spellings at once (Zendesk)", headers: []string{"X-Rate-Limit", "60", "X-Rate-Limit-Remaining", "7",
			"RateLimit-Limit", "60", "RateLimit-Remaining", "7", "RateLimit-Reset", "60"}, want: []Quota{
			{Policy: "Ratelimit-Remaining", Remaining: 7, Reset: time.Minute, Limit: 60},
			{Policy: "X-Rate-Limit-Remaining", Remaining: 7, Reset: time.Minute, Limit: 60}}},
		{name: "an endpoint's (Zendesk)", headers: []string{"zendesk-ratelimit-tickets-index",
			"total=60; remaining=7; resets=60"}, want: seven, bucket: "Zendesk-Ratelimit-Tickets-Index"},
		{name: "a name for each window (HubSpot)", headers: []string{"X-HubSpot-RateLimit-Max", "60",
			"X-HubSpot-RateLimit-Remaining", "7", "X-HubSpot-RateLimit-Interval-Milliseconds", "10000",
			"X-HubSpot-RateLimit-Daily", "500", "X-HubSpot-RateLimit-Daily-Remaining", "400"}, want: []Quota{
			{Policy: "X-Hubspot-Ratelimit-Daily-Remaining", Remaining: 400, Limit: 500, Interval: 24 * time.Hour},
			{Policy: "X-Hubspot-Ratelimit-Remaining", Remaining: 7, Limit: 60, Interval: 10 * second}}},
		{name: "spent, and only the window is known (HubSpot)", headers: []string{"X-HubSpot-RateLimit-Max", "60",
			"X-HubSpot-RateLimit-Remaining", "0", "X-HubSpot-RateLimit-Interval-Milliseconds", "9000"},
			want: []Quota{{Reset: 9 * second, Limit: 60, Interval: 9 * second}}},
		{name: "a day without a reset", headers: []string{"X-HubSpot-RateLimit-Daily-Remaining", "0"},
			want: []Quota{{Reset: unknownReset, Interval: 24 * time.Hour}}},
		{name: "a window in the name of a vendor whose name has that of a unit (Contentful)", headers: []string{
			"X-Contentful-RateLimit-Second-Limit", "10", "X-Contentful-RateLimit-Second-Remaining", "7"},
			want: []Quota{{Remaining: 7, Limit: 10, Interval: second}}},
		{name: "requests with a token, which are no tokens (Trello)", headers: []string{
			"x-rate-limit-api-token-interval-ms", "9000", "x-rate-limit-api-token-max", "60",
			"x-rate-limit-api-token-remaining", "7"},
			want: []Quota{{Remaining: 7, Limit: 60, Interval: 9 * second}}},
		{name: "left, of a quota (BigCommerce)", headers: []string{"X-Rate-Limit-Requests-Left", "7",
			"X-Rate-Limit-Requests-Quota", "60", "X-Rate-Limit-Time-Window-Ms", "90000", "X-Rate-Limit-Time-Reset-Ms",
			"60000"}, want: []Quota{{Remaining: 7, Limit: 60, Reset: time.Minute, Interval: 90 * second}}},
		{name: "resets in (Toggl)", headers: []string{"X-Toggl-Quota-Remaining", "7", "X-Toggl-Quota-Resets-In", "60"},
			want: []Quota{{Remaining: 7, Reset: time.Minute}}},
		{name: "remaining this second (Etsy)", headers: []string{"x-limit-per-second", "10", "x-remaining-this-second",
			"7"}, want: []Quota{{Remaining: 7, Interval: second}}},
		{name: "a reset without the word that the number left has", headers: []string{"X-RateLimit-Remaining-Requests",
			"7", "X-RateLimit-Reset", "60"}, want: []Quota{{Remaining: 7, Reset: time.Minute}}},
		{name: "time left, and a page's rest", headers: []string{"X-Rate-Limit-Time-Left", "7", "X-Pages-Left", "0"}},
		{name: "numbers with their windows (Riot Games)", headers: []string{"X-App-Rate-Limit", "20:1,100:120",
			"X-App-Rate-Limit-Count", "20:1,57:120"}, want: []Quota{
			{Policy: "X-App-Rate-Limit 1s", Reset: second, Limit: 20, Interval: second},
			{Policy: "X-App-Rate-Limit 2m0s", Remaining: 43, Limit: 100, Interval: 2 * time.Minute}}},
		{name: "numbers with windows that make no sense", headers: []string{"X-App-Rate-Limit", "20:0,9,x:y,-3:4,7:9",
			"X-App-Rate-Limit-Count", "1:0,3,x:y,2:4"}},
		{name: "words for windows (Kong)", headers: []string{"X-RateLimit-Limit-Minute", "60",
			"X-RateLimit-Remaining-Minute", "7"}, want: []Quota{{Remaining: 7, Limit: 60, Interval: time.Minute}}},
		{name: "a month to go (RapidAPI)", headers: []string{"x-ratelimit-requests-limit", "500",
			"x-ratelimit-requests-remaining", "400", "x-ratelimit-requests-reset", "2592000"},
			want: []Quota{{Remaining: 400, Limit: 500, Reset: 30 * 24 * time.Hour}}},
		{name: "Discord", headers: []string{"X-RateLimit-Limit", "5", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset",
			"1767355201.250", "X-RateLimit-Reset-After", "1.251", "X-RateLimit-Bucket", "abcd"},
			want: []Quota{{Reset: 1251 * time.Millisecond, Limit: 5}}, bucket: "abcd"},
		{name: "Discord's fraction of a Unix time", headers: xLimit("5", "1", "1767355201.250"),
			want: []Quota{{Remaining: 1, Reset: 1250 * time.Millisecond, Limit: 5}}},
		{name: "Discord's global limit", headers: []string{"X-RateLimit-Global", "true", "X-RateLimit-Bucket", "abcd"}},
		{name: "used and limit (Shopify)", headers: []string{"X-Shopify-Shop-Api-Call-Limit", "32/40"},
			want: []Quota{{Remaining: 8, Limit: 40}}},
		{name: "all used (Shopify)", headers: []string{"X-Shopify-Shop-Api-Call-Limit", "40/40"},
			want: []Quota{{Reset: second, Limit: 40}}},
		{name: "used and limit with a name (Salesforce)", headers: []string{"Sforce-Limit-Info", "api-usage=18/5000"},
			want: []Quota{{Remaining: 4982, Limit: 5000}}},
		{name: "a limit and an interval (Crossref)", headers: []string{"x-rate-limit-limit", "50",
			"x-rate-limit-interval", "1s"}, want: []Quota{{Remaining: 50, Limit: 50, Interval: second,
			RateOnly: true}}},
		{name: "the rate of an empty bucket (restify 11.1)", headers: []string{"X-RateLimit-Remaining", "0",
			"X-RateLimit-Limit", "10", "X-RateLimit-Rate", "20"}, want: []Quota{{Policy: "X-Ratelimit-Rate",
			Remaining: 10, Limit: 10, Interval: second / 2, RateOnly: true},
			{Policy: "X-Ratelimit-Remaining", Reset: second, Limit: 10}}},
		{name: "of one that is not empty", headers: []string{"X-RateLimit-Remaining", "9", "X-RateLimit-Limit", "10",
			"X-RateLimit-Rate", "20"}, want: []Quota{{Remaining: 9, Limit: 10}}},
		{name: "the rate of an empty bucket (Spring Cloud Gateway)", headers: []string{"X-RateLimit-Remaining", "0",
			"X-RateLimit-Requested-Tokens", "1", "X-RateLimit-Burst-Capacity", "20", "X-RateLimit-Replenish-Rate", "10"},
			want: []Quota{{Policy: "X-Ratelimit-Remaining", Reset: second, Limit: 20}, {
				Policy: "X-Ratelimit-Replenish-Rate", Remaining: 20, Limit: 20, Interval: 2 * second, RateOnly: true}}},
		{name: "a rate that is none", headers: []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Limit", "10",
			"X-RateLimit-Rate", "fast"}, want: []Quota{{Reset: second, Limit: 10}}},
		{name: "at once (Crossref)", headers: []string{"x-concurrency-limit", "5"},
			want: []Quota{{Remaining: 5, Limit: 5, Concurrent: true}}},
		{name: "no reset (NCBI)", headers: []string{"X-RateLimit-Limit", "3", "X-RateLimit-Remaining", "1"},
			want: []Quota{{Remaining: 1, Limit: 3}}},
		{name: "Azure", headers: []string{"x-ms-ratelimit-remaining-subscription-reads", "11999"},
			want: []Quota{{Remaining: 11999}}},
		{name: "a word before in one with it (hapi-rate-limit 8)", headers: []string{"X-RateLimit-PathLimit", "50",
			"X-RateLimit-PathRemaining", "9", "X-RateLimit-PathReset", inMinuteMilli, "X-RateLimit-UserLimit", "60",
			"X-RateLimit-UserRemaining", "-1", "X-RateLimit-UserReset", inMinuteMilli}, want: []Quota{
			{Policy: "X-Ratelimit-Pathremaining", Remaining: 9, Limit: 50, Reset: time.Minute},
			{Policy: "X-Ratelimit-Userremaining", Limit: 60, Reset: time.Minute}}},
		{name: "in one word, one of them without a reset (Imgur)", headers: []string{"X-RateLimit-ClientLimit", "12500",
			"X-RateLimit-ClientRemaining", "12400", "X-RateLimit-UserLimit", "500", "X-RateLimit-UserRemaining", "0",
			"X-RateLimit-UserReset", inMinute}, want: []Quota{
			{Policy: "X-Ratelimit-Clientremaining", Remaining: 12400, Limit: 12500},
			{Policy: "X-Ratelimit-Userremaining", Limit: 500, Reset: time.Minute}}},
		{name: "in one word, of another unit", headers: []string{"X-RateLimit-TokensRemaining", "7"}},
		{name: "Fastly", headers: []string{"Fastly-RateLimit-Remaining", "7", "Fastly-RateLimit-Reset", inMinute},
			want: []Quota{{Remaining: 7, Reset: time.Minute}}},
		{name: "Akamai", headers: []string{"X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "7", "X-RateLimit-Next",
			"2026-01-02T12:01:00Z"}, want: seven},
		{name: "Anthropic", headers: []string{"anthropic-ratelimit-requests-limit", "60",
			"anthropic-ratelimit-requests-remaining", "7", "anthropic-ratelimit-requests-reset",
			"2026-01-02T12:01:00Z"}, want: seven},
		{name: "Jira Data Center", headers: []string{"X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "0",
			"X-RateLimit-Interval-Seconds", "5", "X-RateLimit-FillRate", "10"},
			want: []Quota{{Reset: 5 * second, Limit: 60, Interval: 5 * second}}},
		{name: "used and no remaining", headers: []string{"X-RateLimit-Used", "53", "X-RateLimit-Limit", "60",
			"X-RateLimit-Reset", "60"}, want: seven},
		{name: "milliseconds to go, by the window (Prisjakt)", headers: append(xLimit("60", "7", "60000"),
			"X-RateLimit-Window", "90"),
			want: []Quota{{Remaining: 7, Reset: time.Minute, Limit: 60, Interval: 90 * second}}},
		{name: "against the server's clock", headers: append(xLimit("60", "7", inMinute), "Date",
			judgedAt.Add(50*second).Format(http.TimeFormat)), want: []Quota{{Remaining: 7, Reset: 10 * second, Limit: 60}}},
		{name: "a time that has passed", headers: xLimit("60", "7", "1000000001"), want: []Quota{{Remaining: 7, Limit: 60}}},
		{name: "spent, and the time is now (GitHub)", headers: xLimit("60", "0", "1767355200"),
			want: []Quota{{Reset: second, Limit: 60}}},
		{name: "spent, without a reset", headers: []string{"X-RateLimit-Remaining", "0"}, want: []Quota{{Reset: second}}},
		{name: "a reset of years", headers: xLimit("60", "7", "4000000000"), want: []Quota{{Remaining: 7, Limit: 60}}},
		{name: "nonsense", headers: xLimit("60", "lots", "12")},
		{name: "a reset that is no number", headers: xLimit("60", "7", "NaN"), want: []Quota{{Remaining: 7, Limit: 60}}},
		{name: "what is not about requests", headers: []string{"X-Upload-Remaining", "0", "X-Limit", "a/b",
			"X-RateLimit-Unit", "1"}},
	})
}

// FuzzLimits: every header gives quotas whose numbers are in range, or none.
func FuzzLimits(f *testing.F) {
	f.Add(`"default";r=50;t=30`, `"default";q=100;w=60`, "1", "2")
	f.Add("limit=100, remaining=7, reset=5", "", "0", "1767355260")
	f.Add(`"a,b;\"";r=3;t=4;pk=:Zg==:;qu="content-bytes"`, `"`, "4990, 12", "Fri, 02 Jan 2026 12:01:00 GMT")
	f.Add("total=60; remaining=7; resets=60", "32/40", "-1", "6m0s")
	f.Add("20:1,100:120", "20:1,9:120", "0", "1s")
	f.Fuzz(func(t *testing.T, field, policy, remaining, reset string) {
		for _, h := range []http.Header{
			{"Ratelimit": {field}, "Ratelimit-Policy": {policy}},
			{"X-Ratelimit-Remaining": {remaining}, "X-Ratelimit-Reset": {reset}, "X-Ratelimit-Limit": {policy}},
			{"X-Ratelimit-Limit": {policy}, "X-Ratelimit-Interval": {reset}, "Zendesk-Ratelimit-X": {field}},
			{"X-App-Rate-Limit": {field}, "X-App-Rate-Limit-Count": {policy}},
		} {
			told := readLimits(h, judgedAt)
			if len(told.quotas) > maxQuotas {
				t.Errorf("%v: %d quotas", h, len(told.quotas))
			}
			for _, q := range told.quotas {
				if q.Remaining < 0 || q.Limit < 0 || q.Interval < 0 || q.Reset < 0 || q.Reset > longestReset*3/2+time.Second ||
					q.Remaining == 0 && !q.Concurrent && q.Reset < time.Second {
					t.Errorf("%v: %+v", h, q)
				}
			}
		}
	})
}

// TestLimitFieldIsReadToABound: only the first maxQuotaText bytes of a field are parsed.
func TestLimitFieldIsReadToABound(t *testing.T) {
	h := http.Header{"Ratelimit": {strings.Repeat(`"a";r=9;t=9,`, 20000) + `"b";r=0;t=1`},
		"X-Ratelimit-Remaining": {strings.Repeat("9,", 20000)}}
	told := readLimits(h, judgedAt)
	if len(told.quotas) != maxQuotas || told.quotas[0].Remaining != 9 || told.spent {
		t.Errorf("read to the end: %+v", told)
	}
}

// TestBucketOfSeveralFields: of several fields that name a bucket each it is the same one in each response.
func TestBucketOfSeveralFields(t *testing.T) {
	for range 100 {
		h := http.Header{}
		for _, name := range []string{"Zendesk-Ratelimit-Tickets-Index", "Zendesk-Ratelimit-Endpoint"} {
			h.Set(name, "total=100; remaining=99; resets=41")
		}
		if told := readLimits(h, judgedAt); told.bucket != "Zendesk-Ratelimit-Endpoint" {
			t.Fatalf("the bucket is %q", told.bucket)
		}
	}
}
