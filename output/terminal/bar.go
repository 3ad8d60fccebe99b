package terminal

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// barInterval is the time between two drawings of the bar; barDelay is how long a run lasts before it has one.
const (
	barInterval = 100 * time.Millisecond
	barDelay    = 300 * time.Millisecond
)

// DrawBar draws a bar on the screen until ctx ends, and then removes it.
func (p *Progress) DrawBar(ctx context.Context, screen *Screen) {
	defer screen.setBar(nil)
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

// Bar is a progress bar on the last line of a Screen.
type Bar struct {
	*progressbar.ProgressBar
	total int64
}

// newBar returns a bar up to total, or a spinner where that is 0: not known yet.
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
		// its ETA is by the rate since the bar's start; ours by the rate within rateWindow
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionSpinnerType(14),
		// otherwise it draws from a goroutine of its own, without the Screen's lock
		progressbar.OptionSetSpinnerChangeInterval(0),
	)}
}

func (b *Bar) hide() { _ = b.Clear() } // a terminal that can't be written to has no bar

func (b *Bar) show() { _ = b.RenderBlank() } // likewise

// Columns returns the width of the terminal; 80 where out is none.
func (s *Screen) Columns() int {
	if f, ok := s.out.(interface{ Fd() uintptr }); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}

// setBar replaces the bar; nil removes it.
func (s *Screen) setBar(b *Bar) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bar != nil {
		s.bar.hide()
	}
	s.bar = b
}

// paint draws the bar of a run at now, and removes it where all is done or there is no room for it.
func (s *Screen) paint(p *Progress, now time.Time) {
	total, done := p.total.Load(), p.finished()
	if total > 0 && done >= total { // the summary comes next
		s.setBar(nil)
		return
	}
	if s.bar == nil || s.bar.total != total {
		s.setBar(newBar(s.out, total))
	}
	room := s.Columns() - 1 - len(fmt.Sprintf(" 100%% || (%d/%d) ", done, total)) // the bar itself shrinks to nothing
	if room < 0 {
		s.setBar(nil)
		return
	}
	words := p.describeWithin(now, room)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bar.hide()
	s.bar.Describe(words)
	_ = s.bar.Set64(done)              // as in hide
	_, _ = io.WriteString(s.out, "\r") // other programs of the pipeline write over the bar, not behind it
}
