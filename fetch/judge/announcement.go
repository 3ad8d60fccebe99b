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
		a.spent = true
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

// sharpen lowers resets that were computed from a time to a Retry-After in seconds, which says the same without being
// rounded. The README of rate-limiter-flexible proposes both for each response, accepted ones too.
func (a *announcement) sharpen(h http.Header, now time.Time) {
	asked := parseRetryAfter(h, now)
	if asked.field == "" || asked.rounded {
		return
	}
	for i := range a.quotas {
		q := &a.quotas[i]
		wait := asked.wait
		if q.Remaining == 0 {
			wait = max(wait, leastReset)
		}
		if q.Rounded && wait < q.Reset && q.Reset-asked.wait <= WaitRounding {
			q.Reset, q.Rounded = wait, false
		}
	}
}

// settle drops each quota that another one of the same response says more exactly, and sets reset by the others. Many
// limiters say the same limit twice, with the seconds to go and, for older clients, with a Unix time, as
// express-rate-limit does by RateLimit and X-RateLimit-Reset: less Date, that may be up to WaitRounding too long, in
// each window.
func (a *announcement) settle() {
	if len(a.quotas) > 1 {
		said := slices.Clone(a.quotas)
		a.quotas = slices.DeleteFunc(a.quotas, func(q Quota) bool {
			return slices.ContainsFunc(said, func(r Quota) bool { return q.isRoundedFormOf(r) })
		})
		for i := range a.quotas { // the time confirms that a number is one of seconds
			r := &a.quotas[i]
			r.Unitless = r.Unitless && !slices.ContainsFunc(said, func(q Quota) bool { return q.isRoundedFormOf(*r) })
		}
	}
	for _, q := range a.quotas {
		if q.Remaining == 0 && !q.Concurrent && q.Reset > a.reset.wait {
			a.reset = askedWait{wait: q.Reset, rounded: q.Rounded, unitless: q.Unitless}
		}
	}
}

// capResets lowers the resets of quotas that are spent to a Retry-After, which has precedence.
func (a *announcement) capResets(asked *askedWait) {
	for i := range a.quotas {
		if q := &a.quotas[i]; q.Remaining == 0 && q.Reset > max(asked.wait, leastReset) {
			q.Reset, q.Rounded, q.Unitless = max(asked.wait, leastReset), true, false
		}
	}
}

// explain returns the header fields that were believed with their values, as one text. asked is the field of the wait
// that was asked for; empty is none.
func (a *announcement) explain(h http.Header, asked string) string {
	fields := a.fields
	if asked != "" {
		fields = slices.Concat([]string{asked}, fields)
	}
	var text strings.Builder
	for _, name := range fields {
		if text.Len() > 0 {
			text.WriteString(", ")
		}
		text.WriteString(strings.ToLower(name) + ": " + boundText(joinValues(h[name])))
	}
	return text.String()
}

// isRoundedFormOf reports whether q says no more than r does, with a Reset that is rounded where that of r is not.
func (q Quota) isRoundedFormOf(r Quota) bool {
	return q.Rounded && !r.Rounded && r.Reset > 0 && (q.Reset-r.Reset).Abs() <= WaitRounding &&
		q.Limit > 0 && q.Limit == r.Limit && q.Remaining == r.Remaining && q.Concurrent == r.Concurrent
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
