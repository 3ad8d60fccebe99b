package judge

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// LongestWait is the longest wait that a server can ask for: ten years. A longer one is reduced to it, so that no sum
// of a time and a wait overflows.
const LongestWait = 10 * 365 * 24 * time.Hour

// parseRetryAfter parses the Retry-After header (RFC 9110 section 10.2.3): seconds, or an HTTP date, which counts from
// now. A date that has passed is a wait of 0. Without the header, or with a value that is neither, asked is false.
func parseRetryAfter(h http.Header, now time.Time) (wait time.Duration, asked bool) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0, false
	}
	if isDigits(value) {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || seconds > int64(LongestWait/time.Second) {
			return LongestWait, true
		}
		return time.Duration(seconds) * time.Second, true
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return min(max(date.Sub(now), 0), LongestWait), true
}

// isDigits reports whether s is one ASCII digit or more, and nothing else.
func isDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}
