package judge

import (
	"net/http"
	"strings"
	"time"
)

// parseRetryAfter parses how long a response asks to wait: the Retry-After header (RFC 9110 section 10.2.3) in whatever
// form servers send it, or one of those that say the same in other units. A date counts from the response's Date. A
// date that has passed is a wait of 0. field is the name of the header field that was believed, in canonical form;
// empty is none.
//
// Milliseconds are preferred to seconds, since servers that send both round the latter up.
func parseRetryAfter(h http.Header, now time.Time) (wait time.Duration, field string) {
	exact := time.Duration(0)
	for name, values := range h {
		if len(values) == 0 || !strings.Contains(name, "etry-After") || strings.HasPrefix(name, "Access-Control") {
			continue
		}
		unit := unitOfName(name)
		got, ok := parseWait(joinValues(values), unit, func() time.Time { return serverNow(h, now) })
		switch {
		case !ok:
		case unit < time.Second && got > exact:
			exact, wait, field = got, got, name
		case unit == time.Second && exact == 0 && (field == "" || got > wait || got == wait && name < field):
			wait, field = got, name
		}
	}
	return wait, field
}

// unitOfName is the unit that the name of a header field says its number has; seconds where it says none.
func unitOfName(name string) time.Duration {
	if strings.HasSuffix(name, "-Ms") || strings.HasSuffix(name, "-Milliseconds") || strings.HasSuffix(name, "-Millis") {
		return time.Millisecond
	}
	return time.Second
}

// joinValues returns the lines of a header field as one list (RFC 9110 section 5.3).
func joinValues(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return strings.Join(values[:min(len(values), maxLines)], ", ")
}

// maxLines is how many lines of one header field are parsed.
const maxLines = 8
