package plan

import (
	"testing"
	"time"
)

// readAhead adds Tasks of one host until the plan sees enough, and returns how many.
func (d *planDriver) readAhead(pending int) int {
	for n := 0; ; n++ {
		if d.Full(d.Waiting()+pending+d.Running(), pending, false, d.now) || n > 20_000 {
			return n
		}
		d.addTasks(1, "a")
		d.startAll()
	}
}

// TestReadsAheadAsFarAsNeeded: while no more exchanges may be under way few Tasks are read ahead, as many as
// Limits.Lookahead allows while more may be.
func TestReadsAheadAsFarAsNeeded(t *testing.T) {
	for name, tt := range map[string]struct {
		concurrency, hostConcurrency, lookahead, pending, want int
	}{
		"all places are taken":              {50, 50, 10_000, 0, 50 + leastAhead},
		"there are many places":             {1000, 1000, 10_000, 0, 1000 + 2000},
		"the window is smaller":             {50, 50, 300, 0, 300},
		"the host is at its limit":          {50, 10, 10_000, 0, 10_000},
		"others come first":                 {50, 50, 10_000, 400, 50 + leastAhead - 400},
		"many others come first":            {50, 50, 10_000, leastAhead, 0},
		"places are idle till others come":  {50, 10, 10_000, leastAhead, 0},
		"the host of few others is limited": {50, 10, 10_000, 400, 10_000 - 400},
	} {
		t.Run(name, func(t *testing.T) {
			d := newPlanDriver(t, func(l *testLimits) {
				l.Concurrency, l.HostConcurrency, l.Lookahead = tt.concurrency, tt.hostConcurrency, tt.lookahead
			})
			if got := d.readAhead(tt.pending); got != tt.want {
				t.Errorf("%d are read, want %d", got, tt.want)
			}
		})
	}
}

// TestReadsFartherInTime: the window deepens by an installment each readEvery, up to Limits.Lookahead, however seldom
// the plan is asked, and not where so many exchanges start that it moves on by itself.
func TestReadsFartherInTime(t *testing.T) {
	installment := 1250
	for name, tt := range map[string]struct {
		after  time.Duration
		starts int
		want   int
	}{
		"not yet":                {readEvery - 1, 0, 0},
		"an installment":         {readEvery, 0, installment},
		"three of them":          {3*readEvery + 1, 0, 3 * installment},
		"all":                    {time.Hour, 0, 10_000 - 50 - leastAhead},
		"beside those started":   {readEvery, 300, 300 + installment},
		"it moves on":            {readEvery, 1000, 1000},
		"it moved on, slowly":    {2 * readEvery, 1000, 1000 + 2*installment},
		"it moved on for longer": {2 * readEvery, 2000, 2000},
	} {
		t.Run(name, func(t *testing.T) {
			d := newPlanDriver(t, func(l *testLimits) { l.Concurrency, l.HostConcurrency = 50, 50 })
			d.readAhead(0)
			read := 0
			for range tt.starts {
				d.end("a", healthy())
				d.startAll()
				read += d.readAhead(0)
			}
			d.advance(tt.after)
			for n := -1; n != 0; read += n {
				n = d.readAhead(0)
			}
			if read != tt.want {
				t.Errorf("%d more are read, want %d", read, tt.want)
			}
		})
	}
}
