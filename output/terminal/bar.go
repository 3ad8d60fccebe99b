package terminal

import (
	"context"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"
)

// barInterval is the time between two drawings of the bar; barDelay is how long a run lasts before it has one.
const (
	barInterval = 100 * time.Millisecond
	barDelay    = 300 * time.Millisecond
)

// DrawBar draws the progress on the last line of the screen until ctx ends, and then removes it.
func (p *Progress) DrawBar(ctx context.Context, screen *Screen) {
	defer screen.setBar("")
	b := progressBar{progress: p, screen: screen}
	ticker := time.NewTicker(barInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if now.Sub(p.started) >= barDelay {
				b.paint(now)
			}
		}
	}
}

// A progressBar draws a Progress on a Screen. One goroutine uses it.
type progressBar struct {
	progress *Progress
	screen   *Screen
	drawing  drawing
}

// paint draws the bar at now, and removes it where all is done or there is no room for it.
func (b *progressBar) paint(now time.Time) {
	if total := b.progress.total.Load(); total > 0 && b.progress.finished() >= total { // the summary comes next
		b.screen.setBar("")
		return
	}
	b.screen.setBar(b.line(now, b.screen.Columns()-1))
}

// barWidth is the width of the bar itself, with its ends.
const barWidth = 20

// line returns what is drawn: the words for a run at now and, where all of them leave room for it, the bar itself.
func (b *progressBar) line(now time.Time, columns int) string {
	parts := b.progress.parts(now)
	whole := join(parts, "  ", math.MaxInt)
	if total := b.progress.total.Load(); total > 0 && utf8.RuneCountInString(whole)+barWidth <= columns {
		return b.drawing.at(b.progress.finished(), total) + "  " + join(withoutShare(parts), "  ", columns)
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
