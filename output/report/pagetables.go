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
	if r := h.rate(); r > 0 && h != &d.hosts.others {
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
	p.RetryNote = fmt.Sprintf("%s attempts after a first one; %s redirects were followed.", formatCount(d.retries),
		formatCount(d.redirects))
	if d.isLive {
		p.RetryNote += fmt.Sprintf(" Hosts refused %s exchanges for a limit of their own.", formatCount(d.refused))
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

// addRuns adds what the summaries say.
func (p *page) addRuns(d *Data) {
	p.Runs.Head = []column{{Name: "Ended"}, numberColumn("Exit code"), numberColumn("Time"), numberColumn("Requests"),
		numberColumn("Succeeded"), numberColumn("Failed"), numberColumn("Skipped"), numberColumn("Not started"),
		numberColumn("Exchanges"), numberColumn("Retries"), numberColumn("New connections"), numberColumn("Kept ones"),
		numberColumn("p50"), numberColumn("p90"),
		numberColumn("p99"), numberColumn("Longest"), {Name: "Limited by"}}
	for i := range d.runs {
		r := &d.runs[i]
		code := unknownCell()
		if r.ExitCode >= 0 {
			code = countCell(r.ExitCode)
		}
		row := []cell{textCell(runState(r)), code, timeCell(r.ElapsedMS), countCell(r.Total), countCell(r.Succeeded),
			countCell(r.Failed), countCell(r.Skipped), countCell(r.NotStarted), countCell(r.Exchanges),
			countCell(r.Retries), countCell(r.ConnectionsMade), countCell(r.ConnectionsReused)}
		if r.P50 >= 0 {
			row = append(row, timeCell(r.P50), timeCell(r.P90), timeCell(r.P99), timeCell(r.Max))
		} else {
			row = append(row, unknownCell(), unknownCell(), unknownCell(), unknownCell())
		}
		p.Runs.Rows = append(p.Runs.Rows, append(row, textCell(strings.TrimSpace(r.LimitedBy+" "+r.LimitedHost))))
	}
	if d.moreRuns > 0 {
		p.Problems = append(p.Problems, formatCount(d.moreRuns)+" more summaries than are shown.")
	}
}
