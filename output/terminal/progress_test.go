package terminal

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch"
	"batchfetch/output"
	"batchfetch/output/encode"
	"batchfetch/output/encode/encodetest"
)

// newTestProgress returns a Progress that starts at now, and its counts.
func newTestProgress(now time.Time) (*Progress, *output.Counts, *fetch.Live) {
	counts, live := output.NewCounts(output.NewJSONL(io.Discard, encode.BodyNone)), &fetch.Live{}
	return NewProgress(counts, live, now), counts, live
}

// describe has the rate, the failures, the retries and the ETA.
func TestProgressWords(t *testing.T) {
	begun := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name                         string
		total, done, failed, retries int64
		after                        time.Duration
		want                         string
	}{
		{"nothing yet", 0, 0, 0, 0, time.Second, "0.0/s, 0 failed, 0 retries"},
		{"at the very start", 10, 0, 0, 0, 0, "0.0/s, 0 failed, 0 retries"},
		{"slowly", 0, 3, 0, 0, 2 * time.Second, "1.5/s, 0 failed, 0 retries"},
		{"fast", 0, 2469, 2, 7, 2 * time.Second, "1234/s, 2 failed, 7 retries"}, // 1234.5 to even
		{"with an end in sight", 100, 20, 0, 0, 2 * time.Second, "10/s, 0 failed, 0 retries, ETA 8s"},
		{"an hour to go", 36200, 200, 1, 0, 20 * time.Second, "10/s, 1 failed, 0 retries, ETA 1h0m0s"},
		{"less than a second to go", 100, 99, 0, 0, time.Second, "99/s, 0 failed, 0 retries, ETA 1s"},
		{"at the end", 100, 100, 0, 0, 10 * time.Second, "10/s, 0 failed, 0 retries"},
		{"past an end that was counted too low", 5, 10, 0, 0, time.Second, "10/s, 0 failed, 0 retries"},
		{"standing still with an end", 5, 0, 0, 0, time.Second, "0.0/s, 0 failed, 0 retries"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, counts, live := newTestProgress(begun)
			p.SetTotal(c.total)
			counts.Done.Store(c.done)
			counts.Failed.Store(c.failed)
			live.Retries.Store(c.retries)
			if got := p.describe(begun.Add(c.after)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// The rate is that of the last seconds, and as few samples are kept as it needs.
func TestProgressRateIsOfLate(t *testing.T) {
	now := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	p, counts, _ := newTestProgress(now)
	tick := func(n int, each int64) (rate float64) {
		for range n {
			now = now.Add(barInterval)
			counts.Done.Add(each)
			rate = p.rate(now)
		}
		return rate
	}
	near := func(got, want float64, when string) {
		t.Helper()
		if got < want*0.99 || got > want*1.01 {
			t.Errorf("%s: %g/s, want %g", when, got, want)
		}
	}
	near(tick(10, 100), 1000, "after a second")
	near(tick(590, 100), 1000, "after a minute")
	near(tick(60, 1), 10, "six seconds after it slowed down")
	if got := tick(60, 0); got != 0 {
		t.Errorf("six seconds after it stood still: %g/s", got)
	}
	if len(p.samples) > 60 {
		t.Errorf("%d samples are kept", len(p.samples))
	}
}

// WriteLines writes a line every ten seconds until its context ends, and then the last one.
func TestWriteLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p, counts, _ := newTestProgress(time.Now())
		var out lockedBuffer
		var plain sync.WaitGroup
		plain.Go(func() { p.WriteLines(ctx, &out) })
		time.Sleep(9 * time.Second)
		synctest.Wait()
		if got := out.take(); got != "" {
			t.Errorf("too early: %q", got)
		}
		counts.Done.Store(500)
		counts.Failed.Store(2)
		time.Sleep(time.Second)
		synctest.Wait()
		if got, want := out.take(), "batchfetch: 10s 500 done, 50/s, 2 failed, 0 retries\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		p.SetTotal(2000)
		counts.Done.Store(600)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		lines := strings.SplitAfter(out.take(), "\n")
		if len(lines) != 3 || lines[0] != "batchfetch: 20s 600/2000 done, 10/s, 2 failed, 0 retries, ETA 2m20s\n" ||
			lines[1] != "batchfetch: 30s 600/2000 done, 0.0/s, 2 failed, 0 retries\n" {
			t.Errorf("got %q", lines)
		}
		counts.Done.Store(700)
		time.Sleep(4 * time.Second)
		cancel()
		plain.Wait()
		if got, want := out.take(), "batchfetch: 34s 700/2000 done, 7.1/s, 2 failed, 0 retries\n"; got != want {
			t.Errorf("at the end got %q, want %q", got, want)
		}
	})
}

// WriteLines goes on where the writer fails.
func TestWriteLinesOnABrokenWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		p, _, _ := newTestProgress(time.Now())
		p.WriteLines(ctx, encodetest.BrokenWriter{})
		if ctx.Err() == nil {
			t.Error("it gave up")
		}
	})
}

// lockedBuffer is a buffer that is safe for concurrent use.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// take returns what was written since the last take.
func (b *lockedBuffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.buf.Reset()
	return b.buf.String()
}

// peek returns what was written since the last take, and keeps it.
func (b *lockedBuffer) peek() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
