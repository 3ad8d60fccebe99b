package terminal

import (
	"strings"
	"testing"
	"time"
)

// Where there is little room describeWithin leaves out the retries first, then the ETA, the failures, and the rate.
func TestProgressWordsWithin(t *testing.T) {
	begun := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	all := "10/s, 7 failed, 3 retries, ETA 8s"
	noRetries, noETA, speed := "10/s, 7 failed, ETA 8s", "10/s, 7 failed", "10/s"
	p, counts, live := newTestProgress(begun)
	p.SetTotal(100)
	counts.Done.Store(20)
	counts.Failed.Store(7)
	live.Retries.Store(3)
	now := begun.Add(2 * time.Second)
	for _, c := range []struct {
		columns int
		want    string
	}{
		{200, all}, {len(all), all},
		{len(all) - 1, noRetries}, {len(noRetries), noRetries},
		{len(noRetries) - 1, noETA}, {len(noETA), noETA},
		{len(noETA) - 1, speed}, {len(speed), speed},
		{len(speed) - 1, ""}, {0, ""}, {-20, ""},
	} {
		if got := p.describeWithin(now, c.columns); got != c.want {
			t.Errorf("%d columns: %q, want %q", c.columns, got, c.want)
		}
	}
	if got := p.describe(now); got != all {
		t.Errorf("without a bound: %q", got)
	}
}

// After Drain there is no ETA, and all else is there.
func TestNoETAOnceDrained(t *testing.T) {
	begun := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	p, counts, _ := newTestProgress(begun)
	p.SetTotal(100)
	counts.Done.Store(20)
	now := begun.Add(2 * time.Second)
	if got := p.describe(now); !strings.HasSuffix(got, ", ETA 8s") {
		t.Errorf("before: %q", got)
	}
	p.Drain()
	p.Drain() // the second signal
	if got, want := p.describe(now), "10/s, 0 failed, 0 retries"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.SetTotal(200) // the count of the inputs may come later
	if got := p.describe(now); strings.Contains(got, "ETA") {
		t.Errorf("with a total: %q", got)
	}
}
