package terminal

import (
	"context"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// barInterval is the time between two drawings of the bar; barDelay is how long a run lasts before it has one.
const (
	barInterval = 100 * time.Millisecond
	barDelay    = 300 * time.Millisecond
)

// clearLine empties the line of the cursor (ECMA-48 EL), which goes to its begin.
const clearLine = "\r\x1b[2K"

// DrawBar draws the progress on the last line of the screen until ctx ends, and then removes it.
func (p *Progress) DrawBar(ctx context.Context, screen *Screen) {
	defer screen.setBar("")
	ticker := time.NewTicker(barInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if now.Sub(p.started) >= barDelay {
				screen.paint(p, now)
			}
		}
	}
}

// Columns returns the width of the terminal; 80 where out is none.
func (s *Screen) Columns() int {
	if f, ok := s.out.(interface{ Fd() uintptr }); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}

// paint draws the bar of a run at now, and removes it where all is done or there is no room for it.
func (s *Screen) paint(p *Progress, now time.Time) {
	if total := p.total.Load(); total > 0 && p.finished() >= total { // the summary comes next
		s.setBar("")
		return
	}
	s.setBar(s.line(p, now, s.Columns()-1))
}

// barWidth is the width of the bar itself, with its ends.
const barWidth = 20

// line returns what is drawn: the words for a run at now and, where all of them leave room for it, the bar itself.
func (s *Screen) line(p *Progress, now time.Time, columns int) string {
	parts := p.parts(now)
	whole := join(parts, "  ", math.MaxInt)
	if total := p.total.Load(); total > 0 && utf8.RuneCountInString(whole)+barWidth <= columns {
		return s.drawing.at(p.finished(), total) + "  " + join(withoutShare(parts), "  ", columns)
	}
	return join(parts, "  ", columns)
}

// A drawing is the bar itself, with the share that is done in front.
type drawing struct {
	bar   *progressbar.ProgressBar // nil is none yet
	total int64                    // that it is for
}

// at returns the drawing for done of total.
func (d *drawing) at(done, total int64) string {
	if d.bar == nil || d.total != total {
		d.total = total
		d.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(io.Discard), // the Screen writes it
			progressbar.OptionSetWidth(barWidth-len("  ||")),
			progressbar.OptionSetElapsedTime(false),
			progressbar.OptionSetPredictTime(false)) // by the rate since the start; ours by the rate within rateWindow
	}
	_ = d.bar.Set64(done) // it can't be over total, and io.Discard takes all
	return strings.TrimSpace(d.bar.String())
}

// setBar replaces the bar; "" removes it.
func (s *Screen) setBar(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bar != "" {
		s.hideBar()
	}
	s.bar = text
	s.showBar()
}

func (s *Screen) hideBar() { _, _ = io.WriteString(s.out, clearLine) } // a terminal that can't be written to has no bar

// showBar draws the bar with the cursor at its begin: other programs of the pipeline write over it, not behind it.
func (s *Screen) showBar() {
	if s.bar != "" {
		_, _ = io.WriteString(s.out, s.bar+"\r") // as in hideBar
	}
}
