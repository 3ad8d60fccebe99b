package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A chart is drawn in a plot that is plotWidth wide and plotHeight high, and stretched to the size that it has on a
// screen: its labels stand beside it.
type chart struct {
	ID, Title string
	Note      string // what it shows, in words and figures
	YLabels   []string
	XLabels   []string
	Grid      []string // the heights of its lines
	Shapes    []shape
	Legend    []legend
	Hits      []hit
}

// A shape is a path in SVG; its class has the colour.
type shape struct{ Class, Path string }

// A legend says what the colour of a class means.
type legend struct{ Class, Text string }

// A hit is a part of a plot with its values in words.
type hit struct{ X, Width, Text string }

const plotWidth, plotHeight = 1000.0, 100.0

// formatCoordinate returns a coordinate with a digit behind the point.
func formatCoordinate(x float64) string {
	return trimZeros(strconv.FormatFloat(min(max(x, 0), plotWidth), 'f', 1, 64))
}

// A path is the text of an SVG path.
type path struct{ strings.Builder }

func (p *path) to(command byte, coordinates ...float64) {
	p.WriteByte(command)
	for i, c := range coordinates {
		if i > 0 {
			p.WriteByte(' ')
		}
		p.WriteString(formatCoordinate(c))
	}
}

// box adds a rectangle from the heights top to bottom.
func (p *path) box(left, right, top, bottom float64) {
	p.to('M', left, top)
	p.to('H', right)
	p.to('V', bottom)
	p.to('H', left)
	p.WriteByte('Z')
}

// setScale gives a chart a scale from 0 to the top, and returns the height that a value has.
func (c *chart) setScale(top float64, format func(float64) string) func(float64) float64 {
	c.YLabels = []string{format(top), format(top / 2), "0"}
	c.Grid = []string{"0", "50", "100"}
	return func(value float64) float64 { return plotHeight - plotHeight*min(max(value/top, 0), 1) }
}

// setLogScale gives a chart a scale in powers of ten that spans two positive values.
func (c *chart) setLogScale(least, most float64, format func(float64) string) func(float64) float64 {
	from, to := math.Floor(math.Log10(least)), math.Ceil(math.Log10(most))
	if from == to {
		to++
	}
	step := math.Ceil((to - from) / 6)
	to = from + step*math.Ceil((to-from)/step)
	for power := to; power >= from; power -= step {
		c.YLabels = append(c.YLabels, format(math.Pow(10, power)))
		c.Grid = append(c.Grid, formatCoordinate(plotHeight*(to-power)/(to-from)))
	}
	return func(value float64) float64 {
		return plotHeight * min(max((to-math.Log10(value))/(to-from), 0), 1)
	}
}

// xLabels is how many labels an axis has.
const xLabels = 5

// A bar is one of a distribution.
type bar struct {
	count int64
	text  string // what is counted in it
}

// newDistribution returns a chart of bars of equal width; label returns the text at a place of its axis, from 0 to the
// number of bars.
func newDistribution(id, title, note string, bars []bar, label func(at float64) string) *chart {
	c := &chart{ID: id, Title: title, Note: note}
	var all, most int64
	for _, b := range bars {
		all += b.count
		most = max(most, b.count)
	}
	height := c.setScale(max(niceCeiling(float64(most)), 2), formatNumber)
	width := plotWidth / float64(len(bars))
	var drawn path
	for i, b := range bars {
		x := float64(i) * width
		if b.count > 0 {
			drawn.box(x+width*0.06, x+width*0.94, min(height(float64(b.count)), plotHeight-0.7), plotHeight)
		}
		c.Hits = append(c.Hits, hit{formatCoordinate(x), formatCoordinate(width),
			fmt.Sprintf("%s\n%s (%s)", b.text, formatCount(b.count), formatShare(b.count, all))})
	}
	c.Shapes = []shape{{"fill s0", drawn.String()}}
	for i := range xLabels {
		c.XLabels = append(c.XLabels, label(float64(len(bars))*float64(i)/(xLabels-1)))
	}
	return c
}
