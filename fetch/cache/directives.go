package cache

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// directives are those of Cache-Control that a private cache heeds (RFC 9111 sections 5.2.1 and 5.2.2), of a request or an answer.
// A time is a number of seconds; none says that the directive is absent.
type directives struct {
	noStore, noCache, mustRevalidate, mustUnderstand, onlyIfCached bool

	maxAge, maxStale, minFresh, staleIfError seconds
}

type seconds int64

const (
	none seconds = -1
	// maxSeconds stands for every number that is too large (RFC 9111 section 1.2.2), and for a max-stale without a number.
	maxSeconds seconds = math.MaxInt32
)

func (s seconds) duration() time.Duration { return time.Duration(max(s, 0)) * time.Second }

// directivesOf reads the Cache-Control lines of a header. What is not known is passed over (RFC 9111 section 5.2.3);
// where a number can't be read, or is said twice in two ways, the answer is taken for stale (section 4.2.1).
func directivesOf(h http.Header) directives {
	d := directives{maxAge: none, maxStale: none, minFresh: none, staleIfError: none}
	for _, line := range h["Cache-Control"] {
		for line != "" {
			var name, value string
			name, value, line = nextDirective(line)
			d.set(name, value)
		}
	}
	return d
}

func (d *directives) set(name, value string) {
	switch name {
	case "no-store":
		d.noStore = true
	case "no-cache": // one that names fields is taken for all of the answer, as section 5.2.2.4 allows
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
	case "max-stale":
		if d.maxStale = secondsOf(value, none); value == "" {
			d.maxStale = maxSeconds
		}
	}
}

// stricter joins what was said twice.
func stricter(before seconds, value string) seconds {
	now := secondsOf(value, 0)
	if before == none {
		return now
	}
	return min(before, now)
}

// secondsOf reads delta-seconds (RFC 9111 section 1.2.2); wrong stands for what is none.
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

// nextDirective cuts name, or name=value, off a list. Both forms of a value are read: a token and a quoted string, in which a comma ends nothing.
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
