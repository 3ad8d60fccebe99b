package judge

import (
	"net/http"
	"strings"
	"time"
)

// parseRetryAfter parses how long a response asks to wait: the Retry-After header (RFC 9110 section 10.2.3) in whatever
// form servers send it, or one of those that say the same in other units. A date counts from the response's Date. A
// date that has passed is a wait of 0.
//
// Milliseconds are preferred to seconds, since servers that send both round the latter up.
func parseRetryAfter(h http.Header, now time.Time) askedWait {
	var asked askedWait
	exact := time.Duration(0)
	for name, values := range h {
		if len(values) == 0 || !strings.Contains(name, "etry-After") || strings.HasPrefix(name, "Access-Control") {
			continue
		}
		unit := unitOfName(name)
		got := askedWait{field: name}
		var ok bool
		got.wait, ok = parseWait(joinValues(values), unit, func() time.Time {
			got.rounded = true
			return serverNow(h, now)
		})
		switch {
		case !ok:
		case unit < time.Second && got.wait > exact:
			exact, asked = got.wait, got
		case unit == time.Second && exact == 0 && got.isPreferredTo(asked):
			asked = got
		}
	}
	return asked
}

// An askedWait is how long a response asks to wait.
type askedWait struct {
	wait     time.Duration
	field    string // that was believed, in canonical form; empty is none
	rounded  bool   // wait is computed from a time, and may be too long by WaitRounding
	unitless bool   // it is a quota's reset, and Quota.Unitless
}

// isPreferredTo is the order of waits in seconds: the longest first, then by name, as the order of a map is none.
func (w *askedWait) isPreferredTo(other askedWait) bool {
	return other.field == "" || w.wait > other.wait || w.wait == other.wait && w.field < other.field
}

// WaitRounding is by how much a wait may seem longer than it is that is computed from times: a date in whole seconds,
// rounded up, less a Date that is rounded down.
const WaitRounding = 2 * time.Second

// isLongerThan reports whether a wait is longer than most, also where it may be rounded.
func (w *askedWait) isLongerThan(most time.Duration) bool {
	if w.rounded {
		most += WaitRounding
	}
	return w.wait > most
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
