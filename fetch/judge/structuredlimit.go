package judge

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// readStructured adds the quotas of a RateLimit field, a list of items such as "default";r=50;t=30, or, as in earlier
// drafts, one set of members (limit=100, remaining=50, reset=30). fields are the lines of RateLimit, policies those of
// RateLimit-Policy, which has the window, the limit and the unit of each policy.
func readStructured(a *announcement, fields, policies []string) {
	var named []quotaItem
	if policies != nil {
		named = parseQuotaItems(policies)
	}
	for _, item := range parseQuotaItems(fields) {
		remaining, given := item.number("r", "remaining")
		if !given {
			continue
		}
		var policy quotaItem
		if at := slices.IndexFunc(named, func(p quotaItem) bool { return p.name == item.name }); at >= 0 {
			policy = named[at]
		}
		q := Quota{Policy: strings.Trim(item.name, `"`), Remaining: remaining, Interval: seconds(policy.numbers["w"])}
		reset, timed := item.number("t", "reset")
		q.Reset = seconds(reset)
		if q.Interval > 0 && q.Reset > q.Interval+q.Interval/2+time.Second || q.Reset > longestReset {
			q.Reset, timed = 0, false
		}
		if !timed && remaining == 0 {
			q.Reset, q.Rounded = min(q.Interval, unknownReset), true
		}
		if q.Limit, given = item.number("limit", "q"); !given {
			q.Limit, _ = policy.number("q")
		}
		unit := item.unit
		if unit == "" {
			unit = policy.unit
		}
		q.Concurrent = unit == "concurrent-requests"
		a.believe(q, q.Concurrent || unit == "" || unit == "requests", "Ratelimit")
		a.addPartition(item, policy)
	}
	if a.quotas != nil && policies != nil {
		a.fields = append(a.fields, "Ratelimit-Policy")
	}
}

// addPartition adds the partition key of an item to the name of the bucket.
func (a *announcement) addPartition(item, policy quotaItem) {
	key := item.partition
	if key == "" {
		key = policy.partition
	}
	switch {
	case key == "" || strings.Contains(a.bucket, key):
	case a.bucket == "":
		a.bucket = key
	default:
		a.bucket += " " + key
	}
}

// seconds returns a whole number of seconds that is not negative, at most LongestWait.
func seconds(n int64) time.Duration {
	return time.Duration(min(max(n, 0), int64(LongestWait/time.Second))) * time.Second
}

// A quotaItem is one member of a RateLimit or RateLimit-Policy field with its parameters.
type quotaItem struct {
	name            string // as it stands there, with its quotes
	unit, partition string // the parameters qu and pk, without quotes and colons
	numbers         map[string]int64
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

// parseQuotaItems parses a list of items with parameters (RFC 9651 section 3.1), which may be in several lines.
// Parameters other than qu and pk that are no whole number are ignored. Members that are parameters themselves, as in
// earlier drafts, become one item without a name.
func parseQuotaItems(fields []string) []quotaItem {
	text := strings.Join(fields[:min(len(fields), maxLines)], ",")
	text = text[:min(len(text), maxQuotaText)]
	unnamed := quotaItem{numbers: make(map[string]int64)}
	var items []quotaItem
	for _, member := range splitUnquoted(text, ',') {
		parts := splitUnquoted(member, ';')
		if name := strings.TrimSpace(parts[0]); !strings.Contains(name, "=") || strings.HasPrefix(name, `"`) {
			item := quotaItem{name: name, numbers: make(map[string]int64)}
			for _, part := range parts[1:] {
				item.setParameter(part)
			}
			items = append(items, item)
			continue
		}
		for _, part := range parts {
			unnamed.setParameter(part)
		}
	}
	if len(unnamed.numbers) > 0 {
		items = append(items, unnamed)
	}
	return items
}

// setParameter sets a parameter of an item, written as key=value.
func (item *quotaItem) setParameter(text string) {
	key, value, _ := strings.Cut(text, "=")
	value = strings.TrimSpace(value)
	switch key = strings.ToLower(strings.TrimSpace(key)); key {
	case "qu":
		item.unit = strings.ToLower(strings.Trim(value, `"`))
	case "pk":
		item.partition = strings.Trim(value, `":`)
	default:
		if n, err := strconv.ParseInt(value, 10, 64); err == nil && n >= 0 {
			item.numbers[key] = n
		}
	}
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
