package cmd

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"batchfetch/fetch/failure"
	"batchfetch/output"
	"batchfetch/output/encode"
)

// A failureRow is a line of the failures in a summary, by its columns. Where there is no room for both, the example
// stands in place of the host.
type failureRow struct{ count, cause, host, example, hint string }

// maxFailureRows is how many lines the failures of a summary take.
const maxFailureRows = 6

// failureTable returns the failures of a run as lines: how many, why, at which host, and an example of each group,
// unless all have been shown before. A line takes columns at most; 0 is any number.
func failureTable(groups []*output.FailureGroup, areShown bool, columns int) []string {
	listed := groups
	if len(groups) > maxFailureRows {
		listed = groups[:maxFailureRows-1]
	}
	var rows []failureRow
	for _, g := range listed {
		rows = append(rows, newFailureRow(g, areShown))
	}
	if rest := groups[len(listed):]; len(rest) > 0 {
		var count int64
		for _, g := range rest {
			count += g.Count
		}
		rows = append(rows, failureRow{count: fmt.Sprint(count), cause: fmt.Sprintf("for %d other reasons", len(rest))})
	}
	return layOut(rows, columns)
}

func newFailureRow(g *output.FailureGroup, areShown bool) failureRow {
	row := failureRow{count: fmt.Sprint(g.Count), cause: g.Words, host: g.Host}
	n, more := g.Hosts()
	switch {
	case g.Kind == failure.InvalidRequest: // the line may name a host, and is not about it
		row.host = ""
	case more:
		row.host = fmt.Sprintf("%d hosts or more", n)
	case n > 1:
		row.host = fmt.Sprintf("%d hosts", n)
	}
	row.host, row.cause = encode.Printable(row.host), encode.Printable(row.cause)
	if hintsInRow[g.Kind] && g.Example.Option == "" {
		row.hint = hintForKind(g.Kind, g.Example)
	}
	if !areShown {
		row.example = encode.Printable(truncate(example(g, n)))
	}
	return row
}

// hintsInRow are the kinds whose hint says more than an example does, where there is room for it.
var hintsInRow = map[failure.Kind]bool{failure.Connect: true, failure.HostDown: true}

// example returns the example of a group of failures at so many hosts; "" where the host says it all.
func example(g *output.FailureGroup, hosts int) string {
	e := g.Example
	message, _ := strings.CutPrefix(e.Message, string(g.Kind)+": ")
	where := e.URL
	if u, err := url.Parse(e.URL); err == nil && hosts == 1 {
		where = u.RequestURI()
	}
	switch {
	case e.Line != "":
		return "e.g. " + e.Line + ": " + message
	case g.Kind == failure.BadStatus || g.Kind == failure.Connect && e.Option == "" && hosts > 1:
		return "e.g. " + where
	case (g.Kind == failure.Connect || g.Kind == failure.HostDown && hosts == 1) && e.Option == "":
		return ""
	case (g.Kind == failure.DNS || g.Kind == failure.TLS || g.Kind == failure.Connect) && hosts == 1:
		return "e.g. " + message
	}
	return "e.g. " + where + ": " + message
}

// groupHints returns what to do about the two largest groups whose hint is not in table, what failureTable returned. A
// line that can't be used for a reason of its own needs none, nor does an answer that may be accepted.
func groupHints(groups []*output.FailureGroup, table []string) []string {
	var hints []string
	for _, g := range groups {
		hint := hintForKind(g.Kind, g.Example)
		isPlain := g.Kind == failure.InvalidRequest && g.Example.Option == "" || strings.HasPrefix(hint, "--accept-status")
		inTable := slices.ContainsFunc(table, func(line string) bool { return strings.HasSuffix(line, hint) })
		if hint != "" && !inTable && !isPlain && len(hints) < 2 && !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
	}
	return hints
}

// leastExample is the least number of columns that an example needs beside the host.
const leastExample = 20

// layOut returns the rows in columns below each other.
func layOut(rows []failureRow, columns int) []string {
	var count, cause, host int
	for _, row := range rows {
		count = max(count, utf8.RuneCountInString(row.count))
		cause = max(cause, utf8.RuneCountInString(row.cause))
		host = max(host, utf8.RuneCountInString(row.host))
	}
	isNarrow := columns > 0 && columns-(2+count+2+cause+2+host+2) < leastExample
	lines := make([]string, len(rows))
	for i, row := range rows {
		line := fmt.Sprintf("  %*s  %-*s  ", count, row.count, cause, row.cause)
		switch {
		case !isNarrow:
			line += fmt.Sprintf("%-*s  ", host, row.host)
			if row.example != "" {
				line += row.example
			} else if columns <= 0 || utf8.RuneCountInString(line+row.hint) <= columns {
				line += row.hint
			}
		case row.example != "":
			line += strings.TrimPrefix(row.example, "e.g. ")
		default:
			line += row.host
		}
		lines[i] = clipColumns(strings.TrimRight(line, " "), columns)
	}
	return lines
}

// clipColumns cuts a text at so many columns; 0 is any number.
func clipColumns(text string, columns int) string {
	if columns <= 0 || utf8.RuneCountInString(text) <= columns {
		return text
	}
	return string([]rune(text)[:columns-1]) + "…"
}
