package plan

import (
	"testing"
	"time"
)

// TestLimitRate: a rate that a host tells once it is under way spaces its starts from then on, unless it has a lower
// one; that of others stays.
func TestLimitRate(t *testing.T) {
	for _, c := range []struct {
		name      string
		own, told float64
		want      int // starts in the 10 seconds after
	}{
		{"none of its own", 0, 1, 10}, {"a higher one", 10, 0.5, 5}, {"a lower one", 0.5, 10, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newPlanDriver(t, func(l *testLimits) { l.HostRate = c.own })
			d.addTasks(30, "a")
			d.startAll()
			for len(d.exchanges) > 0 {
				d.end("a", healthy())
			}
			d.LimitRate("a", c.told, d.now)
			d.LimitRate("unknown", c.told, d.now)
			starts := 0
			for range 1000 {
				d.advance(10 * time.Millisecond)
				before := len(d.exchanges)
				d.startAll()
				starts += len(d.exchanges) - before
				for len(d.exchanges) > 0 {
					d.end("a", healthy())
				}
			}
			if starts < c.want-1 || starts > c.want {
				t.Errorf("%d starts in 10 s, want %d", starts, c.want)
			}
		})
	}
}
