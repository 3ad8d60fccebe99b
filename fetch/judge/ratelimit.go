package judge

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// readLimits returns what a response says about limits, in the RateLimit field of draft-ietf-httpapi-ratelimit-headers
// and in fields with a number each, whatever their vendor calls them (see readPlainLimits). It allocates nothing where
// a response says nothing. A value that can't be parsed, or makes no sense, is treated as missing.
func readLimits(h http.Header, now time.Time) announcement {
	var a announcement
	if !tellsLimits(h) {
		return a
	}
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
	if a.quotas != nil {
		a.sharpen(h, now)
	}
	a.settle()
	if named := bucketOf(h); named != "" {
		a.bucket = named
	}
	return a
}

// tellsLimits reports whether a response may say something about limits. Most say nothing, and are not looked through.
func tellsLimits(h http.Header) bool {
	for name := range h {
		if name == "Ratelimit" || isLimitName(name) {
			return true
		}
	}
	return false
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
