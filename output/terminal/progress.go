package terminal

import (
	"context"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"batchfetch/fetch"
	"batchfetch/output"
)

// Progress is how far a run is: how many Records are done, of how many, and how fast. It is safe for concurrent use.
type Progress struct {
	counts  *output.Counts
	live    *fetch.Live
	total   atomic.Int64 // 0: not known
	started time.Time
	drained atomic.Bool

	mu      sync.Mutex
	samples []sample // the last rateWindow, oldest first; for the rate
}

type sample struct {
	at   time.Time
	done int64
}

// NewProgress returns the Progress of a run that starts at now, by counts and live.
func NewProgress(counts *output.Counts, live *fetch.Live, now time.Time) *Progress {
	return &Progress{counts: counts, live: live, started: now, samples: []sample{{at: now}}}
}

// Drain ends the ETA: the run finishes what it has started, and no more is known of its end.
func (p *Progress) Drain() { p.drained.Store(true) }

// SetTotal sets the number of requests, once it is known.
func (p *Progress) SetTotal(n int64) { p.total.Store(n) }

// Total returns the number of requests; 0 is not known yet.
func (p *Progress) Total() int64 { return p.total.Load() }

// finished returns the number of requests that are done, in this run or an earlier one, and of duplicates.
func (p *Progress) finished() int64 { return p.counts.Done.Load() + p.live.Skipped.Load() }

// rateWindow is the time over which the rate is measured.
const rateWindow = 5 * time.Second

// rate returns the Records done per second within the last rateWindow.
func (p *Progress) rate(now time.Time) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	done := p.counts.Done.Load()
	for len(p.samples) > 1 && now.Sub(p.samples[1].at) >= rateWindow {
		p.samples = p.samples[1:]
	}
	first := p.samples[0]
	if last := p.samples[len(p.samples)-1]; now.Sub(last.at) >= rateWindow/50 {
		p.samples = append(p.samples, sample{now, done})
	}
	span := now.Sub(first.at).Seconds()
	if span <= 0 {
		return 0
	}
	return float64(done-first.done) / span
}

// describe returns the rate, the failures, the retries and the ETA.
func (p *Progress) describe(now time.Time) string { return p.describeWithin(now, math.MaxInt) }

// describeWithin returns as much of describe as so many columns take. The retries are left out first, then the ETA,
// then the failures.
func (p *Progress) describeWithin(now time.Time, columns int) string {
	rate := p.rate(now)
	speed := formatRate(rate) + "/s"
	failed := fmt.Sprintf(", %d failed", p.counts.Failed.Load())
	retries := fmt.Sprintf(", %d retries", p.live.Retries.Load())
	eta := ""
	if left := p.total.Load() - p.finished(); left > 0 && rate > 0 && !p.drained.Load() {
		eta = ", ETA " + (time.Duration(math.Ceil(float64(left)/rate)) * time.Second).String()
	}
	for _, text := range []string{speed + failed + retries + eta, speed + failed + eta, speed + failed, speed} {
		if len(text) <= columns {
			return text
		}
	}
	return ""
}

func formatRate(rate float64) string {
	if rate < 10 {
		return fmt.Sprintf("%.1f", rate)
	}
	return fmt.Sprintf("%.0f", rate)
}

// lineInterval is the time between two lines of WriteLines.
const lineInterval = 10 * time.Second

// WriteLines writes a line every ten seconds until ctx ends, and the last one then: progress for a log file.
func (p *Progress) WriteLines(ctx context.Context, out io.Writer) {
	ticker := time.NewTicker(lineInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			p.Drain()
			p.writeLine(out, time.Now())
			return
		case now := <-ticker.C:
			p.writeLine(out, now)
		}
	}
}

func (p *Progress) writeLine(out io.Writer, now time.Time) {
	of := ""
	if total := p.total.Load(); total > 0 {
		of = fmt.Sprintf("/%d", total)
	}
	// the run goes on where a log can't be written: writing the summary returns that error
	_, _ = fmt.Fprintf(out, "batchfetch: %s %d%s done, %s\n",
		now.Sub(p.started).Round(time.Second), p.finished(), of, p.describe(now))
}
