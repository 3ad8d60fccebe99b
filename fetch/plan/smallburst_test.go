package plan

import (
	"testing"
	"time"

	"batchfetch/fetch/judge"
)

// TestFewAtATime: a host that allows one request in four seconds is asked at about that rate, and time in which nothing
// waited for it does not count.
func TestFewAtATime(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
	d.addTasks(100, "a")
	d.startAll()
	in4 := judge.Verdict{Fate: judge.Retry, Refusal: true, Health: judge.Refused, Hold: 4 * time.Second}
	one := func() {
		d.awaitStart()
		d.end("a", healthy())
		d.awaitStart()
		d.end("a", in4)
	}
	d.end("a", in4)
	for range 3 {
		one()
	}
	few := d.rateLimitOf("a")
	if few > 0.5 || few < 0.15 {
		t.Errorf("asked %.2f times a second", few)
	}
	d.advance(time.Hour)
	one()
	if got := d.rateLimitOf("a"); got < few/2 {
		t.Errorf("asked %.4f times a second after an idle hour, %.2f before", got, few)
	}
}
