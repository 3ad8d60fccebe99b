package judge

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// quotaOf returns the quota that a response announces; the zero Quota is none. In order of preference:
//
//   - the RateLimit field of draft-ietf-httpapi-ratelimit-headers, a list of items such as "default";r=50;t=30, or,
//     as in earlier drafts, one set of members (limit=100, remaining=50, reset=30); of several quotas the tightest
//     counts
//   - the fields RateLimit-Remaining and RateLimit-Reset of drafts before those
//   - X-RateLimit-Remaining and X-RateLimit-Reset, or X-Rate-Limit-…, whose reset is a number of seconds or a time
//
// A field that can't be parsed is treated as missing.
func quotaOf(h http.Header, now time.Time) Quota {
	if fields := h["Ratelimit"]; fields != nil {
		return tightestQuota(fields, h["Ratelimit-Policy"])
	}
	for _, names := range &quotaFields {
		if fields := h[names.remaining]; fields != nil {
			return parsePlainQuota(h, &names, now)
		}
	}
	return Quota{}
}

// quotaFields are the header fields with one number each, in canonical form, the preferred ones first.
var quotaFields = [...]struct{ remaining, reset, limit string }{
	{"Ratelimit-Remaining", "Ratelimit-Reset", "Ratelimit-Limit"},
	{"X-Ratelimit-Remaining", "X-Ratelimit-Reset", "X-Ratelimit-Limit"},
	{"X-Rate-Limit-Remaining", "X-Rate-Limit-Reset", "X-Rate-Limit-Limit"},
}

// parsePlainQuota parses a quota of header fields with one number each.
func parsePlainQuota(h http.Header, names *struct{ remaining, reset, limit string }, now time.Time) Quota {
	remaining, ok := parseCount(h.Get(names.remaining))
	if !ok {
		return Quota{}
	}
	reset := parseReset(h.Get(names.reset), func() time.Time { return serverNow(h, now) })
	limit, _ := parseCount(h.Get(names.limit))
	return Quota{Remaining: remaining, Reset: reset, Limit: limit}
}

// serverNow is the Date of a response, or now without one. A reset that is a time counts from it, as the clocks of
// server and client may differ.
func serverNow(h http.Header, now time.Time) time.Time {
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		return date
	}
	return now
}

// epochFrom is the least number that is a Unix time as a reset; a number of seconds that large would be over 30 years.
// epochMilliFrom is the least one that is a Unix time in milliseconds.
const (
	epochFrom      = 1e9
	epochMilliFrom = 1e12
)

// parseReset parses a reset: seconds, a Unix time in seconds or milliseconds, or an HTTP date. One that has passed, or
// can't be parsed, is 0.
func parseReset(text string, now func() time.Time) time.Duration {
	text = strings.TrimSpace(text)
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		if date, err := http.ParseTime(text); err == nil {
			return max(date.Sub(now()), 0)
		}
		return 0
	}
	if value >= epochMilliFrom {
		value /= 1000
	}
	if value >= epochFrom {
		value -= float64(now().UnixMilli()) / 1000
	}
	if !(value > 0) { // true of NaN too
		return 0
	}
	return time.Duration(min(value, LongestWait.Seconds()) * float64(time.Second))
}

// parseCount parses a whole number that is not negative. Text from a comma or semicolon on, a policy, is ignored.
func parseCount(text string) (int64, bool) {
	if end := strings.IndexAny(text, ",;"); end >= 0 {
		text = text[:end]
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	return n, err == nil && n >= 0
}

// tightestQuota returns the quota of a RateLimit field that leaves the fewest requests a second. fields are the lines
// of RateLimit, policies those of RateLimit-Policy, which has the window and the limit where RateLimit does not.
func tightestQuota(fields, policies []string) Quota {
	var found Quota
	limits := make(map[string]quotaItem)
	for _, item := range parseQuotaItems(policies) {
		limits[item.name] = item
	}
	for _, item := range parseQuotaItems(fields) {
		remaining, given := item.number("r", "remaining")
		if !given {
			continue
		}
		policy := limits[item.name]
		reset, given := item.number("t", "reset")
		if !given { // the policy's whole window
			reset, _ = policy.number("w")
		}
		limit, given := item.number("limit", "q")
		if !given {
			limit, _ = policy.number("q")
		}
		reset = min(reset, int64(LongestWait/time.Second))
		q := Quota{Remaining: remaining, Limit: limit, Reset: time.Duration(reset) * time.Second}
		if q.Reset > 0 && (found.Reset == 0 || q.isTighter(found)) {
			found = q
		}
	}
	return found
}

// A quotaItem is one member of a RateLimit or RateLimit-Policy field with its numbers.
type quotaItem struct {
	name    string
	numbers map[string]int64
}

// number returns the value of the first of names that the item has.
func (item quotaItem) number(names ...string) (int64, bool) {
	for _, name := range names {
		if n, given := item.numbers[name]; given {
			return n, true
		}
	}
	return 0, false
}

// maxQuotaText is how many bytes of a RateLimit or RateLimit-Policy field are parsed; the rest is ignored.
const maxQuotaText = 1 << 10

// parseQuotaItems parses a list of items with parameters (RFC 9651 section 3.1); parameters that are no whole number
// are ignored. Members that are parameters themselves, as in earlier drafts, become one item without a name.
func parseQuotaItems(fields []string) []quotaItem {
	text := strings.Join(fields, ",")
	text = text[:min(len(text), maxQuotaText)]
	unnamed := quotaItem{numbers: make(map[string]int64)}
	var items []quotaItem
	for _, member := range splitUnquoted(text, ',') {
		parts := splitUnquoted(member, ';')
		into := unnamed
		if name := strings.TrimSpace(parts[0]); !strings.Contains(name, "=") || strings.HasPrefix(name, `"`) {
			into = quotaItem{name, make(map[string]int64)}
			items = append(items, into)
			parts = parts[1:]
		}
		for _, part := range parts {
			name, value, _ := strings.Cut(part, "=")
			if n, ok := parseCount(value); ok {
				into.numbers[strings.ToLower(strings.TrimSpace(name))] = n
			}
		}
	}
	if len(unnamed.numbers) > 0 {
		items = append(items, unnamed)
	}
	return items
}

// splitUnquoted splits text at each sep that is outside of quoted strings (RFC 9651 section 3.3.3).
func splitUnquoted(text string, sep byte) []string {
	var parts []string
	from, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == sep && !quoted:
			parts = append(parts, text[from:i])
			from = i + 1
		}
	}
	return append(parts, text[from:])
}

// isTighter reports whether q leaves fewer requests a second than other; where neither leaves any, whether its reset
// is later.
func (q Quota) isTighter(other Quota) bool {
	mine, others := float64(q.Remaining)/q.Reset.Seconds(), float64(other.Remaining)/other.Reset.Seconds()
	return mine < others || mine == others && q.Reset > other.Reset
}
