package plan

import (
	"strings"
	"time"

	"batchfetch/fetch/judge"
	"batchfetch/fetch/queue"
)

// A bucket is what a host counts a part of its requests under, with windows of its own. A lane whose host has told no
// quota has none.
type bucket struct {
	name    string             // as responses name it; empty is not named
	number  uint16             // its index in buckets.list, plus 1
	windows []quotaWindow      // one for each policy; a start needs all of them
	active  int                // exchanges under way that were started from it
	until   time.Time          // the host has asked to be sent nothing from it before then
	aside   queue.Queue[*Task] // Tasks that were ahead in the lane while it allowed no start
	paths   string             // the segments that the paths of all responses have in common, from the first on
	answers int                // how many responses that were

	closure *closure // nil means that it was never closed
}

// maxPolicies bounds the windows of a bucket. Further policies are ignored.
const maxPolicies = 8

// observe takes in what the response to t tells of the bucket, when so many Tasks of the lane have started.
func (b *bucket) observe(t *Task, starts uint64, now time.Time) {
	v := &t.Verdict
	b.notePath(t.Path)
	kept := b.windows[:0]
	for i := range b.windows {
		w := &b.windows[i]
		switch q := findQuota(v, w); {
		case q != nil:
			w.update(q, t, starts, now)
		case v.Health == judge.Unknown || v.Health == judge.NoAnswer:
			if w.probe == t {
				w.probe = nil
			}
		case !v.Refusal && w.untold(t):
			continue
		case w.probe == t:
			w.probe = nil
			w.beginWindow(0, v.Hold, t, now)
		}
		kept = append(kept, *w)
	}
	b.windows = kept
	for i := range v.Quotas {
		if q := &v.Quotas[i]; !b.hasWindow(q) && len(b.windows) < maxPolicies {
			b.windows = append(b.windows, newQuotaWindow(q, t, starts, now))
		}
	}
}

// findQuota returns the Quota of a Verdict that is about a window, or nil.
func findQuota(v *judge.Verdict, w *quotaWindow) *judge.Quota {
	for i := range v.Quotas {
		if q := &v.Quotas[i]; q.Policy == w.policy && q.Concurrent == w.concurrent {
			return q
		}
	}
	return nil
}

// hasWindow reports whether the bucket has the window of a Quota.
func (b *bucket) hasWindow(q *judge.Quota) bool {
	for i := range b.windows {
		if w := &b.windows[i]; w.policy == q.Policy && w.concurrent == q.Concurrent {
			return true
		}
	}
	return false
}

// nextStart is when the bucket allows a start; a time that is not after now is at once. others is the number of
// unanswered exchanges that may count in it although they were not started from it.
func (b *bucket) nextStart(others int, latency time.Duration, now time.Time) time.Time {
	at := latest(b.until, b.closure.opensAt())
	for i := range b.windows {
		at = latest(at, b.windows[i].nextStart(b.active+others, latency, now))
	}
	return at
}

// noteStart accounts for a start from the bucket.
func (b *bucket) noteStart(t *Task, others int, now time.Time) {
	for i := range b.windows {
		b.windows[i].noteStart(t, b.active+others, now)
	}
	b.active++
}

// dropProbe forgets that t asks how many requests there are, as it was in another bucket.
func (b *bucket) dropProbe(t *Task) {
	for i := range b.windows {
		if w := &b.windows[i]; w.probe == t {
			w.probe = nil
		}
	}
}

// spentBeyond is the latest end of the windows in which nothing is left for longer than most; the zero time is that of
// none. Where the unit of a reset is not told, exchanges under way may show it: others is as for nextStart.
func (b *bucket) spentBeyond(most time.Duration, others int, now time.Time) time.Time {
	var at time.Time
	for i := range b.windows {
		w := &b.windows[i]
		from := now.Add(most)
		if w.rounded {
			from = from.Add(judge.WaitRounding)
		}
		if w.isSpent() && w.end.After(from) && !(w.unitless && b.active+others > 0) {
			at = latest(at, w.end)
		}
	}
	return at
}

// isClosed reports whether Tasks of the bucket fail without an exchange.
func (b *bucket) isClosed(now time.Time) bool { return b.closure.opensAt().After(now) }

// isSpentBy reports whether a Verdict tells one of the windows as spent that are.
func (b *bucket) isSpentBy(v *judge.Verdict) bool {
	for i := range b.windows {
		w := &b.windows[i]
		if q := findQuota(v, w); w.isSpent() && q != nil && q.Remaining <= 0 {
			return true
		}
	}
	return false
}

// notePath takes in the path of a response.
func (b *bucket) notePath(path string) {
	if b.answers++; b.answers == 1 {
		b.paths = path
		return
	}
	same := 0
	for i := 0; i <= min(len(b.paths), len(path)); i++ {
		if (i == len(path) || path[i] == '/') && (i == len(b.paths) || b.paths[i] == '/') {
			same = i
		}
		if i == len(path) || i == len(b.paths) || path[i] != b.paths[i] {
			break
		}
	}
	b.paths = b.paths[:same]
}

// place is the beginning of the paths that are known to count in the bucket: what several responses have in common, or
// all segments but the last one of a single one. Empty is not known.
func (b *bucket) place() string {
	if b.answers == 1 {
		return b.paths[:max(strings.LastIndexByte(b.paths, '/'), 0)]
	}
	return b.paths
}

// expiry is when nothing that is known of the bucket is needed any more.
func (b *bucket) expiry() time.Time {
	at := latest(b.until, b.closure.opensAt())
	for i := range b.windows {
		at = latest(at, b.windows[i].end)
	}
	return at
}
