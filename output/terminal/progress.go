package terminal

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"batchfetch/fetch"
	"batchfetch/output"
	"batchfetch/output/encode"
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

// A part is a piece of what there is to say of a run. Where there is little room the parts of high rank are left out
// first.
type part struct {
	text string
	rank int
}

// rankOfShare is the rank of the share of all that is done.
const rankOfShare = 3

// withoutShare returns the parts but for the share.
func withoutShare(parts []part) []part {
	return slices.DeleteFunc(parts, func(p part) bool { return p.rank == rankOfShare })
}

// parts returns what there is to say at now.
func (p *Progress) parts(now time.Time) []part {
	done, total := p.finished(), p.total.Load()
	count := part{text: strconv.FormatInt(done, 10)}
	if total > 0 {
		count.text = fmt.Sprintf("%d/%d", done, total)
	}
	parts := []part{count}
	if total > 0 && done <= total {
		parts = append(parts, part{fmt.Sprintf("%d%%", 100*done/total), rankOfShare})
	}
	rate := p.rate(now)
	parts = append(parts, part{formatRate(rate) + "/s", 5}, part{fmt.Sprintf("%d failed", p.counts.Failed.Load()), 1})
	if n := p.live.Retries.Load(); n > 0 {
		parts = append(parts, part{fmt.Sprintf("%d retried", n), 6})
	}
	if w := p.live.Waiting.Load(); w != nil && w.Until.After(now) {
		parts = append(parts, part{describeWait(w, now), 2})
	}
	if left := total - done; left > 0 && rate > 0 && !p.drained.Load() {
		end := time.Duration(math.Ceil(float64(left)/rate)) * time.Second
		parts = append(parts, part{"about " + formatSeconds(end) + " left", 4})
	}
	return parts
}

// describeWait returns for whom the run waits, and why.
func describeWait(w *fetch.HostWait, now time.Time) string {
	host := w.Host
	if _, name, found := strings.Cut(host, "://"); found {
		host = name
	}
	text := fmt.Sprintf("waiting %s for %s", formatSeconds(w.Until.Sub(now)), encode.Printable(host))
	if w.Status > 0 {
		text += fmt.Sprintf(" (%d)", w.Status)
	}
	return text
}

// formatSeconds returns a time in whole seconds, rounded up, as 6s, 2m20s or 1h0m.
func formatSeconds(d time.Duration) string {
	d = time.Duration(math.Ceil(d.Seconds())) * time.Second
	if d >= time.Hour {
		return strings.TrimSuffix(d.Truncate(time.Minute).String(), "0s")
	}
	return d.String()
}

// join returns the parts with sep between them that have room in so many columns; empty where not even the first has.
func join(parts []part, sep string, columns int) string {
	for {
		text := new(strings.Builder)
		last := 0
		for i, part := range parts {
			if i > 0 {
				text.WriteString(sep)
			}
			text.WriteString(part.text)
			if part.rank > parts[last].rank {
				last = i
			}
		}
		switch {
		case utf8.RuneCountInString(text.String()) <= columns:
			return text.String()
		case len(parts) == 1:
			return ""
		}
		parts = slices.Delete(parts, last, last+1)
	}
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
	parts := p.parts(now)
	parts[0].text += " done"
	// the run goes on where a log can't be written: writing the summary returns that error
	_, _ = fmt.Fprintf(out, "batchfetch: %s %s\n",
		now.Sub(p.started).Round(time.Second), join(parts, ", ", math.MaxInt))
}
