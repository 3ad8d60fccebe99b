package judge

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// announcement is what the header fields of one response say about limits.
type announcement struct {
	quotas []Quota
	fields []string  // that were believed, in canonical form
	spent  bool      // a policy says that nothing is left, be it counted in requests or in something else
	reset  askedWait // the longest time until there is more, where nothing is left
	bucket string
}

// believe adds a quota. One that counts something else than requests is added only where nothing is left.
func (a *announcement) believe(q Quota, countsRequests bool, fields ...string) {
	if !countsRequests && q.Remaining > 0 {
		return
	}
	q.Remaining = max(q.Remaining, 0)
	if q.Remaining == 0 && !q.Concurrent {
		if q.Reset < leastReset {
			q.Reset, q.Rounded, q.Unitless = leastReset, true, false
		}
		if a.spent = true; q.Reset > a.reset.wait {
			a.reset = askedWait{wait: q.Reset, rounded: q.Rounded, unitless: q.Unitless}
		}
	}
	if q.Concurrent && q.Remaining == 0 {
		a.spent = true
	}
	if len(a.quotas) < maxQuotas {
		a.quotas = append(a.quotas, q)
	}
	for _, field := range fields {
		if field != "" && !slices.Contains(a.fields, field) {
			a.fields = append(a.fields, field)
		}
	}
}

const (
	// leastReset is the least time until there is more where nothing is left: resets are rounded down to a second.
	leastReset = time.Second
	// unknownReset is the longest wait for more where nothing is left and only the length of the window is known.
	unknownReset = 10 * time.Second
	// longestReset is the longest reset that is believed: a month and a day.
	longestReset = 32 * 24 * time.Hour
	// maxQuotas is how many quotas of one response are kept.
	maxQuotas = 8
)

// readLimits returns what a response says about limits, in the RateLimit field of draft-ietf-httpapi-ratelimit-headers
// and in fields with a number each, whatever their vendor calls them (see readPlainLimits). It allocates nothing where
// a response says nothing. A value that can't be parsed, or makes no sense, is treated as missing.
func readLimits(h http.Header, now time.Time) announcement {
	var a announcement
	if fields := h["Ratelimit"]; fields != nil {
		readStructured(&a, fields, h["Ratelimit-Policy"])
	}
	structured := a.quotas != nil
	for name, values := range h {
		if len(values) == 0 || !isLimitName(name) {
			continue
		}
		if structured && strings.HasPrefix(name, "Ratelimit-") {
			continue // the same, for older clients
		}
		readPlain(&a, h, name, now)
	}
	if len(a.quotas) > 1 { // the order of a map is none
		slices.SortFunc(a.quotas, func(q, r Quota) int { return strings.Compare(q.Policy, r.Policy) })
		slices.Sort(a.fields)
	}
	if named := bucketOf(h); named != "" {
		a.bucket = named
	}
	return a
}

// bucketOf returns the name of the bucket that a response was counted in, by a field of its own: Discord's, GitHub's
// and GitLab's. A limit that Discord calls global is the host's, not the bucket's.
func bucketOf(h http.Header) string {
	for _, name := range [...]string{"X-Ratelimit-Bucket", "X-Ratelimit-Resource", "Ratelimit-Name"} {
		values := h[name]
		if len(values) == 0 {
			continue
		}
		if name == "X-Ratelimit-Bucket" && (isTrue(h["X-Ratelimit-Global"]) || isGlobal(h["X-Ratelimit-Scope"])) {
			return ""
		}
		return boundText(values[0])
	}
	return ""
}

func isTrue(values []string) bool   { return len(values) > 0 && strings.EqualFold(values[0], "true") }
func isGlobal(values []string) bool { return len(values) > 0 && strings.EqualFold(values[0], "global") }

// limitWords are words in the names of header fields that are about limits on requests.
var limitWords = [...]string{"imit", "uota", "Rate", "Request", "Call", "Quer", "Credit", "Throttl", "Token"}

// isLimitName reports whether a header field may be one of those that tell a limit, by its name: a cheap test. The
// RateLimit field of the draft is not among them.
func isLimitName(name string) bool {
	switch name {
	case "Accept-Ranges", "Cache-Control", "Connection", "Content-Length", "Content-Type", "Date", "Etag", "Expires",
		"Last-Modified", "Server", "Vary": // most of what there is: not looked through
		return false
	}
	if strings.Contains(name, "imit") {
		return name != "Ratelimit" && name != "Ratelimit-Policy"
	}
	if !strings.Contains(name, "Remaining") && !strings.HasSuffix(name, "-Left") {
		return false
	}
	if strings.HasPrefix(name, "X-Remaining-") { // Etsy's X-Remaining-This-Second
		return true
	}
	for _, word := range &limitWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
