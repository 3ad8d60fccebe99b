package output

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"batchfetch/fetch"
)

// A Progress says how far a run is: what is done, of how many, how fast.
type Progress struct {
	counts  *Counts
	live    *fetch.Live
	total   atomic.Int64 // 0 until it is known
	begun   time.Time
	drained atomic.Bool

	mu      sync.Mutex
	samples []sample // of the last seconds, for the rate
}

type sample struct {
	at   time.Time
	done int64
}

// NewProgress returns a Progress of what counts and live have seen. It begins at now.
func NewProgress(counts *Counts, live *fetch.Live, now time.Time) *Progress {
	return &Progress{counts: counts, live: live, begun: now, samples: []sample{{at: now}}}
}

// Drain says that no more will be started: from then on nobody can tell when the end is.
func (p *Progress) Drain() { p.drained.Store(true) }

// SetTotal makes the number of requests known.
func (p *Progress) SetTotal(n int64) { p.total.Store(n) }

// past returns how much of the input is behind: what was done, now or by an earlier run, and duplicates.
func (p *Progress) past() int64 { return p.counts.Done.Load() + p.live.Skipped.Load() }

// rateSpan is how far back the rate looks.
const rateSpan = 5 * time.Second

// rate returns the Records finished per second of late.
func (p *Progress) rate(now time.Time) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	done := p.counts.Done.Load()
	for len(p.samples) > 1 && now.Sub(p.samples[1].at) >= rateSpan {
		p.samples = p.samples[1:]
	}
	first := p.samples[0]
	if last := p.samples[len(p.samples)-1]; now.Sub(last.at) >= rateSpan/50 {
		p.samples = append(p.samples, sample{now, done})
	}
	span := now.Sub(first.at).Seconds()
	if span <= 0 {
		return 0
	}
	return float64(done-first.done) / span
}

// words is what there is to say.
func (p *Progress) words(now time.Time) string { return p.wordsWithin(now, math.MaxInt) }

// wordsWithin is as much of it as so many columns take: the least needed is left out first.
func (p *Progress) wordsWithin(now time.Time, columns int) string {
	rate := p.rate(now)
	speed := rateWord(rate) + "/s"
	failed := fmt.Sprintf(", %d failed", p.counts.Failed.Load())
	retries := fmt.Sprintf(", %d retries", p.live.Retries.Load())
	eta := ""
	if left := p.total.Load() - p.past(); left > 0 && rate > 0 && !p.drained.Load() {
		eta = ", ETA " + (time.Duration(math.Ceil(float64(left)/rate)) * time.Second).String()
	}
	for _, text := range []string{speed + failed + retries + eta, speed + failed + eta, speed + failed, speed} {
		if len(text) <= columns {
			return text
		}
	}
	return ""
}

func rateWord(rate float64) string {
	if rate < 10 {
		return fmt.Sprintf("%.1f", rate)
	}
	return fmt.Sprintf("%.0f", rate)
}

// plainEvery is how often a line is written for a log.
const plainEvery = 10 * time.Second

// Plain writes a line every ten seconds until ctx ends.
func (p *Progress) Plain(ctx context.Context, out io.Writer) {
	ticker := time.NewTicker(plainEvery)
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
				now.Sub(p.begun).Round(time.Second), p.past(), of, p.words(now))
		}
	}
}

// barEvery is how often the bar moves, barAfter how long a run lasts before it has one.
const (
	barEvery = 100 * time.Millisecond
	barAfter = 300 * time.Millisecond
)

// Bar draws a bar on the screen until ctx ends, and takes it away then.
func (p *Progress) Bar(ctx context.Context, screen *Screen) {
	defer screen.setBar(nil)
	ticker := time.NewTicker(barEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if now.Sub(p.begun) >= barAfter {
				screen.paint(p, now)
			}
		}
	}
}

// A Bar is the line at the bottom of a Screen.
type Bar struct {
	*progressbar.ProgressBar
	total int64
}

func newBar(out io.Writer, total int64) *Bar {
	most := total
	if most == 0 {
		most = -1
	}
	return &Bar{total: total, ProgressBar: progressbar.NewOptions64(most,
		progressbar.OptionSetWriter(out),
		progressbar.OptionSetWidth(20),
		progressbar.OptionShowCount(),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetPredictTime(false), // its ETA counts from the bar's start; ours from the rate of late
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionSpinnerType(14),
		progressbar.OptionSetSpinnerChangeInterval(0), // or it paints by itself, past the Screen's lock
	)}
}

func (b *Bar) hide() { _ = b.Clear() }       // a terminal that can't be written to has no bar
func (b *Bar) show() { _ = b.RenderBlank() } // likewise

// columns returns the width of the terminal; 80 where it has none.
func (s *Screen) columns() int {
	if f, ok := s.out.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}

func (s *Screen) setBar(b *Bar) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bar != nil {
		s.bar.hide()
	}
	s.bar = b
}

func (s *Screen) paint(p *Progress, now time.Time) {
	total, done := p.total.Load(), p.past()
	if total > 0 && done >= total { // the end belongs to the summary
		s.setBar(nil)
		return
	}
	if s.bar == nil || s.bar.total != total {
		s.setBar(newBar(s.out, total))
	}
	room := s.columns() - 1 - len(fmt.Sprintf(" 100%% || (%d/%d) ", done, total)) // the bar itself shrinks to nothing
	if room < 0 {
		s.setBar(nil)
		return
	}
	words := p.wordsWithin(now, room)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bar.hide()
	s.bar.Describe(words)
	_ = s.bar.Set64(done)              // see hide
	_, _ = io.WriteString(s.out, "\r") // so that what another program of the pipeline writes takes the bar's place
}
