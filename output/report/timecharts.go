package report

import (
	"fmt"
	"math"
)

// throughput is the chart of Records by when they ended.
func (t *timeline) throughput(d *Data) *chart {
	c := &chart{ID: "throughput", Title: "Throughput"}
	rate := func(i int, n int64) float64 { return float64(n) / t.seconds(&t.points[i]) }
	most, mostAt := 0.0, 0
	for i, p := range t.points {
		if r := rate(i, p.succeeded+p.failed); r > most {
			most, mostAt = r, i
		}
	}
	height := c.setScale(niceCeiling(most), formatRate)
	zero := func(int) float64 { return plotHeight }
	// a single one is seen, too
	seen := func(n int64) float64 { return min(float64(n), 1) }
	good := func(i int) float64 {
		p := &t.points[i]
		return min(height(rate(i, p.succeeded)), plotHeight-seen(p.succeeded))
	}
	all := func(i int) float64 {
		p := &t.points[i]
		return min(height(rate(i, p.succeeded+p.failed)), good(i)-seen(p.failed))
	}
	paused := t.pauses()
	if paused != "" {
		c.Shapes = append(c.Shapes, shape{"fill pause", paused})
	}
	c.Shapes = append(c.Shapes, shape{"fill good", t.area(zero, good)}, shape{"fill bad", t.area(good, all)})
	c.Legend = []legend{{"good", "succeeded"}, {"bad", "failed"}}
	if paused != "" {
		c.Legend = append(c.Legend, legend{"pause", "hosts paused"})
	}
	c.Note = fmt.Sprintf("Requests done: %s on average, at most %s, at +%s.",
		formatRate(float64(d.succeeded+d.failed-d.untimed)/max(d.activeTime().Seconds(), 1e-3)), formatRate(most),
		t.offset(&t.points[mostAt]))
	if !d.isLive {
		c.Note += " Pauses of hosts are not in Records."
	}
	return t.finish(c, func(p *point) []string {
		s := t.seconds(p)
		lines := []string{formatRate(float64(p.succeeded)/s) + " succeeded", formatRate(float64(p.failed)/s) + " failed",
			formatBytes(float64(p.bytes)/s) + "/s of bodies"}
		if p.paused > leastPaused {
			n := fmt.Sprintf("hosts paused: %s on average", formatNumber(p.paused))
			if p.pausedHost != "" {
				n += ", among them " + shorten(p.pausedHost)
			}
			lines = append(lines, n)
		}
		return lines
	})
}

// leastPaused is from how many hosts on on average a pause is drawn.
const leastPaused = 0.005

// pauses returns the path of the points in which hosts were paused; empty is none.
func (t *timeline) pauses() string {
	var paused path
	for i, p := range t.points {
		if p.paused > leastPaused {
			paused.box(t.left[i], t.left[i]+t.width, 0, plotHeight)
		}
	}
	return paused.String()
}

// flights is the chart of what was under way at once.
func (t *timeline) flights(d *Data) *chart {
	c := &chart{ID: "flights", Title: "In progress"}
	most, sum := 0.0, 0.0
	for _, p := range t.points {
		most = max(most, p.inFlight)
		sum += p.inFlight
	}
	height := c.setScale(max(niceCeiling(most), 1), formatNumber)
	c.Shapes = []shape{{"fill s0", t.area(func(int) float64 { return plotHeight },
		func(i int) float64 { return height(t.points[i].inFlight) })}}
	what := "Exchanges under way at once"
	if !d.isLive {
		what = "Requests under way at once, from their first exchange to their end, with the waits between attempts"
	}
	c.Note = fmt.Sprintf("%s: %s on average, at most %s.", what,
		formatNumber(sum/float64(max(len(t.points), 1))), formatNumber(most))
	return t.finish(c, func(p *point) []string { return []string{formatNumber(p.inFlight) + " in progress"} })
}

// heldBack is the chart of what kept the next exchange from starting.
func (t *timeline) heldBack(d *Data) *chart {
	c := &chart{ID: "limited", Title: "What held the run back", YLabels: []string{"100 %", "50 %", "0 %"},
		Grid: []string{"0", "50", "100"}}
	below := make([]float64, len(t.points))
	var all int64
	for _, span := range d.heldFor {
		all += span
	}
	most := 0
	for l, span := range d.heldFor {
		if span == 0 {
			continue
		}
		if span > d.heldFor[most] {
			most = l
		}
		low := append([]float64(nil), below...)
		for i := range t.points {
			below[i] = min(below[i]+t.points[i].heldShare[l], 1)
		}
		height := func(share float64) float64 { return plotHeight - plotHeight*share }
		class := fmt.Sprintf("l%d", l)
		c.Shapes = append(c.Shapes, shape{"fill " + class, t.area(
			func(i int) float64 { return height(low[i]) }, func(i int) float64 { return height(below[i]) })})
		c.Legend = append(c.Legend, legend{class, fmt.Sprintf("%s %s", limits[l], formatShare(span, all))})
	}
	c.Note = fmt.Sprintf("What kept the next exchange from starting, by share of time: mostly %s (%s).",
		limits[most], formatShare(d.heldFor[most], all))
	return t.finish(c, func(p *point) []string {
		var lines []string
		for l, share := range p.heldShare {
			if share >= 0.005 {
				lines = append(lines, fmt.Sprintf("%s %.0f %%", limits[l], 100*share))
			}
		}
		return lines
	})
}

// quantiles are the percentiles that are drawn over time.
var quantiles = [...]struct {
	share       float64
	name, class string
}{{0.5, "p50", "q0"}, {0.9, "p90", "q1"}, {0.99, "p99", "q2"}}

// latencies is the chart of percentiles over time.
func (t *timeline) latencies(d *Data) *chart {
	c := &chart{ID: "latency", Title: "Latency over time",
		Note: "The percentiles of what ended in each step of time."}
	values := make([][len(quantiles)]float64, len(t.points)) // in milliseconds
	least, most := math.Inf(1), 0.0
	for i, p := range t.points {
		for q := range quantiles {
			if p.latency != nil {
				values[i][q] = max(float64(p.latency.Quantile(quantiles[q].share).Microseconds())/1000, 0.001)
				least, most = min(least, values[i][q]), max(most, values[i][q])
			}
		}
	}
	height := c.setLogScale(least, most, formatPower)
	for q := len(quantiles) - 1; q >= 0; q-- {
		c.Shapes = append(c.Shapes, shape{"line " + quantiles[q].class,
			t.line(func(i int) float64 { return values[i][q] }, height)})
	}
	for _, q := range quantiles {
		c.Legend = append(c.Legend, legend{q.class, q.name})
	}
	return t.finish(c, latencyWords)
}

// latencyWords returns the percentiles of a point in words.
func latencyWords(p *point) []string {
	if p.latency == nil {
		return []string{"nothing ended"}
	}
	var lines []string
	for _, q := range quantiles {
		lines = append(lines, q.name+" "+formatDuration(p.latency.Quantile(q.share)))
	}
	return append(lines, "of "+formatCount(p.latency.Count()))
}

// latencyNote says what is measured, and its percentiles.
func latencyNote(d *Data) string {
	of := "Time of an exchange"
	if !d.isLive {
		of = "Time of a request from its first exchange to its end, with the waits between attempts"
	}
	return fmt.Sprintf("%s: p50 %s, p90 %s, p99 %s, at most %s.", of, formatDuration(d.latency.Quantile(0.5)),
		formatDuration(d.latency.Quantile(0.9)), formatDuration(d.latency.Quantile(0.99)),
		formatDuration(d.latency.Max()))
}
