package terminal

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/output"
	"batchfetch/output/encode/encodetest"
)

// screenAfter returns what a terminal shows after text: the lines above, and the line of the cursor.
func screenAfter(text string) (above []string, bottom string) {
	text = regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(text, "")
	for text != "" {
		switch {
		case strings.HasPrefix(text, "\x1b[2K"):
			bottom, text = "", text[len("\x1b[2K"):]
		case strings.HasPrefix(text, "\x1b[K"):
			text = text[len("\x1b[K"):]
		case text[0] == '\r':
			if text = text[1:]; text != "" && text[0] != '\n' && text[0] != '\x1b' {
				bottom = ""
			}
		case text[0] == '\n':
			above, bottom, text = append(above, bottom), "", text[1:]
		default:
			bottom, text = bottom+text[:1], text[1:]
		}
	}
	return above, bottom
}

// runWithBar runs do beside a bar, with a fake clock, and returns all that was written.
func runWithBar(t *testing.T, total int64, do func(*Progress, *output.Counts, *Screen, *lockedBuffer)) string {
	var all strings.Builder
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var out lockedBuffer
		screen := NewScreen(&out)
		p, counts, _ := newTestProgress(time.Now())
		p.SetTotal(total)
		var bar sync.WaitGroup
		bar.Go(func() { p.DrawBar(ctx, screen) })
		do(p, counts, screen, &out)
		cancel()
		bar.Wait()
		all.WriteString(out.take())
	})
	return all.String()
}

// The bar shows what is done, of how many, and the rate; at its end the line is empty.
func TestBar(t *testing.T) {
	text := runWithBar(t, 200, func(_ *Progress, counts *output.Counts, _ *Screen, out *lockedBuffer) {
		time.Sleep(barDelay - time.Millisecond)
		synctest.Wait()
		if out.peek() != "" {
			t.Errorf("a short run has a bar: %q", out.peek())
		}
		counts.Done.Store(50)
		counts.Failed.Store(3)
		time.Sleep(701 * time.Millisecond)
		synctest.Wait()
		if _, bottom := screenAfter(out.peek()); !strings.Contains(bottom, "50/200") ||
			!strings.HasPrefix(bottom, "25% |███") ||
			!strings.Contains(bottom, "50/s  3 failed  about 3s left") {
			t.Errorf("after a second: %q", bottom)
		}
	})
	if above, bottom := screenAfter(text); bottom != "" || len(above) != 0 {
		t.Errorf("at its end there is %q below %q", bottom, above)
	}
}

// A run that ends before barDelay has no bar.
func TestBarOfAShortRun(t *testing.T) {
	if text := runWithBar(t, 5, func(*Progress, *output.Counts, *Screen,
		*lockedBuffer) {
		time.Sleep(barDelay / 2)
	}); text != "" {
		t.Errorf("got %q", text)
	}
}

// Lines stay whole above the bar, which is drawn again below them.
func TestLinesAboveTheBar(t *testing.T) {
	text := runWithBar(t, 100, func(_ *Progress, counts *output.Counts, screen *Screen, out *lockedBuffer) {
		counts.Done.Store(10)
		beside := screen.Beside(out)
		for _, line := range []string{"failed: one\n", "failed: two\n"} {
			time.Sleep(time.Second)
			if _, err := screen.Write([]byte(line)); err != nil {
				t.Error(err)
			}
			if _, err := beside.Write([]byte("{\"type\":\"success\"}\n")); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			if _, bottom := screenAfter(out.peek()); !strings.Contains(bottom, "10/100") {
				t.Errorf("after a line the bar is %q", bottom)
			}
		}
	})
	above, bottom := screenAfter(text)
	if want := "failed: one|{\"type\":\"success\"}|failed: two|{\"type\":\"success\"}"; strings.Join(above,
		"|") != want || bottom != "" {
		t.Errorf("the screen shows %q and %q", above, bottom)
	}
}

// The bar is removed when all is done.
func TestBarMakesRoomForTheSummary(t *testing.T) {
	runWithBar(t, 10, func(_ *Progress, counts *output.Counts, _ *Screen, out *lockedBuffer) {
		time.Sleep(time.Second)
		counts.Done.Store(10)
		time.Sleep(2 * barInterval)
		synctest.Wait()
		if _, bottom := screenAfter(out.peek()); bottom != "" {
			t.Errorf("the line shows %q", bottom)
		}
	})
}

// A line that is written after the bar was removed does not draw it again.
func TestBarStaysAway(t *testing.T) {
	runWithBar(t, 10, func(_ *Progress, counts *output.Counts, screen *Screen, out *lockedBuffer) {
		time.Sleep(time.Second)
		counts.Done.Store(10)
		time.Sleep(2 * barInterval)
		if _, err := screen.Write([]byte("failed: last\n")); err != nil {
			t.Error(err)
		}
		if _, bottom := screenAfter(out.peek()); bottom != "" {
			t.Errorf("the line shows %q", bottom)
		}
	})
}

// Without a total there is the count alone; the bar is removed at the end.
func TestBarOfAnUnknownTotal(t *testing.T) {
	text := runWithBar(t, 0, func(p *Progress, counts *output.Counts, _ *Screen, out *lockedBuffer) {
		counts.Done.Store(7)
		time.Sleep(time.Second)
		synctest.Wait()
		if _, bottom := screenAfter(out.peek()); !strings.Contains(bottom, "7") || !strings.Contains(bottom, "7.0/s") {
			t.Errorf("without a total: %q", bottom)
		}
		p.SetTotal(70)
		time.Sleep(time.Second)
		synctest.Wait()
		if _, bottom := screenAfter(out.peek()); !strings.Contains(bottom, "7/70") {
			t.Errorf("with a total: %q", bottom)
		}
	})
	if _, bottom := screenAfter(text); bottom != "" {
		t.Errorf("at its end there is %q", bottom)
	}
}

// Writes to a Screen return the writer's error.
func TestScreenReturnsTheWritersError(t *testing.T) {
	screen := NewScreen(encodetest.BrokenWriter{})
	if _, err := screen.Write([]byte("x\n")); !errors.Is(err, encodetest.ErrBroken) {
		t.Errorf("got %v", err)
	}
	if _, err := screen.Beside(encodetest.BrokenWriter{}).Write([]byte("x\n")); !errors.Is(err, encodetest.ErrBroken) {
		t.Errorf("beside: %v", err)
	}
}
