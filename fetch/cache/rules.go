package cache

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Rules say what may be kept and used again.
type Rules struct {
	// TTL, above 0, takes the place of what headers say: every success is kept, and used for so long. 0 is RFC 9111.
	TTL time.Duration
	// Heuristic is the share of the time since Last-Modified that an answer is fresh for which says nothing of it
	// (RFC 9111 section 4.2.2); 0 is off. It has no meaning with a TTL.
	Heuristic float64
}

// A Use is what an Entry is good for.
type Use uint8

// Useless is as if there were none. Check is good once the server has said so. Fresh can be used at once; Stale too, and is to be
// marked as that: the request asked for it by max-stale.
const (
	Useless Use = iota
	Check
	Fresh
	Stale
)

// Bypasses reports whether a request passes the cache by: one that is no GET or HEAD, that has conditions or ranges of its own,
// whose answers are for their giver only (RFC 9111 section 4.3.1, RFC 9110 section 14.2), or that says no-store (RFC 9111 section 5.2.1.5).
func Bypasses(method string, h http.Header) bool {
	if method != http.MethodGet && method != http.MethodHead {
		return true
	}
	for _, name := range [...]string{"If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range", "Range"} {
		if len(h[name]) > 0 {
			return true
		}
	}
	return len(h["Cache-Control"]) > 0 && directivesOf(h).noStore
}

// OnlyIfCached reports whether a request wants no network (RFC 9111 section 5.2.1.7).
func OnlyIfCached(h http.Header) bool {
	return len(h["Cache-Control"]) > 0 && directivesOf(h).onlyIfCached
}

// Keeps reports whether the final, accepted answer to a GET or HEAD may be kept, and is of use then (RFC 9111 section 3).
// A private cache may keep what is private, and answers to Authorization (section 3.5 is for shared ones), as long as nobody else gets at them.
func (r Rules) Keeps(status int, h http.Header) bool {
	if status < 200 || status == http.StatusPartialContent || status == http.StatusNotModified { // section 3.3: parts are not kept
		return false
	}
	if r.TTL > 0 {
		return true
	}
	d := directivesOf(h)
	if d.noStore && !(d.mustUnderstand && isUnderstood(status)) || variesByAll(h["Vary"]) { // sections 5.2.2.5, 5.2.2.3, 4.1
		return false
	}
	if lifetime, known := r.lifetime(status, h, d); known && lifetime > 0 {
		return true
	}
	if isRedirect(status) { // without a lifetime of its own it leads somewhere else the next time
		return false
	}
	return hasValidator(h) || d.staleIfError > 0
}

// isUnderstood names the statuses whose rules for caches are followed here (RFC 9111 section 5.2.2.3).
func isUnderstood(status int) bool { return status == http.StatusOK || allowsHeuristic(status) }

// allowsHeuristic names the statuses that may be fresh without saying so (RFC 9110 section 15.1), the part aside.
func allowsHeuristic(status int) bool {
	return slices.Contains([]int{200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}, status)
}

func isRedirect(status int) bool {
	return slices.Contains([]int{301, 302, 303, 307, 308}, status)
}

// Judge says what e is good for now, given the request's header.
func (r Rules) Judge(e *Entry, request http.Header, now time.Time) Use {
	if e.kind != ofAnswer {
		return Useless
	}
	d := directivesOf(e.Header)
	if r.TTL == 0 && (d.noStore && !d.mustUnderstand || variesByAll(e.Header["Vary"])) { // kept under a TTL
		return Useless
	}
	wish := requestDirectives(request)
	age, lifetime := r.Age(e, now), r.lifetimeOf(e, d)
	switch {
	case wish.noCache, r.TTL == 0 && d.noCache: // sections 5.2.1.4 and 5.2.2.4: not without asking
	case wish.maxAge != none && age > wish.maxAge.duration(): // section 5.2.1.1
	case lifetime > age && lifetime-age >= wish.minFresh.duration(): // sections 4.2 and 5.2.1.3
		return Fresh
	case lifetime > age, d.mustRevalidate: // section 5.2.2.2: stale ones are never used
	case wish.maxStale != none && age-lifetime <= wish.maxStale.duration(): // section 5.2.1.2
		return Stale
	}
	return Check
}

// requestDirectives reads a request's Cache-Control, or what was said before there was one (RFC 9111 section 5.4).
func requestDirectives(h http.Header) directives {
	d := directivesOf(h)
	if len(h["Cache-Control"]) == 0 && strings.EqualFold(strings.TrimSpace(h.Get("Pragma")), "no-cache") {
		d.noCache = true
	}
	return d
}

// StaleUntil returns until when e may stand in for a server that fails (RFC 5861 section 4, RFC 9111 section 4.2.4); zero is never.
// Either side can allow it, the answer can forbid it.
func (r Rules) StaleUntil(e *Entry, request http.Header, now time.Time) time.Time {
	d, wish := directivesOf(e.Header), requestDirectives(request)
	window := max(d.staleIfError, wish.staleIfError)
	if e.kind != ofAnswer || window <= 0 || d.mustRevalidate || d.noCache || d.noStore || wish.noCache {
		return time.Time{}
	}
	return now.Add(r.lifetimeOf(e, d) - r.Age(e, now) + window.duration())
}

// Age is the time since the server made or confirmed the answer (RFC 9111 section 4.2.3); with a TTL, since it came.
func (r Rules) Age(e *Entry, now time.Time) time.Duration {
	resident := now.Sub(e.Received)
	if resident < -maxClockSkew { // the clock has been set back: nobody knows
		return maxSeconds.duration()
	}
	resident = max(resident, 0)
	if r.TTL > 0 {
		return resident
	}
	apparent := time.Duration(0)
	if date, ok := dateOf(e.Header["Date"]); ok {
		apparent = max(e.Received.Sub(date), 0)
	}
	corrected := secondsOf(strings.TrimSpace(firstOf(e.Header["Age"])), 0).duration() + max(e.Received.Sub(e.Requested), 0) // section 5.1
	return max(apparent, corrected) + resident
}

// maxClockSkew is how far clocks of machines that share a Store may be apart.
const maxClockSkew = time.Minute

func (r Rules) lifetimeOf(e *Entry, d directives) time.Duration {
	lifetime, _ := r.lifetime(e.Status, e.Header, d)
	return lifetime
}

// lifetime is how long an answer is fresh (RFC 9111 section 4.2.1). s-maxage, public and proxy-revalidate are for shared caches.
func (r Rules) lifetime(status int, h http.Header, d directives) (span time.Duration, known bool) {
	if r.TTL > 0 {
		return r.TTL, true
	}
	if d.maxAge != none { // section 5.2.2.1: Expires is not looked at then
		return d.maxAge.duration(), true
	}
	date, dated := dateOf(h["Date"])
	if lines := h["Expires"]; len(lines) > 0 { // section 5.3: what is no date, above all 0, has passed
		expires, ok := dateOf(lines)
		if !ok || !dated {
			return 0, true
		}
		return max(expires.Sub(date), 0), true
	}
	if modified, ok := dateOf(h["Last-Modified"]); ok && dated && r.Heuristic > 0 && allowsHeuristic(status) { // section 4.2.2
		return time.Duration(r.Heuristic * float64(max(date.Sub(modified), 0))), true
	}
	return 0, false
}

func firstOf(values []string) string {
	if len(values) == 0 {
		return ""
	}
	first, _, _ := strings.Cut(values[0], ",")
	return first
}

// dateOf reads a header that has to be one date (RFC 9110 section 5.6.7), in any of its three forms.
func dateOf(values []string) (time.Time, bool) {
	if len(values) != 1 {
		return time.Time{}, false
	}
	at, err := http.ParseTime(values[0])
	return at, err == nil
}
