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
	counts, live := output.NewCounts(output.NewJSONL(io.Discard, encode.Layout{Body: encode.BodyNone})), &fetch.Live{}
	return NewProgress(counts, live, now), counts, live
}

// The parts have the count, the share, the rate, the failures, the retries, the host that is waited for and the time
// left.
func TestProgressParts(t *testing.T) {
	begun := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name                         string
		total, done, failed, retries int64
		after                        time.Duration
		wait                         *fetch.HostWait // until two and a half seconds after
		want                         string
	}{
		{"nothing yet", 0, 0, 0, 0, time.Second, nil, "0|0.0/s|0 failed"},
		{"at the very start", 10, 0, 0, 0, 0, nil, "0/10|0%|0.0/s|0 failed"},
		{"slowly", 0, 3, 0, 0, 2 * time.Second, nil, "3|1.5/s|0 failed"},
		{"fast", 0, 2469, 2, 7, 2 * time.Second, nil, "2469|1234/s|2 failed|7 retried"}, // 1234.5 to even
		{"with an end in sight", 100, 20, 0, 0, 2 * time.Second, nil, "20/100|20%|10/s|0 failed|about 8s left"},
		{"an hour to go", 36200, 200, 1, 0, 20 * time.Second, nil, "200/36200|0%|10/s|1 failed|about 1h0m left"},
		{"less than a second to go", 100, 99, 0, 0, time.Second, nil, "99/100|99%|99/s|0 failed|about 1s left"},
		{"at the end", 100, 100, 0, 0, 10 * time.Second, nil, "100/100|100%|10/s|0 failed"},
		{"past an end that was counted too low", 5, 10, 0, 0, time.Second, nil, "10/5|10/s|0 failed"},
		{"standing still with an end", 5, 0, 0, 0, time.Second, nil, "0/5|0%|0.0/s|0 failed"},
		{"waiting", 2, 1, 0, 1, time.Second, &fetch.HostWait{Host: "https://api.example.com", Status: 429},
			"1/2|50%|1.0/s|0 failed|1 retried|waiting 3s for api.example.com (429)|about 1s left"},
		{"waiting for a quota", 0, 1, 0, 0, time.Second, &fetch.HostWait{Host: "http://a\x1b.test:81"},
			"1|1.0/s|0 failed|waiting 3s for a\uFFFD.test:81"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, counts, live := newTestProgress(begun)
			p.SetTotal(c.total)
			counts.Done.Store(c.done)
			counts.Failed.Store(c.failed)
			live.Retries.Store(c.retries)
			if c.wait != nil {
				c.wait.Until = begun.Add(c.after + 2500*time.Millisecond)
				live.Waiting.Store(c.wait)
			}
			if got := join(p.parts(begun.Add(c.after)), "|", 1000); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if c.wait != nil && strings.Contains(join(p.parts(c.wait.Until), "|", 1000), "waiting") {
				t.Error("it waits no longer")
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
		if got, want := out.take(), "batchfetch: 10s 500 done, 50/s, 2 failed\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		p.SetTotal(2000)
		counts.Done.Store(600)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		lines := strings.SplitAfter(out.take(), "\n")
		if len(lines) != 3 || lines[0] != "batchfetch: 20s 600/2000 done, 30%, 10/s, 2 failed, about 2m20s left\n" ||
			lines[1] != "batchfetch: 30s 600/2000 done, 30%, 0.0/s, 2 failed\n" {
			t.Errorf("got %q", lines)
		}
		counts.Done.Store(700)
		time.Sleep(4 * time.Second)
		cancel()
		plain.Wait()
		if got, want := out.take(), "batchfetch: 34s 700/2000 done, 35%, 7.1/s, 2 failed\n"; got != want {
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
