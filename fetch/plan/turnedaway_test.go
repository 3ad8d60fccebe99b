package plan

import (
	"testing"
	"time"
)

// TestConnectionsTurnedAway: a host that answers the first request of a connection beyond a number by 429 and closes
// it, as fasthttp 1.78 with MaxConnsPerIP, accepts more of a volley than it takes connections, as places become free
// meanwhile. A refusal within that number lowers it, and does not slow the host down; a refusal over a connection that
// is kept does.
func TestConnectionsTurnedAway(t *testing.T) {
	for _, turnedAway := range []bool{true, false} {
		d := newPlanDriver(t, nil)
		d.addTasks(1000, "a")
		volley := func(accepted int) {
			d.startAll()
			for i := 0; len(d.exchanges) > 0; i++ {
				d.advance(time.Millisecond)
				last := &d.exchanges[0].Connection
				*last = Connection{Kept: true}
				if len(d.exchanges) > accepted {
					*last = Connection{Dialed: time.Millisecond, Kept: !turnedAway}
					d.end("a", refusal())
					continue
				}
				d.end("a", healthy())
			}
		}
		volley(8)
		if got := d.lanes["a"].width(); got != 8 {
			t.Fatalf("%d at once after the first volley, want 8", got)
		}
		d.advance(time.Second)
		volley(5)
		limited := d.rateLimitOf("a") > 0
		if got := d.lanes["a"].width(); turnedAway && (got != 5 || limited) {
			t.Errorf("%d at once after a refusal of a new connection, limited: %t; want 5", got, limited)
		} else if !turnedAway && !limited {
			t.Error("no limit on the rate after a refusal of a kept connection")
		}
	}
}
