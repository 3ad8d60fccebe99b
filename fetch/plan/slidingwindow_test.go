package plan

import (
	"testing"
	"time"
)

// TestLastRequestOfALowWindowIsSentLate: where a window has few requests left at its start although the run has used
// the one before, its last request is sent late, and shows whether more have come back meanwhile (slidingAPIs). Where
// others had the rest of a fixed window none have; after a window of which the run had a small part nothing waits.
func TestLastRequestOfALowWindowIsSentLate(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 20 })
	d.addTasks(200, "a")
	endAll := func(left int64, reset time.Duration) {
		for ; len(d.exchanges) > 0; left-- {
			d.end("a", withQuota(left, reset, 20))
		}
	}
	d.startAll()
	endAll(19, 10*time.Second)
	d.expectWait("for the reset", 10*time.Second)

	d.advance(10 * time.Second)
	d.expectStarts("one asks", "a")
	endAll(3, 10*time.Second)
	d.expectStarts("all but the last", "a a")
	endAll(2, 10*time.Second)
	d.expectWait("a quarter of the window", 2500*time.Millisecond)
	d.advance(2500 * time.Millisecond)
	d.expectStarts("the last", "a")
	endAll(0, 7500*time.Millisecond)
	d.expectWait("for the reset", 7500*time.Millisecond)

	d.advance(7500 * time.Millisecond)
	d.expectStarts("one asks", "a")
	endAll(3, 10*time.Second)
	d.expectStarts("all, as others have had most of the window before", "a a a")
}

// TestNoRequestWaitsInALongWindow: a request that is left in a window of an hour is sent at once, and where none is the
// next window is asked for at the end of this.
func TestNoRequestWaitsInALongWindow(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency, l.RetryMaxDelay = 20, 2*time.Hour })
	d.addTasks(200, "a")
	d.startAll()
	for left := int64(19); len(d.exchanges) > 0; left-- {
		d.end("a", withQuota(left, time.Hour, 20))
	}
	d.advance(time.Hour)
	d.expectStarts("one asks", "a")
	d.end("a", withQuota(3, time.Hour, 20))
	d.expectStarts("all that are left", "a a a")
	for left := int64(2); len(d.exchanges) > 0; left-- {
		d.end("a", withQuota(left, time.Hour, 20))
	}
	d.advance(time.Hour)
	d.expectStarts("one asks", "a")
	d.end("a", withQuota(0, time.Hour, 20))
	d.expectWait("the end of the window", time.Hour)
}
