package cmd

import (
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output"
	"batchfetch/output/encode"
	"batchfetch/output/warc"
)

// maxSummaryLines is the most lines that a summary in words has.
const maxSummaryLines = 10

// A summaryLine is a line of a summary in words. Where there are too many, that of the highest rank is left out first.
type summaryLine struct {
	text string
	rank int
}

// printSummary writes the summary of a run in words, for a person: the counts, what failed with an example each, what
// stopped the run, what bound its speed, and what to do. It has maxSummaryLines at most. What a server or an input said
// passes through encode.Printable.
func (out *outputs) printSummary(c *config, r *result, notes []note) {
	var lines []summaryLine
	add := func(rank int, text string) {
		if text != "" {
			lines = append(lines, summaryLine{encode.Printable(text), rank})
		}
	}
	if r.inputEmpty {
		add(0, "batchfetch: "+noRequests)
	} else {
		add(0, countsLine(c, r.summary))
	}
	columns := out.console.columns()
	groups := r.counts.Groups()
	table := failureTable(groups, out.failureLines != nil && out.failureLines.ShownAll(), columns)
	for _, text := range table {
		add(0, text)
	}
	for i, text := range groupHints(groups, table) {
		if !slices.ContainsFunc(notes, func(n note) bool { return n.hint == text }) {
			add(4+4*i, "Hint: "+text)
		}
	}
	add(9, cacheLine(c, r.summary))
	if n := r.summary.MorePages; n > 0 {
		add(7, fmt.Sprintf("Pages: %d more than --max-pages %d: the last Records name the next", n, c.fetch.MaxPages))
	}
	add(6, limitHint(c, r.summary))
	add(0, stopReason(c, r))
	for i, n := range notes {
		rank := min(2+i, 6)
		if n.label == "" { // in place of the counts
			continue
		}
		if n.level == slog.LevelError || n.label == "Output" {
			rank = 0
		}
		add(rank, n.label+": "+n.text)
		if n.hint != "" {
			add(rank+3, "Hint: "+n.hint)
		}
	}
	add(0, out.retryLine(c, r))
	_, _ = io.WriteString(out.console.stderr, joinLines(lines)) // as in printError
}

// joinLines returns the text of at most maxSummaryLines of the lines.
func joinLines(lines []summaryLine) string {
	for len(lines) > maxSummaryLines {
		least := 0
		for i, line := range lines {
			if line.rank >= lines[least].rank {
				least = i
			}
		}
		lines = slices.Delete(lines, least, least+1)
	}
	text := new(strings.Builder)
	for _, line := range lines {
		text.WriteString(line.text + "\n")
	}
	return text.String()
}

// rateFrom is how many exchanges a run has had whose rate says something.
const rateFrom = 1000

// countsLine returns the counts of a run. What was only canceled has not failed.
func countsLine(c *config, sum fetch.Summary) string {
	text := fmt.Sprintf("%d of %d fetched in %s", sum.Succeeded, sum.Total-sum.Skipped, formatElapsed(sum.Elapsed))
	if sec := sum.Elapsed.Seconds(); sum.Exchanges >= rateFrom && sec >= 1 {
		text += fmt.Sprintf(", %.0f/s", float64(sum.Exchanges)/sec)
	}
	var others []string
	canceled := sum.ByKind[failure.Canceled]
	for _, count := range []struct {
		n    int64
		what string
	}{
		{sum.Failed - canceled, "failed"}, {canceled, "canceled"}, {sum.NotStarted, "not started"},
		{sum.Unchanged, "unchanged"}, {sum.Skipped, "skipped: " + skipReason(c)},
	} {
		if count.n > 0 {
			others = append(others, fmt.Sprintf("%d %s", count.n, count.what))
		}
	}
	if len(others) > 0 {
		text += "; " + strings.Join(others, ", ")
	}
	return text
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

func cacheLine(c *config, sum fetch.Summary) string {
	var parts []string
	for _, part := range []fetch.Cached{fetch.CacheHit, fetch.CacheRevalidated, fetch.CacheMiss, fetch.CacheStale} {
		if n := sum.ByCache[part]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, part))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "Cache: " + strings.Join(parts, ", ")
}

// stopReason returns in words what ended a run early, or made its code 4; "" is nothing, or an error that has a note.
func stopReason(c *config, r *result) string {
	if isSignal(r.code) {
		return "Stopped: interrupted"
	}
	switch r.summary.Stopped {
	case fetch.StopFailures:
		return "Stopped: " + failuresReason(c, r.summary)
	case fetch.StopDeadline:
		return fmt.Sprintf("Stopped: --deadline %s has passed", formatDuration(c.fetch.Deadline))
	case fetch.StopDrain, fetch.StopCanceled:
		return "Stopped: interrupted"
	}
	return ""
}

// failuresReason returns how many failures were more than allowed.
func failuresReason(c *config, sum fetch.Summary) string {
	failed := sum.Failed - sum.ByKind[failure.Canceled]
	switch {
	case c.failFast:
		return "at the first failure, for --fail-fast"
	case c.fetch.MaxFailurePercent == 0:
		return fmt.Sprintf("%d failed, more than --max-failures %d allows", failed, c.fetch.MaxFailures)
	case sum.NotStarted == 0 && failed == sum.Failed:
		return fmt.Sprintf("%d failed, more than --max-failures %g%% allows", failed, c.fetch.MaxFailurePercent)
	}
	return fmt.Sprintf("%d failed, so that --max-failures %g%% can't be met any more", failed, c.fetch.MaxFailurePercent)
}

// retryLine returns what to do for what is missing; "" where nothing is, or a note has said it.
func (out *outputs) retryLine(c *config, r *result) string {
	failed := r.summary.Failed - r.summary.ByKind[failure.Canceled]
	switch {
	case r.code == exitOK || r.code == exitBroken:
		return ""
	case c.output.resume && r.code == exitFailed:
		return "Retry: run the same command again"
	case c.output.resume: // the note has said it
		return ""
	case !r.summary.Complete && r.summary.NotStarted+r.summary.ByKind[failure.Canceled] > 0:
		return "Retry: run it again; what was not started is in no list of failures"
	case failed > 0 && !slices.ContainsFunc(r.counts.Groups(), func(g *output.FailureGroup) bool { return !g.IsFinal() }):
		return "" // it would fail again
	case out.withheld != "":
		return "Retry: run it again"
	case failed == 0 || c.output.failures == "-":
		return ""
	case c.output.failures == "":
		return "Retry: --failures FILE keeps the failures, and batchfetch FILE retries them"
	}
	line := "Retry: batchfetch "
	if c.retryFlags {
		line = "Retry with the same flags: batchfetch "
	}
	failures, name := quoteArgument(c.output.failures), c.output.output
	ext := filepath.Ext(name)
	switch {
	case !isFile(name):
		return line + failures
	case ext == ".gz" || ext == ".zst" || warc.IsName(name): // lines behind it would break it
		dir, base := filepath.Split(name)
		return line + "-o " + quoteArgument(dir+"retry-"+base) + " " + failures
	}
	return line + failures + " >> " + quoteArgument(name)
}

// quoteArgument returns text as a word of a shell's command line.
func quoteArgument(text string) string {
	isPlain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-+=./:@%,", r)
	}
	if text != "" && strings.TrimFunc(text, isPlain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
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

// A note is what a person has to know of how a run ended, beside its counts.
type note struct {
	level      slog.Level
	label      string // of its line in a summary; empty is none
	text, hint string
}

// noRequests is the warning for an input without any request.
const noRequests = "no requests in the input"
