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

// A Progress says how far a run is: what is done, of how many, how fast.
type Progress struct {
	counts  *output.Counts
	live    *fetch.Live
	total   atomic.Int64 // 0 until it is known
	started time.Time
	drained atomic.Bool

	mu      sync.Mutex
	samples []sample // of the last seconds, for the rate
}

type sample struct {
	at   time.Time
	done int64
}

// NewProgress returns a Progress of what counts and live have seen. It begins at now.
func NewProgress(counts *output.Counts, live *fetch.Live, now time.Time) *Progress {
	return &Progress{counts: counts, live: live, started: now, samples: []sample{{at: now}}}
}

// Drain says that no more will be started: from then on nobody can tell when the end is.
func (p *Progress) Drain() { p.drained.Store(true) }

// SetTotal makes the number of requests known.
func (p *Progress) SetTotal(n int64) { p.total.Store(n) }

// finished returns how much of the input is behind: what was done, now or by an earlier run, and duplicates.
func (p *Progress) finished() int64 { return p.counts.Done.Load() + p.live.Skipped.Load() }

// rateWindow is how far back the rate looks.
const rateWindow = 5 * time.Second

// rate returns the Records finished per second of late.
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

// describe is what there is to say.
func (p *Progress) describe(now time.Time) string { return p.describeWithin(now, math.MaxInt) }

// describeWithin is as much of it as so many columns take: the least needed is left out first.
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

// lineInterval is how often a line is written for a log.
const lineInterval = 10 * time.Second

// WriteLines writes a line every ten seconds until ctx ends.
func (p *Progress) WriteLines(ctx context.Context, out io.Writer) {
	ticker := time.NewTicker(lineInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			of := ""
			if total := p.total.Load(); total > 0 {
				of = fmt.Sprintf("/%d", total)
			}
			// A log that can't be written is no reason to stop a run: the summary's own write will tell.
			_, _ = fmt.Fprintf(out, "batchfetch: %s %d%s done, %s\n",
				now.Sub(p.started).Round(time.Second), p.finished(), of, p.describe(now))
		}
	}
}
