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

// maxValueText is how many bytes of a header field with a number, a time or a list of few are parsed; the rest is
// ignored.
const maxValueText = 200

// The least numbers that are a Unix time, in seconds, milliseconds, microseconds and nanoseconds. A number of seconds
// as large as epochFrom would be over 30 years.
const (
	epochFrom      = 1e9
	epochMilliFrom = 1e11
	epochMicroFrom = 1e14
	epochNanoFrom  = 1e17
)

// parseWait parses how long to wait: a number of units (seconds, or milliseconds), of seconds with a fraction, a time
// with its units (30s, 6m0s, 12ms), a Unix time in any unit, or a date. Times count from now, which is called for them
// alone; one that has passed is a wait of 0. Of a list the longest counts. ok is false for anything else.
func parseWait(text string, unit time.Duration, now func() time.Time) (wait time.Duration, ok bool) {
	text = boundText(text)
	if wait, ok = parseOneWait(text, unit, now); ok || !strings.Contains(text, ",") {
		return wait, ok
	}
	for part := range strings.SplitSeq(text, ",") {
		if one, is := parseOneWait(strings.TrimSpace(part), unit, now); is {
			wait, ok = max(wait, one), true
		}
	}
	return wait, ok
}

// parseOneWait is parseWait without lists.
func parseOneWait(text string, unit time.Duration, now func() time.Time) (time.Duration, bool) {
	if n, is := parseNumber(text); is {
		return waitOfNumber(n, unit, now)
	}
	if at, is := parseMoment(text); is {
		return boundWait(at.Sub(now()).Seconds()), true
	}
	return parseSpan(text)
}

// waitOfNumber is the wait that a number is: units to go, or a Unix time.
func waitOfNumber(n float64, unit time.Duration, now func() time.Time) (time.Duration, bool) {
	scale := 0.0
	switch {
	case n < 0:
		return 0, false
	case n >= epochNanoFrom:
		scale = 1e9
	case n >= epochMicroFrom:
		scale = 1e6
	case n >= epochMilliFrom:
		scale = 1e3
	case n >= epochFrom && unit == time.Second:
		scale = 1
	default:
		return boundWait(n * unit.Seconds()), true
	}
	return boundWait(n/scale - float64(now().UnixMicro())/1e6), true
}

// boundWait returns a number of seconds as a wait from 0 to LongestWait.
func boundWait(seconds float64) time.Duration {
	if !(seconds > 0) {
		return 0
	}
	return time.Duration(min(seconds, LongestWait.Seconds()) * float64(time.Second)).Round(time.Microsecond)
}

// boundText returns the text of a field's value without space around it, cut to maxValueText.
func boundText(text string) string {
	return strings.TrimSpace(text[:min(len(text), maxValueText)])
}

// parseNumber parses decimal digits with at most one point between them, and a minus sign in front: no exponent, no
// plus sign, no NaN.
func parseNumber(text string) (float64, bool) {
	digits, points := 0, 0
	for i, c := range []byte(text) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '.' && digits > 0 && points == 0:
			points++
		case c == '-' && i == 0:
		default:
			return 0, false
		}
	}
	if digits == 0 {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

// momentLayouts are the forms of dates that servers send beside the three of RFC 9110 section 5.6.7.
var momentLayouts = [...]string{
	time.RFC3339, // a fraction of the second is parsed too
	"2006-01-02T15:04:05",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04:05Z0700",
	"2006-01-02 15:04:05",
	"2006-01-02 15:04:05 UTC",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05 -0700 UTC",
	"Mon, _2 Jan 2006 15:04:05 -0700",
	"Mon, _2 Jan 2006 15:04:05 GMT",
	"Mon, _2 Jan 2006 15:04:05 UTC",
	"Mon, _2 Jan 2006 15:04:05 Z",
	"Mon, _2 Jan 2006 15:04:05",
	"Mon Jan _2 2006 15:04:05 GMT-0700", // of Date.toString in JavaScript, without the name of the zone
	"Mon Jan _2 15:04:05 MST 2006",
}

// parseMoment parses a date. Without a zone it is in UTC.
func parseMoment(text string) (time.Time, bool) {
	if len(text) < len("2006-01-02T15:04Z") {
		return time.Time{}, false
	}
	if at, err := http.ParseTime(text); err == nil {
		return at, true
	}
	if zone := strings.Index(text, " ("); zone > 0 {
		text = text[:zone]
	}
	for _, layout := range &momentLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// parseSpan parses a time with its units: 30s, 0.5 s, 6m0s, 12ms, 2 minutes, PT1M30S (ISO 8601).
func parseSpan(text string) (time.Duration, bool) {
	rest := strings.ToLower(text)
	iso := strings.HasPrefix(rest, "p")
	rest = strings.TrimPrefix(rest, "p")
	total := 0.0
	for rest != "" {
		if iso {
			rest = strings.TrimPrefix(rest, "t")
		}
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789."))
		n, ok := parseNumber(rest[:digits])
		if !ok {
			return 0, false
		}
		rest = strings.TrimLeft(rest[digits:], " ")
		letters := len(rest)
		if end := strings.IndexAny(rest, " 0123456789."); end >= 0 {
			letters = end
		}
		name := rest[:letters]
		if iso {
			name, _, _ = strings.Cut(name, "t")
			letters = len(name)
		}
		seconds, known := unitSeconds[name]
		if !known {
			return 0, false
		}
		total += n * seconds
		rest = strings.TrimLeft(rest[letters:], " ")
	}
	return boundWait(total), text != "" && !(iso && len(text) < 3)
}

// unitSeconds are the units of time, in seconds.
var unitSeconds = map[string]float64{
	"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "msec": 1e-3, "millisecond": 1e-3, "milliseconds": 1e-3,
	"s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
	"h": 3600, "hr": 3600, "hour": 3600, "hours": 3600, "d": 86400, "day": 86400, "days": 86400,
}

// serverNow is the time at the server, by the Date of a response; without one it is now. Times that a server sends
// count from it, as its clock may differ from ours.
func serverNow(h http.Header, now time.Time) time.Time {
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		return date
	}
	return now
}
