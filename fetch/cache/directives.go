package cache

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// directives are the directives of Cache-Control that a private cache obeys (RFC 9111 sections 5.2.1 and 5.2.2), of a
// request or a response. For a time, none means that the directive is absent.
type directives struct {
	noStore, noCache, mustRevalidate, mustUnderstand, onlyIfCached bool

	maxAge, maxStale, minFresh, staleIfError, staleWhileRevalidate seconds
}

// seconds is the delta-seconds of a directive, or none.
type seconds int64

const (
	none seconds = -1
	// maxSeconds stands for every number that is too large (RFC 9111 section 1.2.2), and for a max-stale without a number.
	maxSeconds seconds = math.MaxInt32
)

// duration returns s as a time.Duration; none is 0.
func (s seconds) duration() time.Duration { return time.Duration(max(s, 0)) * time.Second }

// directivesOf parses the Cache-Control lines of a header. Unknown directives are ignored (RFC 9111 section 5.2.3); an
// invalid number is taken for 0, and of two different ones the smaller is used, so that a response is rather stale than
// fresh (section 4.2.1).
func directivesOf(h http.Header) directives {
	d := directives{maxAge: none, maxStale: none, minFresh: none, staleIfError: none, staleWhileRevalidate: none}
	for _, line := range h["Cache-Control"] {
		for line != "" {
			var name, value string
			name, value, line = nextDirective(line)
			d.set(name, value)
		}
	}
	return d
}

// set adds one directive.
func (d *directives) set(name, value string) {
	switch name {
	case "no-store":
		d.noStore = true
	case "no-cache": // with field names it is applied to the whole response, as section 5.2.2.4 allows
		d.noCache = true
	case "must-revalidate":
		d.mustRevalidate = true
	case "must-understand":
		d.mustUnderstand = true
	case "only-if-cached":
		d.onlyIfCached = true
	case "max-age":
		d.maxAge = stricter(d.maxAge, value)
	case "min-fresh":
		d.minFresh = secondsOf(value, none)
	case "stale-if-error":
		d.staleIfError = stricter(d.staleIfError, value)
	case "stale-while-revalidate":
		d.staleWhileRevalidate = stricter(d.staleWhileRevalidate, value)
	case "max-stale":
		if d.maxStale = secondsOf(value, none); value == "" {
			d.maxStale = maxSeconds
		}
	}
}

// stricter returns the smaller of a directive's number and of the one before, if there is one.
func stricter(before seconds, value string) seconds {
	now := secondsOf(value, 0)
	if before == none {
		return now
	}
	return min(before, now)
}

// secondsOf parses delta-seconds (RFC 9111 section 1.2.2); for invalid text it returns wrong.
func secondsOf(text string, wrong seconds) seconds {
	if text == "" {
		return wrong
	}
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return wrong
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds(n) > maxSeconds {
		return maxSeconds
	}
	return seconds(n)
}

// nextDirective splits name, or name=value, off the start of a list, with the name in lower case. A value is a token
// or a quoted string, in which a comma does not end the directive.
func nextDirective(line string) (name, value, rest string) {
	quoted, escaped := false, false
	end := len(line)
scan:
	for i, c := range []byte(line) {
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			end = i
			break scan
		}
	}
	if end < len(line) {
		rest = line[end+1:]
	}
	name, value, _ = strings.Cut(line[:end], "=")
	value = strings.TrimSpace(value)
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	return strings.ToLower(strings.TrimSpace(name)), value, rest
}
