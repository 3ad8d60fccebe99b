package fetch

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// backoff returns the wait before the attempt after the given one (1-based): evenly drawn, by chance in [0,1),
// from zero to first doubled per attempt and bounded by most. That is full jitter.
func backoff(attempt int, first, most time.Duration, chance float64) time.Duration {
	bound := first
	for ; attempt > 1 && bound < most; attempt-- {
		bound *= 2
	}
	return time.Duration(chance * float64(min(bound, most)))
}

// longestWait is what a larger Retry-After is taken for, so that no arithmetic overflows.
const longestWait = 10 * 365 * 24 * time.Hour

// retryAfter reads the Retry-After header (RFC 9110 section 10.2.3): seconds, or an HTTP date held against now.
// A date that has passed is no wait; a value that is neither is not there.
func retryAfter(h http.Header, now time.Time) (wait time.Duration, asked bool) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0, false
	}
	if isDigits(value) {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || seconds > int64(longestWait/time.Second) {
			return longestWait, true
		}
		return time.Duration(seconds) * time.Second, true
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return min(max(date.Sub(now), 0), longestWait), true
}

func isDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// idempotent methods may be sent again when no answer came (RFC 9110 section 9.2.2).
func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}
