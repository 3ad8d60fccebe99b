package judge

import (
	"net/http"
	"strings"
	"time"
)

// readPlain adds what one header field says about a limit: a number that is left, with the fields beside it whose names
// differ in one word, or a value that says it all. Without a number that is left, a limit and an interval are a policy
// too.
func readPlain(a *announcement, h http.Header, name string, now time.Time) {
	for _, word := range [...]string{"Remaining", "Left"} {
		if at := wordIn(name, word); at >= 0 {
			f := family{h: h, name: name, before: name[:at], after: name[at+len(word):], now: now}
			f.readRemaining(a)
			return
		}
	}
	if at := joinedWordIn(name, "remaining"); at >= 0 { // hapi-rate-limit and Imgur: X-RateLimit-UserRemaining
		f := family{h: h, name: name, before: name[:at], after: name[at+len("remaining"):], now: now, joined: true}
		f.readRemaining(a)
		return
	}
	value := boundText(h[name][0])
	switch {
	case strings.Contains(value, "remaining="): // Zendesk's endpoints: total=100; remaining=99; resets=41
		readParameters(a, name, value)
	case strings.Contains(value, "/"): // Shopify's 32/40, Salesforce's api-usage=18/5000
		readFraction(a, name, value)
	case strings.HasSuffix(name, "-Limit-Count"):
		if limit := strings.TrimSuffix(name, "-Count"); len(h[limit]) > 0 {
			readCounted(a, limit, joinValues(h[limit]), name, joinValues(h[name]))
		}
	case wordIn(name, "Interval") >= 0:
		at := wordIn(name, "Interval")
		f := family{h: h, name: name, before: name[:at], now: now}
		if _, told := f.find("Remaining"); told == "" {
			f.readRate(a)
		}
	case wordIn(name, "Used") >= 0:
		at := wordIn(name, "Used")
		f := family{h: h, name: name, before: name[:at], after: name[at+len("Used"):], now: now}
		if _, told := f.find("Remaining"); told == "" {
			f.readUsed(a)
		}
	case strings.HasSuffix(name, "Concurrency-Limit"), strings.HasSuffix(name, "Concurrent-Limit"):
		if n, ok := parseNumber(value); ok && n >= 1 {
			a.believe(Quota{Policy: name, Remaining: wholeNumber(n), Limit: wholeNumber(n), Concurrent: true}, true, name)
		}
	}
}

// A family is the header fields of one limit, whose names are before + a word + after, in canonical form.
type family struct {
	h             http.Header
	name          string // of the field that it was found by
	before, after string
	joined        bool // before and the word are one, so that the word begins with a small letter
	now           time.Time
}

// find returns the value of the field with the first of words that the response has, and its name. Some fields lack the
// word Requests that others of their family have: X-Rate-Limit-Requests-Left and X-Rate-Limit-Time-Reset-Ms.
func (f *family) find(words ...string) (value, name string) {
	for _, word := range words {
		if f.joined {
			word = strings.ToLower(word[:1]) + word[1:]
		}
		if values := f.h[f.before+word+f.after]; len(values) > 0 {
			return joinValues(values), f.before + word + f.after
		}
	}
	before, cut := strings.CutSuffix(f.before, "Requests-")
	after, cutAfter := strings.CutSuffix(f.after, "-Requests")
	if cut || cutAfter {
		return (&family{h: f.h, before: before, after: after}).find(words...)
	}
	return "", ""
}

// readRemaining adds the quotas of a family that says how many requests are left: several where the field is a list.
func (f *family) readRemaining(a *announcement) {
	remaining := parseNumbers(joinValues(f.h[f.name]))
	limitText, limitName := f.limit()
	limits := parseNumbers(limitText)
	resetText, resetName := f.find("Reset-After", "Reset", "Reset-Ms", "Resettime", "Reset-Time", "Reset-At", "Next",
		"Resets", "Reset-Seconds", "Reset-In", "Reset-On", "Reset-Date", "Resets-In", "Resets-At", "Time-Reset-Ms",
		"Reset-After-Ms", "Reset-Timestamp")
	if resetText == "" { // Zendesk: X-Rate-Limit-Remaining and RateLimit-Reset
		resetName = "Ratelimit-Reset"
		resetText = f.h.Get(resetName)
	}
	if resetText == "" {
		resetName = ""
	}
	resets := splitResets(resetText, len(remaining))
	interval, intervalName := f.interval(remaining, limits)
	for i, left := range remaining {
		q := Quota{Policy: f.policy(i), Interval: interval, Remaining: wholeNumber(left.value)}
		if left.window > 0 {
			q.Interval = left.window
		}
		if len(limits) > i && (len(limits) == len(remaining) || i == 0) {
			q.Limit = wholeNumber(max(limits[i].value, 0))
		}
		f.setReset(&q, resets[min(i, len(resets)-1)], unitOfName(resetName))
		if left.value < 0 && q.Reset == 0 && q.Limit == 0 { // Azure OpenAI: -1 is not known
			continue
		}
		if q.Remaining <= 0 && q.Reset == 0 {
			q.Reset, q.Rounded = min(q.Interval, unknownReset), true
		}
		a.believe(q, countsRequests(f.name), f.name, resetName, limitName, intervalName)
	}
	if resetName == "" && len(remaining) == 1 && len(limits) == 1 && remaining[0].value < 1 {
		f.readRefill(a, limits[0].value)
	}
}

// readRefill adds the rate at which an empty token bucket is filled, in requests a second, where a response says it in
// place of a reset: the throttle of restify (X-RateLimit-Rate) and Spring Cloud Gateway (X-RateLimit-Replenish-Rate).
// What the bucket had at first may be used at once.
func (f *family) readRefill(a *announcement, size float64) {
	text, name := f.find("Rate", "Replenish-Rate")
	if rate, ok := parseNumber(boundText(text)); ok && rate > 0 && size >= 1 && size/rate < longestReset.Seconds() {
		n := wholeNumber(size)
		a.believe(Quota{Policy: name, Remaining: n, Limit: n, Interval: boundWait(size / rate), RateOnly: true},
			countsRequests(f.name), name)
	}
}

// policy names the quota of a family; those of a list are told apart by their place.
func (f *family) policy(i int) string {
	if i == 0 {
		return f.name
	}
	return f.name + "#" + string(rune('0'+i%10))
}

// limit returns the value and the name of the field that says how many requests a whole window has.
func (f *family) limit() (value, name string) {
	if value, name = f.find("Limit", "Max", "Total", "Allowed", "Quota", "Burst-Capacity"); name != "" {
		return value, name
	}
	name = strings.TrimSuffix(f.before, "-") // X-Rate-Limit, X-HubSpot-RateLimit-Daily
	if values := f.h[name]; name != "" && len(values) > 0 && f.after == "" {
		return joinValues(values), name
	}
	return "", ""
}

// setReset sets the reset of a quota. One that makes no sense is 0, not known: one of more than a month, or of several
// windows. A bare number of seconds that would be several windows is one of milliseconds, where that makes sense.
func (f *family) setReset(q *Quota, text string, unit time.Duration) {
	rounded := false
	reset, ok := parseWait(text, unit, func() time.Time {
		rounded = true
		return serverNow(f.h, f.now)
	})
	if !ok {
		return
	}
	n, bare := parseNumber(boundText(text))
	bare = bare && n < epochFrom && unit == time.Second
	interval := q.Interval
	if interval == 0 {
		interval = longestReset
	}
	if most := interval + interval/2 + time.Second; reset > most {
		if !bare || reset/1000 > most {
			return
		}
		reset, bare = reset/1000, false
	}
	q.Reset, q.Rounded, q.Unitless = reset, rounded, bare
}

// interval returns the length of a whole window, by a field of its own, by a parameter of the limit (100;w=60), or by a
// word of the field's name; 0 is not known.
func (f *family) interval(remaining, limits []number) (length time.Duration, name string) {
	words := [...]string{"Interval", "Interval-Milliseconds", "Interval-Ms", "Interval-Seconds", "Window", "Window-Ms",
		"Window-Seconds", "Period", "Time-Window-Ms"}
	for _, word := range words {
		if text, name := f.find(word); name != "" {
			length, ok := parseOneWait(boundText(text), unitOfName(name), noDate)
			if ok && length > 0 && length <= longestReset {
				return length, name
			}
		}
	}
	for _, numbers := range [...][]number{remaining, limits} {
		for _, n := range numbers {
			if n.window > 0 && (len(limits) == 0 || n.value == limits[0].value || len(numbers) == 1) {
				return n.window, ""
			}
		}
	}
	return windowOfName(f.name), ""
}

// noDate is the time that a Unix time in the place of an interval counts from, which makes it far too long.
func noDate() time.Time { return time.Time{} }

// readRate adds a policy that says no more than a limit and an interval: Crossref's 50 and 1s. Nothing says how many
// are left, so Remaining is the Limit.
func (f *family) readRate(a *announcement) {
	limitText, limitName := f.limit()
	limits := parseNumbers(limitText)
	length, intervalName := f.interval(nil, limits)
	if len(limits) == 0 || limits[0].value < 1 || length == 0 {
		return
	}
	n := wholeNumber(limits[0].value)
	q := Quota{Policy: limitName, Remaining: n, Limit: n, Interval: length, RateOnly: true}
	a.believe(q, countsRequests(f.name), limitName,
		intervalName)
}

// readUsed adds the quota of a family that says how many requests are used and how many a whole window has.
func (f *family) readUsed(a *announcement) {
	used := parseNumbers(joinValues(f.h[f.name]))
	limitText, limitName := f.limit()
	limits := parseNumbers(limitText)
	if len(used) == 0 || len(limits) == 0 || limits[0].value < 1 {
		return
	}
	resetText, resetName := f.find("Reset-After", "Reset")
	length, intervalName := f.interval(nil, limits)
	q := Quota{Policy: f.name, Limit: wholeNumber(limits[0].value), Interval: length,
		Remaining: wholeNumber(limits[0].value - used[0].value)}
	f.setReset(&q, resetText, unitOfName(resetName))
	a.believe(q, countsRequests(f.name), f.name, limitName, resetName, intervalName)
}

// readParameters adds the quota of a field that has all in its value: total=100; remaining=99; resets=41.
func readParameters(a *announcement, name, value string) {
	found := quotaItem{numbers: make(map[string]int64)}
	for part := range strings.FieldsFuncSeq(value, func(c rune) bool { return c == ';' || c == ',' || c == ' ' }) {
		key, text, _ := strings.Cut(part, "=")
		if n, ok := parseNumber(text); ok {
			found.numbers[strings.ToLower(key)] = wholeNumber(n)
		}
	}
	left, given := found.number("remaining")
	if !given {
		return
	}
	limit, _ := found.number("total", "limit")
	reset, _ := found.number("resets", "reset")
	if reset < 0 || reset > int64(longestReset/time.Second) {
		reset = 0
	}
	q := Quota{Policy: name, Remaining: left, Limit: max(limit, 0), Reset: time.Duration(reset) * time.Second}
	a.believe(q, true, name)
	if a.bucket == "" || name < a.bucket { // of several the same in each response: the order of a map is none
		a.bucket = name
	}
}

// readFraction adds the quota of a field whose value is used/limit, behind a name or not.
func readFraction(a *announcement, name, value string) {
	if !strings.Contains(name, "Limit") {
		return
	}
	value, _, _ = strings.Cut(value, ";")
	value, _, _ = strings.Cut(value, ",")
	if at := strings.IndexByte(value, '='); at >= 0 {
		value = value[at+1:]
	}
	usedText, limitText, _ := strings.Cut(value, "/")
	used, ok1 := parseNumber(strings.TrimSpace(usedText))
	limit, ok2 := parseNumber(strings.TrimSpace(limitText))
	if !ok1 || !ok2 || limit < 1 || used < 0 {
		return
	}
	q := Quota{Policy: name, Remaining: wholeNumber(limit - used), Limit: wholeNumber(limit)}
	a.believe(q, countsRequests(name), name)
}
