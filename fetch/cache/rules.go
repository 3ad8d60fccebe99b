package cache

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Rules decide which responses may be stored and reused.
type Rules struct {
	// TTL, if above 0, is used instead of headers: every success is stored, and fresh for so long. 0 is RFC 9111.
	TTL time.Duration
	// Heuristic is the fraction of the time since Last-Modified for which a response without a lifetime of its own is
	// fresh (RFC 9111 section 4.2.2); 0 is off. It is ignored with a TTL.
	Heuristic float64
}

// A Use is how an Entry may be used.
type Use uint8

// Useless is treated as missing. Check may be used once the server has confirmed it. Fresh may be used at once; so may
// Stale, which is marked as such in the Record: the request allowed it by max-stale.
const (
	Useless Use = iota
	Check
	Fresh
	Stale
)

// Bypasses reports whether a request does not use the cache: it is no GET or HEAD; it has conditions or ranges of its
// own, whose responses concern their sender only (RFC 9111 section 4.3.1, RFC 9110 section 14.2); or it says no-store
// (RFC 9111 section 5.2.1.5).
func Bypasses(method string, h http.Header) bool {
	if method != http.MethodGet && method != http.MethodHead {
		return true
	}
	for _, name := range [...]string{
		"If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range", "Range",
	} {
		if len(h[name]) > 0 {
			return true
		}
	}
	return len(h["Cache-Control"]) > 0 && directivesOf(h).noStore
}

// OnlyIfCached reports whether a request must not use the network (RFC 9111 section 5.2.1.7).
func OnlyIfCached(h http.Header) bool {
	return len(h["Cache-Control"]) > 0 && directivesOf(h).onlyIfCached
}

// Keeps reports whether the final, accepted response to a GET or HEAD may be stored, and can be reused then (RFC 9111
// section 3). A private cache may store private responses, and those to Authorization (section 3.5 is for shared
// caches), as long as no other user can read them.
func (r Rules) Keeps(status int, h http.Header) bool {
	if status < 200 || status == http.StatusPartialContent || status == http.StatusNotModified { // section 3.3
		return false
	}
	if r.TTL > 0 {
		return true
	}
	d := directivesOf(h)
	if d.noStore && !(d.mustUnderstand && isUnderstood(status)) || variesByAll(h["Vary"]) {
		return false // sections 5.2.2.5, 5.2.2.3, 4.1
	}
	if lifetime, known := r.lifetime(status, h, d); known && lifetime > 0 {
		return true
	}
	if isRedirect(status) { // without a lifetime its Location may be another the next time
		return false
	}
	return hasValidator(h) || d.staleIfError > 0
}

// isUnderstood reports whether the caching rules of a status are implemented here (RFC 9111 section 5.2.2.3).
func isUnderstood(status int) bool { return status == http.StatusOK || allowsHeuristic(status) }

// allowsHeuristic reports whether a response with that status is heuristically cacheable (RFC 9110 section 15.1); 206,
// which is never stored, is left out.
func allowsHeuristic(status int) bool {
	return slices.Contains([]int{200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}, status)
}

func isRedirect(status int) bool {
	return slices.Contains([]int{301, 302, 303, 307, 308}, status)
}

// Judge returns how e may be used now for a request with that header.
func (r Rules) Judge(e *Entry, request http.Header, now time.Time) Use {
	if e.kind != ofResponse {
		return Useless
	}
	d := directivesOf(e.Header)
	if r.TTL == 0 && (d.noStore && !d.mustUnderstand || variesByAll(e.Header["Vary"])) { // kept under a TTL
		return Useless
	}
	wish := requestDirectives(request)
	age, lifetime := r.Age(e, now), r.lifetimeOf(e, d)
	switch {
	case wish.noCache, r.TTL == 0 && d.noCache: // sections 5.2.1.4 and 5.2.2.4: not without revalidation
	case wish.maxAge != none && age > wish.maxAge.duration(): // section 5.2.1.1
	case lifetime > age && lifetime-age >= wish.minFresh.duration(): // sections 4.2 and 5.2.1.3
		return Fresh
	case lifetime > age, d.mustRevalidate: // section 5.2.2.2: stale ones are never used
	case wish.maxStale != none && age-lifetime <= wish.maxStale.duration(): // section 5.2.1.2
		return Stale
	}
	return Check
}

// requestDirectives parses a request's Cache-Control, or its Pragma if it has none (RFC 9111 section 5.4).
func requestDirectives(h http.Header) directives {
	d := directivesOf(h)
	if len(h["Cache-Control"]) == 0 && strings.EqualFold(strings.TrimSpace(h.Get("Pragma")), "no-cache") {
		d.noCache = true
	}
	return d
}

// StaleUntil returns until when e may be used instead of an error of the server (RFC 5861 section 4, RFC 9111 section
// 4.2.4); zero is never. Request or response can allow it, the response can forbid it.
func (r Rules) StaleUntil(e *Entry, request http.Header, now time.Time) time.Time {
	d, wish := directivesOf(e.Header), requestDirectives(request)
	window := max(d.staleIfError, wish.staleIfError)
	if e.kind != ofResponse || window <= 0 || d.mustRevalidate || d.noCache || d.noStore || wish.noCache {
		return time.Time{}
	}
	return now.Add(r.lifetimeOf(e, d) - r.Age(e, now) + window.duration())
}

// ServableUntil returns until when e may be served without a validation, fresh or stale (RFC 9111 section 4.2.4, RFC
// 5861), whatever this request says of its own response; zero is never.
func (r Rules) ServableUntil(e *Entry, now time.Time) time.Time {
	d := directivesOf(e.Header)
	if e.kind != ofResponse || r.TTL == 0 && (d.noCache || d.noStore && !d.mustUnderstand) {
		return time.Time{}
	}
	window := max(d.staleIfError, d.staleWhileRevalidate)
	if d.mustRevalidate {
		window = none
	}
	return now.Add(r.lifetimeOf(e, d) - r.Age(e, now) + window.duration())
}

// NeedsRefresh reports whether a stored response has to be stored again as what a 304 made of it, fresh: a field has
// another value, or the time of the validation counts, since the response may be served without one for some time after
// it, or may be to a request like this. Else the next run validates it in any case, and RFC 9111 section 4.3.4 changes
// nothing but its Date.
func (r Rules) NeedsRefresh(stored, fresh *Entry, request http.Header) bool {
	d, wish := directivesOf(fresh.Header), requestDirectives(request)
	switch {
	case r.lifetimeOf(fresh, d) > 0, d.staleIfError > 0, d.staleWhileRevalidate > 0,
		wish.maxStale != none, wish.staleIfError > 0,
		stored.ReportedBefore != fresh.ReportedBefore, stored.Reporter != fresh.Reporter:
		return true
	}
	return lacksFieldOf(stored.Header, fresh.Header) || lacksFieldOf(fresh.Header, stored.Header)
}

// lacksFieldOf reports whether b lacks a field of a with the same values, other than those that say when a response was
// made.
func lacksFieldOf(a, b http.Header) bool {
	for name, values := range a {
		if name != "Date" && name != "Age" && !slices.Equal(values, b[name]) {
			return true
		}
	}
	return false
}

// Age returns the time since the server generated or confirmed the response (RFC 9111 section 4.2.3); with a TTL,
// since it was received.
func (r Rules) Age(e *Entry, now time.Time) time.Duration {
	resident := now.Sub(e.Received)
	if resident < -maxClockSkew { // the clock was set back: the age is unknown
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
	received := secondsOf(strings.TrimSpace(firstOf(e.Header["Age"])), 0).duration() // section 5.1
	corrected := received + max(e.Received.Sub(e.Requested), 0)
	return max(apparent, corrected) + resident
}

// maxClockSkew is how far the clocks of machines that share a Store may differ.
const maxClockSkew = time.Minute

// Reuse returns how a response with that status and header can be used the next time: for how long it is fresh by
// itself, and whether the server can validate it after that.
func (r Rules) Reuse(status int, h http.Header) (fresh time.Duration, validates bool) {
	d := directivesOf(h)
	if !r.Keeps(status, h) {
		return 0, false
	}
	if !d.noCache {
		fresh, _ = r.lifetime(status, h, d)
	}
	return fresh, hasValidator(h)
}

// lifetimeOf returns the freshness lifetime of e; 0 where it is unknown.
func (r Rules) lifetimeOf(e *Entry, d directives) time.Duration {
	lifetime, _ := r.lifetime(e.Status, e.Header, d)
	return lifetime
}

// lifetime returns the freshness lifetime of a response (RFC 9111 section 4.2.1); known is false where it has none.
// s-maxage, public and proxy-revalidate are ignored, since they are for shared caches.
func (r Rules) lifetime(status int, h http.Header, d directives) (span time.Duration, known bool) {
	if r.TTL > 0 {
		return r.TTL, true
	}
	if d.maxAge != none { // section 5.2.2.1: Expires is ignored then
		return d.maxAge.duration(), true
	}
	lines := h["Expires"]
	guesses := r.Heuristic > 0 && allowsHeuristic(status)
	if len(lines) == 0 && !guesses {
		return 0, false
	}
	date, dated := dateOf(h["Date"])
	if len(lines) > 0 { // section 5.3: an invalid date, such as 0, has passed
		expires, ok := dateOf(lines)
		if !ok || !dated {
			return 0, true
		}
		return max(expires.Sub(date), 0), true
	}
	modified, ok := dateOf(h["Last-Modified"])
	if ok && dated { // section 4.2.2
		return time.Duration(r.Heuristic * float64(max(date.Sub(modified), 0))), true
	}
	return 0, false
}

// firstOf returns the first element of a header that is a list.
func firstOf(values []string) string {
	if len(values) == 0 {
		return ""
	}
	first, _, _ := strings.Cut(values[0], ",")
	return first
}
