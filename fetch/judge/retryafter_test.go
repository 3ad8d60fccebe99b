package judge

import (
	"net/http"
	"testing"
	"time"
)

// TestRetryAfter: the values that RFC 9110 allows, those that servers really send, with an API that does, what is out
// of range, and what is ignored. The Date of the responses is 90 s ahead of the client's clock.
func TestRetryAfter(t *testing.T) {
	const second = time.Second
	const date = "Fri, 02 Jan 2026 12:01:30 GMT"
	for _, tt := range []struct {
		name, field, value string
		wait               time.Duration
		ignored            bool
	}{
		{name: "seconds (Slack, GitHub)", value: "120", wait: 2 * time.Minute},
		{name: "seconds in space", value: "  120 ", wait: 2 * time.Minute},
		{name: "zero", value: "0"},
		{name: "IMF-fixdate (WSO2)", value: "Fri, 02 Jan 2026 12:02:30 GMT", wait: time.Minute},
		{name: "RFC 850 date", value: "Friday, 02-Jan-26 12:02:30 GMT", wait: time.Minute},
		{name: "asctime date", value: "Fri Jan  2 12:02:30 2026", wait: time.Minute},
		{name: "a date that has passed", value: "Fri, 02 Jan 2026 12:00:30 GMT"},
		{name: "more seconds than a duration holds", value: "99999999999999999999999", wait: LongestWait},
		{name: "a date beyond all waits", value: "Fri, 31 Dec 9999 23:59:59 GMT", wait: LongestWait},
		{name: "a fraction of none (Shopify)", value: "2.0", wait: 2 * second},
		{name: "a fraction (SpaceTraders)", value: "0.5", wait: second / 2},
		{name: "more of it (Microsoft Graph)", value: "2.128", wait: 2128 * time.Millisecond},
		{name: "a unit (Camara dos Deputados)", value: "30s", wait: 30 * second},
		{name: "units", value: "1m30s", wait: 90 * second},
		{name: "a word for it", value: "30 seconds", wait: 30 * second},
		{name: "milliseconds with their unit", value: "1500ms", wait: 1500 * time.Millisecond},
		{name: "an ISO 8601 duration", value: "PT1M30S", wait: 90 * second},
		{name: "twice (two proxies)", value: "2, 2", wait: 2 * second},
		{name: "two that differ", value: "2, 5", wait: 5 * second},
		{name: "ISO 8601", value: "2026-01-02T12:02:00Z", wait: 30 * second},
		{name: "with a fraction and an offset", value: "2026-01-02T13:02:00.250+01:00", wait: 30250 * time.Millisecond},
		{name: "without a zone", value: "2026-01-02T12:02:00", wait: 30 * second},
		{name: "with a space", value: "2026-01-02 12:02:00 UTC", wait: 30 * second},
		{name: "RFC 1123 with a numeric zone", value: "Fri, 02 Jan 2026 12:02:00 +0000", wait: 30 * second},
		{name: "RFC 1123 with another", value: "Fri, 02 Jan 2026 13:02:00 +0100", wait: 30 * second},
		{name: "JavaScript's (lemlist)", value: "Fri Jan 02 2026 12:02:00 GMT+0000 (Coordinated Universal Time)",
			wait: 30 * second},
		{name: "a Unix time", value: "1767355320", wait: 30 * second},
		{name: "a Unix time in a field of its own (Docker Hub)", field: "X-Retry-After", value: "1767355320",
			wait: 30 * second},
		{name: "milliseconds (OpenAI)", field: "retry-after-ms", value: "1234", wait: 1234 * time.Millisecond},
		{name: "milliseconds (Azure)", field: "x-ms-retry-after-ms", value: "120", wait: 120 * time.Millisecond},
		{name: "MailerLite's", field: "X-RateLimit-Retry-After", value: "20", wait: 20 * second},
		{name: "Bucket4j's", field: "X-Rate-Limit-Retry-After-Seconds", value: "20", wait: 20 * second},

		{name: "absent", ignored: true},
		{name: "negative", value: "-1", ignored: true},
		{name: "signed", value: "+1", ignored: true},
		{name: "not a number", value: "NaN", ignored: true},
		{name: "in hexadecimal", value: "0x10", ignored: true},
		{name: "an exponent", value: "1e3", ignored: true},
		{name: "words", value: "soon", ignored: true},
		{name: "an unknown unit", value: "3 fortnights", ignored: true},
		{name: "a letter", value: "P", ignored: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{"Date": {date}}
			if tt.value != "" {
				if tt.field == "" {
					tt.field = "Retry-After"
				}
				h.Set(tt.field, tt.value)
			}
			got := parseRetryAfter(h, judgedAt)
			if got.wait != tt.wait || (got.field == "") != tt.ignored {
				t.Errorf("got %s by %q, want %s", got.wait, got.field, tt.wait)
			}
		})
	}
}

// TestRetryAfterInSeveralFields: milliseconds win over seconds (OpenAI, Azure send both), else the longest wait counts.
func TestRetryAfterInSeveralFields(t *testing.T) {
	for _, tt := range []struct {
		header http.Header
		wait   time.Duration
		field  string
	}{
		{http.Header{"Retry-After": {"1"}, "Retry-After-Ms": {"120"}}, 120 * time.Millisecond, "Retry-After-Ms"},
		{http.Header{"Retry-After": {"1"}, "X-Ms-Retry-After-Ms": {"later"}}, time.Second, "Retry-After"},
		{http.Header{"Retry-After": {"1"}, "Retry-After-Ms": {"0"}}, time.Second, "Retry-After"},
		{http.Header{"Retry-After": {"1"}, "X-Ratelimit-Retry-After": {"9"}}, 9 * time.Second, "X-Ratelimit-Retry-After"},
		{http.Header{"Retry-After": {"2", "3"}}, 3 * time.Second, "Retry-After"},
		{http.Header{"Access-Control-Expose-Headers": {"Retry-After"}}, 0, ""},
	} {
		for range 9 { // the order of a map is none
			if got := parseRetryAfter(tt.header, judgedAt); got.wait != tt.wait || got.field != tt.field {
				t.Errorf("%v: %s by %q", tt.header, got.wait, got.field)
			}
		}
	}
}

// FuzzRetryAfter: every header gives a wait from zero to LongestWait.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "0", "120", "-1", "99999999999999999999", "Fri, 02 Jan 2026 12:01:00 GMT",
		"Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "\x00", "2.0", "30s", "2, 2", "PT1M30S",
		"2026-01-02T12:02:00.5+01:00", "Fri Jan 02 2026 12:02:00 GMT+0000 (Coordinated Universal Time)", "6m0s", "P1T"} {
		f.Add(seed, "1")
	}
	f.Fuzz(func(t *testing.T, value, date string) {
		for _, name := range []string{"Retry-After", "Retry-After-Ms"} {
			got := parseRetryAfter(http.Header{name: {value}, "Date": {date}}, judgedAt)
			if got.wait < 0 || got.wait > LongestWait || got.field == "" && got.wait != 0 {
				t.Errorf("%q: waits %s, by %q", value, got.wait, got.field)
			}
		}
	})
}
