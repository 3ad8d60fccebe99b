package report

import (
	"fmt"
	"math"
	"time"

	"batchfetch/fetch/histogram"
)

// maxBars is the most bars of a distribution.
const maxBars = 64

// latencyBars is the chart of how many exchanges took how long, on a logarithmic axis.
func latencyBars(d *Data) *chart {
	perDoubling := 4.0
	place := func(upTo time.Duration) int {
		return int(math.Floor(math.Log2(float64(max(upTo.Microseconds(), 1))) * perDoubling))
	}
	least, most := barRange(&d.latency, place)
	for most-least >= maxBars && perDoubling > 0.25 {
		perDoubling /= 2
		least, most = barRange(&d.latency, place)
	}
	edge := func(at float64) string {
		return formatDuration(time.Duration(math.Exp2(at/perDoubling)) * time.Microsecond)
	}
	bars := make([]bar, most-least+1)
	d.latency.Each(func(upTo time.Duration, n int64) { bars[place(upTo)-least].count += n })
	for i := range bars {
		at := float64(least + i)
		bars[i].text = edge(at) + " to " + edge(at+1)
	}
	return newDistribution("histogram", "Distribution", latencyNote(d), bars,
		func(at float64) string { return edge(float64(least) + at) })
}

// barRange returns the first and the last place of what is in a histogram.
func barRange(h *histogram.Histogram, place func(time.Duration) int) (least, most int) {
	least, most = math.MaxInt, math.MinInt
	h.Each(func(upTo time.Duration, _ int64) { least, most = min(least, place(upTo)), max(most, place(upTo)) })
	return least, most
}

// sizeBars is the chart of how large bodies are; nil where there is none.
func sizeBars(d *Data) *chart {
	least, most := len(d.sizes), -1
	var all int64
	for i, n := range d.sizes {
		if n > 0 {
			least, most = min(least, i), max(most, i)
			all += n
		}
	}
	if most < 0 {
		return nil
	}
	edge := func(i float64) string {
		if i <= 0 {
			return "0"
		}
		return formatBytes(math.Exp2(i - 1))
	}
	var bars []bar
	for i := least; i <= most; i++ {
		text := "empty"
		if i > 0 {
			text = edge(float64(i)) + " to " + edge(float64(i+1))
		}
		bars = append(bars, bar{d.sizes[i], text})
	}
	note := fmt.Sprintf("Decoded bodies, %s in all, %s received.", formatBytes(float64(d.bytes)),
		formatBytes(float64(d.wireBytes)))
	return newDistribution("sizes", "Sizes of bodies", note, bars,
		func(at float64) string { return edge(float64(least) + at) })
}
