package terminal

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// barInterval is how often the bar moves, barAfter how long a run lasts before it has one.
const (
	barInterval = 100 * time.Millisecond
	barDelay    = 300 * time.Millisecond
)

// DrawBar draws a bar on the screen until ctx ends, and takes it away then.
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

func (b *Bar) hide() { _ = b.Clear() } // a terminal that can't be written to has no bar

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
	total, done := p.total.Load(), p.finished()
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
	words := p.describeWithin(now, room)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bar.hide()
	s.bar.Describe(words)
	_ = s.bar.Set64(done)              // see hide
	_, _ = io.WriteString(s.out, "\r") // so that what another program of the pipeline writes takes the bar's place
}
