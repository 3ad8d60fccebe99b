package report

import (
	"fmt"
	"io"
)

// WritePage writes the page of what was counted. Data is not to be used afterwards.
func (d *Data) WritePage(to io.Writer) error {
	p := &page{Policy: contentPolicy()}
	p.addOverTime(d)
	p.addHead(d)
	if d.latency.Count() > 0 {
		p.Latency = []*chart{latencyBars(d)}
	}
	p.addSteps(d)
	p.addFailures(d)
	p.addHosts(d)
	p.addStatuses(d)
	if sizes := sizeBars(d); sizes != nil {
		p.Sizes = []*chart{sizes}
	}
	p.addRetries(d)
	p.addCache(d)
	p.addRuns(d)
	var m markup
	m.putPage(p)
	_, err := m.WriteTo(to)
	return err
}

// drawnPoints is the most points of a chart, tableRows the most rows of the table of the same values.
const drawnPoints, tableRows = 240, 48

// addOverTime adds the charts of what happened when.
func (p *page) addOverTime(d *Data) {
	if len(d.series.buckets) == 0 {
		p.NoTime = "No Record says when it was started."
		return
	}
	points := d.series.points(drawnPoints, !d.isLive)
	for i := range points {
		if points[i].isCut {
			d.cuts = append(d.cuts, [2]int64{points[i-1].at + points[i-1].width, points[i].at})
		}
	}
	t := newTimeline(points, d.begun, d.ended)
	p.OverTime = append(p.OverTime, t.throughput(d), t.flights(d))
	if d.isLive {
		p.OverTime = append(p.OverTime, t.heldBack(d))
	} else {
		p.NoLimits = "What held a run back over time is not in its Records; --report of a run draws it."
	}
	if d.latency.Count() > 0 {
		p.OverTime = append(p.OverTime, t.latencies(d))
	}
	p.addValues(d)
}

// addValues adds the table of what the charts over time show.
func (p *page) addValues(d *Data) {
	t := newTimeline(d.series.points(tableRows, !d.isLive), d.begun, d.ended)
	p.Values.Head = []column{{Name: "From (UTC)"}, numberColumn("Succeeded/s"), numberColumn("Failed/s"),
		numberColumn("In progress"), numberColumn("p50"), numberColumn("p90"), numberColumn("p99")}
	if d.isLive {
		p.Values.Head = append(p.Values.Head, numberColumn("Hosts paused"), column{Name: "Held back by"})
	}
	for i := range t.points {
		at := &t.points[i]
		s := t.seconds(at)
		row := []cell{textCell(formatTime(at.at, at.width)), numberCell(float64(at.succeeded) / s),
			numberCell(float64(at.failed) / s), numberCell(at.inFlight)}
		for _, q := range quantiles {
			text := "–"
			if at.latency != nil {
				text = formatDuration(at.latency.Quantile(q.share))
			}
			row = append(row, textCell(text))
		}
		if d.isLive {
			most := 0
			for l, share := range at.heldShare {
				if share > at.heldShare[most] {
					most = l
				}
			}
			row = append(row, numberCell(at.paused), textCell(string(limits[most])))
		}
		p.Values.Rows = append(p.Values.Rows, row)
	}
}

// addHead adds what stands at the top: when, what of, and the figures that matter most.
func (p *page) addHead(d *Data) {
	if d.begun > 0 {
		p.Span = fmt.Sprintf("%s to %s UTC", formatTime(d.begun, 1e6), formatTime(d.ended, 1e6))
	}
	for _, s := range d.sources {
		text := s.name + ": " + formatPlural(s.records, "Record")
		if s.summary > 0 {
			text += ", " + formatPlural(s.summary, "summary")
		}
		p.Sources = append(p.Sources, text)
		if s.broken != "" {
			p.Problems = append(p.Problems, fmt.Sprintf("%s could not be read to its end: %s.", s.name, s.broken))
		}
	}
	for _, missing := range []struct {
		n          int64
		noun, text string
	}{
		{d.moreSources, "more file", "not named here"},
		{d.unreadable, "line", "no Records of batchfetch, or torn, and not counted"},
		{d.untimed, "Record", "without the time of a start, and in no chart over time"},
		{d.moreRuns, "more summary", "not shown"},
	} {
		if missing.n > 0 {
			p.Problems = append(p.Problems, formatPlural(missing.n, missing.noun)+": "+missing.text+".")
		}
	}
	p.addTiles(d)
}

func (p *page) addTiles(d *Data) {
	all := d.succeeded + d.failed
	add := func(name, value, note, class string) { p.Tiles = append(p.Tiles, tile{name, value, note, class}) }
	add("Requests", formatCount(all), "", "")
	add("Succeeded", formatCount(d.succeeded), formatShare(d.succeeded, all), "good")
	failedClass := ""
	if d.failed > 0 {
		failedClass = "bad"
	}
	add("Failed", formatCount(d.failed), formatShare(d.failed, all), failedClass)
	if took := d.activeTime(); took > 0 {
		add("Time", formatDuration(took), formatRate(float64(all)/took.Seconds())+" on average", "")
	}
	add("Bodies", formatBytes(float64(d.bytes)), formatBytes(float64(d.wireBytes))+" received", "")
	if d.latency.Count() > 0 {
		add("Latency", formatDuration(d.latency.Quantile(0.5)),
			"p99 "+formatDuration(d.latency.Quantile(0.99)), "")
	}
	if len(d.runs) == 1 && d.runs[0].Succeeded+d.runs[0].Failed == all { // it is of these Records
		run := &d.runs[0]
		add("Exchanges", formatCount(run.Exchanges), formatPlural(run.Retries, "retry"), "")
		if run.LimitedBy != "" {
			add("Limited by", run.LimitedBy, run.LimitedHost, "")
		}
		if run.ExitCode >= 0 {
			add("Exit code", fmt.Sprint(run.ExitCode), runState(run), "")
		}
	}
}
