package report

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// addSteps adds the table of what the steps of exchanges took, where Records say so.
func (p *page) addSteps(d *Data) {
	p.Steps.Head = []column{{Name: "Step"}, numberColumn("Requests"), numberColumn("p50"), numberColumn("p90"),
		numberColumn("p99"), numberColumn("Longest")}
	for i := range d.steps {
		h := &d.steps[i]
		if h.Count() == 0 {
			continue
		}
		row := []cell{textCell(stepNames[i].words), countCell(h.Count())}
		for _, q := range quantiles {
			row = append(row, textCell(formatDuration(h.Quantile(q.share))))
		}
		p.Steps.Rows = append(p.Steps.Rows, append(row, textCell(formatDuration(h.Max()))))
	}
}

// addFailures adds the failures by their causes.
func (p *page) addFailures(d *Data) {
	for _, f := range d.causes.sorted() {
		p.Failures = append(p.Failures, failureView{Words: f.Words, Kind: shorten(string(f.Kind)),
			Count: formatCount(f.count), Share: formatShare(f.count, d.failed), Examples: f.examples})
	}
	if d.causes.others > 0 {
		p.MoreCause = fmt.Sprintf("%s more failures have other causes.", formatCount(d.causes.others))
	}
}

// addHosts adds the table of hosts.
func (p *page) addHosts(d *Data) {
	p.Hosts.Head = []column{{Name: "Host"}, numberColumn("Requests"), numberColumn("Failed"), numberColumn("Refused"),
		numberColumn("Rate reached")}
	if d.isLive {
		p.Hosts.Head = append(p.Hosts.Head, numberColumn("Limit"), numberColumn("Held back"))
	}
	d.hosts.sumSmallest(shownHosts)
	for _, h := range d.hosts.sorted() {
		p.Hosts.Rows = append(p.Hosts.Rows, d.hostRow(shorten(h.origin), h))
	}
	if others := &d.hosts.others; others.requests+others.exchanges > 0 {
		name := "lines without a host"
		if d.hosts.summed > 0 {
			name = "other hosts"
			p.HostsNote = fmt.Sprintf("The %s hosts with the most requests; the others are summed.",
				formatCount(int64(len(p.Hosts.Rows))))
		}
		p.Hosts.Foot = [][]cell{d.hostRow(name, others)}
	}
}

func (d *Data) hostRow(name string, h *hostCount) []cell {
	rate := unknownCell()
	if r := h.rate(d.idleBetween(h.first, h.last)); r > 0 && h != &d.hosts.others {
		rate = cell{formatRate(r), fmt.Sprint(r)}
	}
	row := []cell{textCell(name), countCell(h.requests), countCell(h.failed), countCell(h.refused), rate}
	if !d.isLive {
		return row
	}
	limit := unknownCell()
	if d.limitOf != nil && h != &d.hosts.others {
		limit = d.limitOf(h.origin)
	}
	held, most := unknownCell(), 0
	for l, span := range h.held {
		if span > h.held[most] {
			most = l
		}
	}
	if span := h.held[most]; span > 0 {
		took := time.Duration(span) * time.Microsecond
		held = cell{fmt.Sprintf("%s by %s", formatDuration(took), limits[most]), fmt.Sprint(span)}
	}
	return append(row, limit, held)
}

// addStatuses adds the statuses of Records by their class.
func (p *page) addStatuses(d *Data) {
	all := d.succeeded + d.failed
	for class := range 10 {
		var n int64
		var each []statusCount
		for status := class * 100; status < class*100+100; status++ {
			count := d.statuses[status]
			n += count
			if count > 0 && status > 0 {
				text := strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
				each = append(each, statusCount{text, formatCount(count)})
			}
		}
		if n == 0 {
			continue
		}
		name := fmt.Sprintf("%dxx", class)
		if class == 0 {
			name = "no answer"
		}
		p.Statuses = append(p.Statuses, statusClass{Name: name, Class: fmt.Sprintf("c%d", class), Count: formatCount(n),
			Share: formatShare(n, all), Width: formatCoordinate(100 * float64(n) / float64(max(all, 1))), Statuses: each})
	}
}

// addRetries adds how many attempts Records had.
func (p *page) addRetries(d *Data) {
	all := d.succeeded + d.failed
	p.Retries.Head = []column{numberColumn("Attempts"), numberColumn("Requests"), numberColumn("Share")}
	for i, n := range d.attempts {
		if n == 0 {
			continue
		}
		name := fmt.Sprint(i)
		switch i {
		case 0:
			name = "0 (none needed, or possible)"
		case len(d.attempts) - 1:
			name += " or more"
		}
		p.Retries.Rows = append(p.Retries.Rows, []cell{{name, fmt.Sprint(i)}, countCell(n), textCell(formatShare(n, all))})
	}
	p.RetryNote = fmt.Sprintf("%s after a first one; %s followed.", formatPlural(d.retries, "attempt"),
		formatPlural(d.redirects, "redirect"))
	if d.isLive {
		p.RetryNote += fmt.Sprintf(" Hosts refused %s for a limit of their own.", formatPlural(d.refused, "exchange"))
	}
}

// addCache adds what a cache did.
func (p *page) addCache(d *Data) {
	var all int64
	for _, n := range d.cached {
		all += n
	}
	p.Cache.Head = []column{{Name: "Cache"}, numberColumn("Successes"), numberColumn("Share")}
	for _, word := range slices.SortedFunc(maps.Keys(d.cached), func(a, b string) int {
		return cmp.Or(cmp.Compare(d.cached[b], d.cached[a]), cmp.Compare(a, b))
	}) {
		n := d.cached[word]
		p.Cache.Rows = append(p.Cache.Rows, []cell{textCell(shorten(word)), countCell(n), textCell(formatShare(n, all))})
	}
}

// addRuns adds what the summaries say, a column for each.
func (p *page) addRuns(d *Data) {
	if len(d.runs) == 0 {
		return
	}
	p.Runs.Head = []column{{Name: "Figure"}}
	for i := range d.runs {
		p.Runs.Head = append(p.Runs.Head, numberColumn(fmt.Sprintf("Run %d", i+1)))
	}
	for _, line := range runLines {
		row := []cell{textCell(line.name)}
		for i := range d.runs {
			row = append(row, textCell(line.value(&d.runs[i])))
		}
		p.Runs.Rows = append(p.Runs.Rows, row)
	}
}

// runLines are the lines of the table of runs.
var runLines = [...]struct {
	name  string
	value func(*Run) string
}{
	{"Ended", runState},
	{"Exit code", func(r *Run) string {
		if r.ExitCode < 0 {
			return "–"
		}
		return fmt.Sprint(r.ExitCode)
	}},
	{"Time", func(r *Run) string { return formatDuration(millis(r.ElapsedMS)) }},
	{"Requests", func(r *Run) string { return formatCount(r.Total) }},
	{"Succeeded", func(r *Run) string { return formatCount(r.Succeeded) }},
	{"Failed", func(r *Run) string { return formatCount(r.Failed) }},
	{"Skipped", func(r *Run) string { return formatCount(r.Skipped) }},
	{"Not started", func(r *Run) string { return formatCount(r.NotStarted) }},
	{"Exchanges", func(r *Run) string { return formatCount(r.Exchanges) }},
	{"Retries", func(r *Run) string { return formatCount(r.Retries) }},
	{"New connections", func(r *Run) string { return formatCount(r.ConnectionsMade) }},
	{"Kept connections", func(r *Run) string { return formatCount(r.ConnectionsReused) }},
	{"Exchange p50", func(r *Run) string { return latencyOf(r, r.P50) }},
	{"Exchange p90", func(r *Run) string { return latencyOf(r, r.P90) }},
	{"Exchange p99", func(r *Run) string { return latencyOf(r, r.P99) }},
	{"Longest exchange", func(r *Run) string { return latencyOf(r, r.Max) }},
	{"Limited by", func(r *Run) string { return cmp.Or(strings.TrimSpace(r.LimitedBy+" "+r.LimitedHost), "–") }},
}

// latencyOf returns a percentile of a Run.
func latencyOf(r *Run, ms float64) string {
	if r.P50 < 0 {
		return "–"
	}
	return formatDuration(millis(ms))
}
