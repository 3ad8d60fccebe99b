package report

import (
	"math"
	"strings"
	"time"
)

// A timeline draws the points of a series.
type timeline struct {
	points       []point
	left         []float64 // where each begins
	width        float64   // of each
	cuts         path      // marks where time is left out
	begun, ended int64
}

func newTimeline(points []point, begun, ended int64) *timeline {
	t := &timeline{points: points, begun: begun, ended: ended}
	slots := len(points)
	for _, p := range points {
		if p.isCut {
			slots++
		}
	}
	t.width = plotWidth / float64(max(slots, 1))
	x := 0.0
	for _, p := range points {
		if p.isCut {
			t.cuts.box(x+t.width*0.3, x+t.width*0.7, 0, plotHeight)
			x += t.width
		}
		t.left = append(t.left, x)
		x += t.width
	}
	for i := range t.points {
		t.fitEnds(&t.points[i])
	}
	return t
}

// fitEnds makes the averages of a point those of its part between the beginning and the end of all.
func (t *timeline) fitEnds(p *point) {
	covered := float64(min(p.at+p.width, t.ended) - max(p.at, t.begun))
	if covered < 1 || covered >= float64(p.width) {
		return
	}
	scale := float64(p.width) / covered
	p.inFlight *= scale
	p.paused *= scale
	for i := range p.heldShare {
		p.heldShare[i] = min(p.heldShare[i]*scale, 1)
	}
}

// seconds returns how much of a point lies between the beginning and the end of all; of several at least a quarter, so
// that one request at an end makes no peak.
func (t *timeline) seconds(p *point) float64 {
	covered := max(min(p.at+p.width, t.ended)-max(p.at, t.begun), 1000)
	if len(t.points) > 1 {
		covered = max(covered, p.width/4)
	}
	return float64(covered) / 1e6
}

// area returns the path of what lies between two values of each point.
func (t *timeline) area(low, high func(i int) float64) string {
	var p path
	for from := 0; from < len(t.points); {
		to := from + 1
		for to < len(t.points) && !t.points[to].isCut {
			to++
		}
		p.to('M', t.left[from], low(from))
		for i := from; i < to; i++ {
			p.to('V', high(i))
			p.to('H', t.left[i]+t.width)
		}
		for i := to - 1; i >= from; i-- {
			p.to('V', low(i))
			p.to('H', t.left[i])
		}
		p.WriteByte('Z')
		from = to
	}
	return p.String()
}

// line returns the path of a value of each point; one that is not positive is none.
func (t *timeline) line(value func(i int) float64, height func(float64) float64) string {
	var p path
	isOn := false
	for i := range t.points {
		v := value(i)
		switch {
		case !(v > 0):
			isOn = false
			continue
		case !isOn || t.points[i].isCut:
			p.to('M', t.left[i], height(v))
		default:
			p.to('V', height(v))
		}
		isOn = true
		p.to('H', t.left[i]+t.width)
	}
	return p.String()
}

// finish adds to a chart what all over time have: the axis, the cuts, and the values of each point in words.
func (t *timeline) finish(c *chart, text func(p *point) []string) *chart {
	if t.cuts.Len() > 0 {
		c.Shapes = append(c.Shapes, shape{"fill cut", t.cuts.String()})
		c.Legend = append(c.Legend, legend{"cut", "time between runs, left out"})
	}
	for i := range xLabels {
		c.XLabels = append(c.XLabels, t.label(i))
	}
	c.XLabels[xLabels-1] = formatDuration(time.Duration(t.ended-t.begun) * time.Microsecond)
	for i := range t.points {
		p := &t.points[i]
		c.Hits = append(c.Hits, hit{formatCoordinate(t.left[i]), formatCoordinate(t.width),
			strings.Join(append([]string{"+" + t.offset(p) + " · " + formatTime(p.at, p.width) + " UTC"}, text(p)...), "\n")})
	}
	return c
}

// label returns the time at a label of the axis, from the beginning of all; with cuts that of the nearest point before.
func (t *timeline) label(i int) string {
	if t.cuts.Len() > 0 {
		return t.offset(&t.points[i*(len(t.points)-1)/(xLabels-1)])
	}
	whole, part := math.Modf(float64(i*len(t.points)) / (xLabels - 1))
	p := &t.points[min(int(whole), len(t.points)-1)]
	from, to := max(p.at, t.begun), min(p.at+p.width, t.ended)
	return formatDuration(time.Duration(from-t.begun+int64(part*float64(to-from))) * time.Microsecond)
}

// offset returns when a point begins, from the beginning of all.
func (t *timeline) offset(p *point) string {
	return formatDuration(time.Duration(max(p.at-t.begun, 0)) * time.Microsecond)
}
