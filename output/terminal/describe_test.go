package terminal

import (
	"strings"
	"testing"
	"time"

	"batchfetch/fetch"
)

// Where there is little room the least useful part is left out first, and the count last.
func TestProgressWithin(t *testing.T) {
	begun := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	p, counts, live := newTestProgress(begun)
	p.SetTotal(402)
	counts.Done.Store(341)
	counts.Failed.Store(1)
	live.Retries.Store(2)
	now := begun.Add(4 * time.Second)
	live.Waiting.Store(&fetch.HostWait{Host: "https://api.example.com", Until: now.Add(6 * time.Second), Status: 429})
	for i, want := range []string{
		"341/402  84%  85/s  1 failed  2 retried  waiting 6s for api.example.com (429)  about 1s left",
		"341/402  84%  85/s  1 failed  waiting 6s for api.example.com (429)  about 1s left",
		"341/402  84%  1 failed  waiting 6s for api.example.com (429)  about 1s left",
		"341/402  84%  1 failed  waiting 6s for api.example.com (429)",
		"341/402  1 failed  waiting 6s for api.example.com (429)",
		"341/402  1 failed",
		"341/402",
		"",
	} {
		if got := join(p.parts(now), "  ", len(want)); got != want {
			t.Errorf("%d columns: %q, want %q", len(want), got, want)
		}
		if got := join(p.parts(now), "  ", len(want)+2); i > 0 && got != want {
			t.Errorf("%d columns: %q, want %q", len(want)+2, got, want)
		}
	}
	if got := join(p.parts(now), "  ", -20); got != "" {
		t.Errorf("without room: %q", got)
	}
}

// After Drain no time is left, and all else is there.
func TestNoTimeLeftOnceDrained(t *testing.T) {
	begun := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	p, counts, _ := newTestProgress(begun)
	p.SetTotal(100)
	counts.Done.Store(20)
	now := begun.Add(2 * time.Second)
	words := func() string { return join(p.parts(now), " ", 1000) }
	if got := words(); !strings.HasSuffix(got, " about 8s left") {
		t.Errorf("before: %q", got)
	}
	p.Drain()
	p.Drain() // the second signal
	if got, want := words(), "20/100 20% 10/s 0 failed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.SetTotal(200) // the count of the inputs may come later
	if got := words(); strings.Contains(got, "left") {
		t.Errorf("with a total: %q", got)
	}
}
