package judge

import (
	"net/http"
	"testing"
	"time"
)

// TestRetryAfter: the values that RFC 9110 allows, what is out of range, and what is ignored.
func TestRetryAfter(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		wait        time.Duration
		asked       bool
	}{
		{name: "absent", value: ""},
		{name: "seconds", value: "120", wait: 2 * time.Minute, asked: true},
		{name: "seconds in space", value: "  120 ", wait: 2 * time.Minute, asked: true},
		{name: "zero", value: "0", asked: true},
		{name: "IMF-fixdate", value: "Fri, 02 Jan 2026 12:01:00 GMT", wait: time.Minute, asked: true},
		{name: "RFC 850 date", value: "Friday, 02-Jan-26 12:01:00 GMT", wait: time.Minute, asked: true},
		{name: "asctime date", value: "Fri Jan  2 12:01:00 2026", wait: time.Minute, asked: true},
		{name: "a date that has passed", value: "Fri, 02 Jan 2026 11:59:00 GMT", asked: true},
		{name: "more seconds than a duration holds", value: "99999999999999999999999", wait: LongestWait, asked: true},
		{name: "more seconds than an overflow needs", value: "9223372037", wait: LongestWait, asked: true},
		{name: "a date beyond all waits", value: "Fri, 31 Dec 9999 23:59:59 GMT", wait: LongestWait, asked: true},
		{name: "negative", value: "-1"},
		{name: "signed", value: "+1"},
		{name: "a fraction", value: "1.5"},
		{name: "a unit", value: "30s"},
		{name: "words", value: "soon"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			if tt.value != "" {
				h.Set("Retry-After", tt.value)
			}
			wait, asked := parseRetryAfter(h, judgedAt)
			if wait != tt.wait || asked != tt.asked {
				t.Errorf("got %s, %t; want %s, %t", wait, asked, tt.wait, tt.asked)
			}
		})
	}
}

// FuzzRetryAfter: every header gives a wait from zero to LongestWait.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "0", "120", "-1", "99999999999999999999", "Fri, 02 Jan 2026 12:01:00 GMT",
		"Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		wait, asked := parseRetryAfter(http.Header{"Retry-After": {value}}, judgedAt)
		if wait < 0 || wait > LongestWait || !asked && wait != 0 {
			t.Errorf("%q: waits %s, asked %t", value, wait, asked)
		}
	})
}
