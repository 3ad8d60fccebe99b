package cmd

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"batchfetch/fetch"
	"batchfetch/output/encode"
)

// printSummary writes the summary of a run in words, for a person: the counts, each kind of failure with an example and
// a hint, and what bound the speed. What a server or an input said passes through encode.Printable.
func printSummary(w io.Writer, c *config, r result) {
	text := new(strings.Builder)
	sum := r.summary
	writeCounts(text, sum)
	writeKinds(text, r)
	writeFailedHosts(text, sum.FailedByHost)
	writeCacheCounts(text, c, sum)
	if sum.Skipped > 0 {
		fmt.Fprintf(text, "  %6d skipped: %s\n", sum.Skipped, skipReason(c))
	}
	if sum.MorePages > 0 {
		fmt.Fprintf(text, "  %6d have more pages than --max-pages %d: their last Records name the next\n",
			sum.MorePages, c.fetch.MaxPages)
	}
	if sum.NotStarted > 0 {
		fmt.Fprintf(text, "  %6d read and not started\n", sum.NotStarted)
	}
	if reason := stopReason(c, r); reason != "" {
		fmt.Fprintf(text, "batchfetch: %s\n", reason)
	}
	for _, hint := range expiredHints(sum) {
		fmt.Fprintf(text, "batchfetch: %s\n", hint)
	}
	for _, hint := range slices.Concat(watchedHints(sum), unpolledHints(sum)) {
		fmt.Fprintf(text, "batchfetch: hint: %s\n", hint)
	}
	if hint := limitHint(c, sum); hint != "" {
		fmt.Fprintf(text, "batchfetch: %s\n", hint)
	}
	if sum.Failed > 0 && c.output.failures == "" {
		text.WriteString("batchfetch: hint: --failures FILE keeps the failures; batchfetch FILE asks for them again\n")
	}
	_, _ = io.WriteString(w, text.String()) // as in printError
}

func writeCounts(text *strings.Builder, sum fetch.Summary) {
	rate := ""
	if sec := sum.Elapsed.Seconds(); sec > 0 && sum.Exchanges > 0 {
		rate = fmt.Sprintf(", %.0f exchanges/s", float64(sum.Exchanges)/sec)
	}
	fmt.Fprintf(text, "batchfetch: %d of %d succeeded, %d failed in %s%s\n",
		sum.Succeeded, sum.Total, sum.Failed, formatElapsed(sum.Elapsed), rate)
}

// writeKinds writes a line for each kind of failure, the most frequent first, and its hint.
func writeKinds(text *strings.Builder, r result) {
	for _, kind := range keysByCount(r.summary.ByKind) {
		example := r.counts.Examples[kind]
		fmt.Fprintf(text, "  %6d %s: e.g. %s: %s\n", r.summary.ByKind[kind], kind,
			encode.Printable(truncate(example.URL)), encode.Printable(truncate(example.Message)))
		if hint := hintForKind(kind, example); hint != "" {
			fmt.Fprintf(text, "         hint: %s\n", hint)
		}
	}
}

// maxFailedHosts is how many failing hosts the summary lists.
const maxFailedHosts = 5

// writeFailedHosts lists the hosts with the most failures; a single one is in the example already.
func writeFailedHosts(text *strings.Builder, failed map[string]int64) {
	hosts := keysByCount(failed)
	if len(hosts) < 2 {
		return
	}
	fmt.Fprintf(text, "  failed by host:")
	for i, host := range hosts {
		if i == maxFailedHosts {
			fmt.Fprintf(text, " and %d more", len(hosts)-i)
			break
		}
		fmt.Fprintf(text, " %s %d", encode.Printable(host), failed[host])
	}
	text.WriteByte('\n')
}

func writeCacheCounts(text *strings.Builder, c *config, sum fetch.Summary) {
	if len(sum.ByCache) == 0 {
		return
	}
	text.WriteString("  cache:")
	for _, part := range []fetch.Cached{fetch.CacheHit, fetch.CacheRevalidated, fetch.CacheMiss, fetch.CacheStale} {
		if n := sum.ByCache[part]; n > 0 {
			fmt.Fprintf(text, " %d %s", n, part)
		}
	}
	if c.cache.changed {
		fmt.Fprintf(text, ", %d unchanged", sum.Unchanged)
	}
	text.WriteByte('\n')
}

func skipReason(c *config) string {
	switch {
	case c.output.resume && c.unique:
		return "done by an earlier run, or duplicates"
	case c.output.resume:
		return "done by an earlier run"
	}
	return "duplicates"
}

// stopReason returns in words what ended a run early; "" is nothing.
func stopReason(c *config, r result) string {
	if r.code == exitInt || r.code == exitTerm {
		return "interrupted"
	}
	switch r.summary.Stopped {
	case fetch.StopFailures:
		if c.failFast {
			return "stopped at the first failure (--fail-fast)"
		}
		return "stopped: more failures than --max-failures allows"
	case fetch.StopDeadline:
		return fmt.Sprintf("stopped: --deadline %s has passed", formatDuration(c.fetch.Deadline))
	case fetch.StopDrain, fetch.StopCanceled:
		return "interrupted"
	case fetch.StopInput:
		return "the input broke off"
	case fetch.StopOutput:
		return "the output can't be written"
	}
	return ""
}

// keysByCount returns the keys, the largest count first; equal counts by key.
func keysByCount[K cmp.Ordered](counts map[K]int64) []K {
	keys := make([]K, 0, len(counts))
	for key := range counts {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b K) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	return keys
}

// formatElapsed rounds a time to what matters to a reader: milliseconds, tenths of a second from a second on, seconds
// from a minute on.
func formatElapsed(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
