package fetch

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Quota is what a host says that it will still answer, and when it will answer more.
// The zero Quota says nothing.
type Quota struct {
	// Remaining is how many requests are left until Reset has passed.
	Remaining int64
	// Reset is the time until there is more; 0 is not announced.
	Reset time.Duration
	// Limit is the size of the whole quota; 0 is not known.
	Limit int64
}

func (q Quota) announced() bool { return q.Reset > 0 }

// quotaOf reads the quota that an answer announces. The RateLimit field of draft-ietf-httpapi-ratelimit-headers wins, a list of
// items such as "default";r=50;t=30, or one member set as earlier drafts had it (limit=100, remaining=50, reset=30); then come the fields
// RateLimit-Remaining and -Reset of drafts before those, and X-RateLimit-Remaining and -Reset, whose resets are seconds or a time.
// Of several quotas the tightest counts. What can't be read is not there.
func quotaOf(h http.Header, now time.Time) Quota {
	if fields := h["Ratelimit"]; fields != nil {
		return tightest(fields, h["Ratelimit-Policy"])
	}
	for _, names := range &quotaFields {
		if fields := h[names.remaining]; fields != nil {
			return plainQuota(h, &names, now)
		}
	}
	return Quota{}
}

// quotaFields are named as net/http spells them.
var quotaFields = [...]struct{ remaining, reset, limit string }{
	{"Ratelimit-Remaining", "Ratelimit-Reset", "Ratelimit-Limit"},
	{"X-Ratelimit-Remaining", "X-Ratelimit-Reset", "X-Ratelimit-Limit"},
	{"X-Rate-Limit-Remaining", "X-Rate-Limit-Reset", "X-Rate-Limit-Limit"},
}

func plainQuota(h http.Header, names *struct{ remaining, reset, limit string }, now time.Time) Quota {
	remaining, ok := quantity(h.Get(names.remaining))
	if !ok {
		return Quota{}
	}
	reset := untilReset(h.Get(names.reset), func() time.Time { return serverNow(h, now) })
	limit, _ := quantity(h.Get(names.limit))
	return Quota{Remaining: remaining, Reset: reset, Limit: limit}
}

// serverNow is the host's own time, against which a reset counts that is a time.
func serverNow(h http.Header, now time.Time) time.Time {
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		return date
	}
	return now
}

// epochFrom tells a time from a span: spans of more than 30 years are none.
const (
	epochFrom      = 1e9
	epochMilliFrom = 1e12
)

// untilReset reads a reset: seconds, a Unix time in seconds or milliseconds, or a date. One that has passed, or can't be read, is 0.
func untilReset(text string, now func() time.Time) time.Duration {
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
	if !(value > 0) { // what is no number neither
		return 0
	}
	return time.Duration(min(value, longestWait.Seconds()) * float64(time.Second))
}

// quantity reads a whole number that is not negative; what stands behind a comma or semicolon is a policy.
func quantity(text string) (int64, bool) {
	if end := strings.IndexAny(text, ",;"); end >= 0 {
		text = text[:end]
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	return n, err == nil && n >= 0
}

// tightest returns the quota of the RateLimit field that has least left for its time.
func tightest(fields, policies []string) Quota {
	var found Quota
	limits := make(map[string]quotaItem)
	for _, item := range quotaItems(policies) {
		limits[item.name] = item
	}
	for _, item := range quotaItems(fields) {
		remaining, given := item.first("r", "remaining")
		if !given {
			continue
		}
		policy := limits[item.name]
		reset, given := item.first("t", "reset")
		if !given { // the policy's whole window
			reset, _ = policy.first("w")
		}
		limit, given := item.first("limit", "q")
		if !given {
			limit, _ = policy.first("q")
		}
		q := Quota{Remaining: remaining, Limit: limit, Reset: time.Duration(min(reset, int64(longestWait/time.Second))) * time.Second}
		if q.announced() && (!found.announced() || q.tighter(found)) {
			found = q
		}
	}
	return found
}

// tighter compares what is left by the second; where nothing is, the later reset is the tighter.
func (q Quota) tighter(other Quota) bool {
	mine, others := float64(q.Remaining)/q.Reset.Seconds(), float64(other.Remaining)/other.Reset.Seconds()
	return mine < others || mine == others && q.Reset > other.Reset
}

// A quotaItem is one member of a RateLimit or RateLimit-Policy field with its numbers.
type quotaItem struct {
	name    string
	numbers map[string]int64
}

func (item quotaItem) first(names ...string) (int64, bool) {
	for _, name := range names {
		if n, given := item.numbers[name]; given {
			return n, true
		}
	}
	return 0, false
}

// mostQuotaText is how much of such a field is read.
const mostQuotaText = 1 << 10

// quotaItems reads a list of items with parameters (RFC 9651 section 3.1), of which only whole numbers count. Members that are
// parameters themselves, as earlier drafts have them, belong to one item without a name.
func quotaItems(fields []string) []quotaItem {
	text := strings.Join(fields, ",")
	text = text[:min(len(text), mostQuotaText)]
	loose := quotaItem{numbers: make(map[string]int64)}
	var items []quotaItem
	for _, member := range splitOutside(text, ',') {
		parts := splitOutside(member, ';')
		into := loose
		if name := strings.TrimSpace(parts[0]); !strings.Contains(name, "=") || strings.HasPrefix(name, `"`) {
			into = quotaItem{name, make(map[string]int64)}
			items = append(items, into)
			parts = parts[1:]
		}
		for _, part := range parts {
			name, value, _ := strings.Cut(part, "=")
			if n, ok := quantity(value); ok {
				into.numbers[strings.ToLower(strings.TrimSpace(name))] = n
			}
		}
	}
	if len(loose.numbers) > 0 {
		items = append(items, loose)
	}
	return items
}

// splitOutside splits text at each sep that is in no quoted string (RFC 9651 section 3.3.3).
func splitOutside(text string, sep byte) []string {
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
