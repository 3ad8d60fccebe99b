// Package actions tells GitHub Actions, and runners that understand the same, what a run did: annotations, which are
// workflow commands in the log, and the Markdown of a job summary.
//
// No text of a server or an input can begin a workflow command or markup: Annotations and Markdown write each on the
// line of their own command or cell, escaped for it.
package actions

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"batchfetch/fetch"
	"batchfetch/output"
	"batchfetch/output/encode"
)

// A Run is what is told of a run that has ended.
type Run struct {
	Headline string // the counts in words
	Stopped  string // why it ended early, in words; empty is that it did not
	Failed   bool   // the exit code is not 0, so that the step fails
	Summary  *fetch.Summary
	Groups   []*output.FailureGroup // the largest first
}

const (
	// maxAnnotations is how many annotations of a level GitHub shows of a step.
	maxAnnotations = 10
	// maxRows is how many rows a table has.
	maxRows = 50
	// maxText is the most characters of a text of a server or an input.
	maxText = 300
)

// Annotations returns an annotation, a line, for each cause of failures, and one for a run that ended early. It is an
// error where the step fails, else a warning.
func (r *Run) Annotations() string {
	level := "warning"
	if r.Failed {
		level = "error"
	}
	text := new(strings.Builder)
	left := maxAnnotations
	if r.Stopped != "" {
		fmt.Fprintf(text, "::%s title=batchfetch::%s\n", level, escapeData(r.Stopped))
		left--
	}
	for i, g := range r.Groups {
		if i == left-1 && len(r.Groups) > left {
			fmt.Fprintf(text, "::%s title=batchfetch::%s\n", level, escapeData(fmt.Sprintf("%d failed for %d other reasons",
				sumOf(r.Groups[i:]), len(r.Groups)-i)))
			break
		}
		fmt.Fprintf(text, "::%s title=%s::%s\n", level, escapeProperty(fmt.Sprintf("batchfetch: %d failed: %s", g.Count,
			g.Words)), escapeData("for example "+exampleOf(g)))
	}
	return text.String()
}

// exampleOf returns the example of a group: its place, URL and message.
func exampleOf(g *output.FailureGroup) string {
	text := shorten(g.Example.URL) + ": " + shorten(g.Example.Message)
	if g.Example.Line != "" {
		text = shorten(g.Example.Line) + ": " + text
	}
	return text
}

func sumOf(groups []*output.FailureGroup) (n int64) {
	for _, g := range groups {
		n += g.Count
	}
	return n
}

// escapeData escapes the message of a workflow command, as @actions/core does; the runner decodes it.
func escapeData(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(encode.Printable(text))
}

// escapeProperty escapes the value of a property of a workflow command.
func escapeProperty(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(escapeData(text))
}

// shorten returns the start of a text.
func shorten(text string) string {
	if len(text) <= maxText {
		return text
	}
	runes := []rune(text[:min(len(text), 4*maxText)])
	if len(runes) <= maxText {
		return text
	}
	return string(runes[:maxText]) + "\u2026"
}

// MaxStepSummary is the largest summary of a step that GitHub takes, in bytes: of a larger one it shows nothing. What
// Markdown returns is shorter.
const MaxStepSummary = 1 << 20

// Markdown returns the job summary of a run.
func (r *Run) Markdown() string {
	text := new(strings.Builder)
	fmt.Fprintf(text, "### batchfetch\n\n%s\n\n", escapeMarkdown(r.Headline))
	if r.Stopped != "" {
		fmt.Fprintf(text, "%s\n\n", escapeMarkdown(r.Stopped))
	}
	r.writeFailures(text)
	r.writeHosts(text)
	r.writeCounts(text)
	return text.String()
}

// writeFailures writes the table of failures by their cause.
func (r *Run) writeFailures(text *strings.Builder) {
	if len(r.Groups) == 0 {
		return
	}
	text.WriteString("| Failed | Why | Example |\n| ---: | --- | --- |\n")
	for i, g := range r.Groups {
		if i == maxRows {
			fmt.Fprintf(text, "| %d | %d other reasons | |\n", sumOf(r.Groups[i:]), len(r.Groups)-i)
			break
		}
		fmt.Fprintf(text, "| %d | %s | %s |\n", g.Count, escapeMarkdown(g.Words), escapeMarkdown(exampleOf(g)))
	}
	text.WriteString("\n")
}

// writeHosts writes the table of the hosts with the most failures, where there are several.
func (r *Run) writeHosts(text *strings.Builder) {
	failed := r.Summary.FailedByHost
	if len(failed) < 2 {
		return
	}
	hosts := slices.SortedFunc(maps.Keys(failed), func(a, b string) int {
		return cmp.Or(cmp.Compare(failed[b], failed[a]), cmp.Compare(a, b))
	})
	text.WriteString("| Failed | Host |\n| ---: | --- |\n")
	others := int64(0)
	for i, host := range hosts {
		if i >= maxRows {
			others += failed[host]
			continue
		}
		fmt.Fprintf(text, "| %d | %s |\n", failed[host], escapeMarkdown(shorten(host)))
	}
	if others > 0 {
		fmt.Fprintf(text, "| %d | %d other hosts |\n", others, len(hosts)-maxRows)
	}
	text.WriteString("\n")
}

// writeCounts writes the table of what else there is to count.
func (r *Run) writeCounts(text *strings.Builder) {
	s := r.Summary
	rows := [][2]string{
		{"Exchanges", fmt.Sprint(s.Exchanges)}, {"Retries", fmt.Sprint(s.Retries)},
		{"Body bytes", fmt.Sprint(s.Bytes)}, {"Received bytes", fmt.Sprint(s.WireBytes)},
	}
	for _, status := range slices.Sorted(maps.Keys(s.ByStatus)) {
		if len(rows) < maxRows {
			rows = append(rows, [2]string{fmt.Sprintf("Status %d", status), fmt.Sprint(s.ByStatus[status])})
		}
	}
	if s.Latency.Count > 0 {
		rows = append(rows, [2]string{"Exchange, median", fmt.Sprintf("%.1f ms", s.Latency.P50.Seconds()*1000)},
			[2]string{"Exchange, 99 %", fmt.Sprintf("%.1f ms", s.Latency.P99.Seconds()*1000)})
	}
	if s.LimitedBy != "" {
		rows = append(rows, [2]string{"Limited by", string(s.LimitedBy) + " " + shorten(s.LimitedHost)})
	}
	text.WriteString("| | |\n| --- | ---: |\n")
	for _, row := range rows {
		fmt.Fprintf(text, "| %s | %s |\n", escapeMarkdown(row[0]), escapeMarkdown(row[1]))
	}
	text.WriteString("\n")
}

// escapeMarkdown returns text that Markdown with the extensions of GitHub shows as it is: ASCII punctuation, which may
// be markup, HTML, a link, a mention or an emoji, is written as character references.
func escapeMarkdown(text string) string {
	escaped := new(strings.Builder)
	for _, c := range encode.Printable(text) {
		if c > ' ' && c <= '~' && !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '-' {
			fmt.Fprintf(escaped, "&#%d;", c)
		} else {
			escaped.WriteRune(c)
		}
	}
	return escaped.String()
}
