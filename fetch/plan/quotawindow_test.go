package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// withQuota is the Verdict on an accepted response that tells a quota.
func withQuota(remaining int64, reset time.Duration, limit int64) judge.Verdict {
	q := judge.Quota{Remaining: remaining, Reset: reset, Limit: limit}
	return judge.Verdict{Health: judge.Healthy, Quotas: []judge.Quota{q}}
}

// TestQuotaIsKept: no more Tasks start than the quota has left, with all that are under way; after the reset a single
// one asks how many there are.
func TestQuotaIsKept(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 5 })
	d.addTasks(100, "a")
	d.expectStarts("as many as there are slots", "a a a a a")
	for _, left := range []int64{7, 6, 5} { // four, then three of which are under way
		d.end("a", withQuota(left, 10*time.Second, 8))
		d.expectStarts("one place, and more than those under way left", "a")
	}
	d.end("a", withQuota(4, 10*time.Second, 8))
	d.expectStarts("those under way may take the four", "")
	d.expectLimit(HoldQuota)
	d.end("a", withQuota(3, 10*time.Second, 8))
	d.end("a", withQuota(2, 10*time.Second, 8))
	d.expectStarts("the same with two", "")
	d.end("a", withQuota(0, 10*time.Second, 8))
	d.end("a", withQuota(1, 10*time.Second, 8))
	d.expectStarts("none left", "")
	d.expectLimit(HoldQuota)
	d.expectWait("for the next window", 10*time.Second)
	d.advance(10 * time.Second)
	d.expectStarts("one asks", "a")
	d.advance(10 * time.Second)
	d.expectStarts("and no other beside it", "")
	d.end("a", withQuota(7, 10*time.Second, 8))
	d.expectStarts("as many as there are slots", "a a a a a")
}

// TestUntoldRequestsCount: a response without the quota is of a request that counts all the same.
func TestUntoldRequestsCount(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
	d.addTasks(100, "a")
	d.startAll()
	d.end("a", withQuota(3, 10*time.Second, 4))
	for range 3 {
		d.expectStarts("one of three", "a")
		d.end("a", healthy())
	}
	d.expectWait("for the next window", 10*time.Second)
}

// TestQuotaThatIsToldNoLongerIsDropped: where the response to the request that asks after the reset tells no quota,
// there is none any more.
func TestQuotaThatIsToldNoLongerIsDropped(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(100, "a")
	d.startAll()
	d.end("a", withQuota(0, time.Minute, 1))
	for len(d.exchanges) > 0 {
		d.end("a", healthy()) // of Tasks that started before that response
	}
	d.expectStarts("nothing is left", "")
	d.advance(time.Minute)
	d.expectStarts("one asks how things are", "a")
	d.end("a", healthy())
	if got := strings.Fields(d.startAll()); len(got) != 10 {
		t.Errorf("no quota any more, and %d start", len(got))
	}
}

// TestCanceledProbeIsFollowedByAnotherOfTheQuota: a request that asks after the reset and brings no response says
// nothing of the quota.
func TestCanceledProbeIsFollowedByAnotherOfTheQuota(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(100, "a")
	d.startAll()
	for len(d.exchanges) > 0 {
		d.end("a", withQuota(0, time.Minute, 1))
	}
	d.advance(time.Minute)
	d.expectStarts("one asks", "a")
	d.end("a", judge.Verdict{Health: judge.Unknown})
	d.expectStarts("another one asks", "a")
}

// TestQuotaInAnyOrder: of the responses to requests that were under way together the one that tells the fewest counts,
// in whatever order they come.
func TestQuotaInAnyOrder(t *testing.T) {
	for _, order := range [][]int64{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {2, 0, 1}} {
		d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 3 })
		d.addTasks(100, "a")
		d.startAll()
		for _, remaining := range order {
			d.end("a", withQuota(remaining, time.Minute, 3))
		}
		d.expectStarts(fmt.Sprint("nothing is left after ", order), "")
	}
}

// TestEachPolicyIsAWindowOfItsOwn: a start needs all policies, and each is known until its own reset.
func TestEachPolicyIsAWindowOfItsOwn(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(100, "a")
	d.startAll()
	told := func(burst, minute int64) judge.Verdict {
		return judge.Verdict{Health: judge.Healthy, Quotas: []judge.Quota{
			{Policy: "burst", Remaining: burst, Reset: time.Second, Limit: 15, Interval: time.Second},
			{Policy: "minute", Remaining: minute, Reset: time.Minute, Limit: 20, Interval: time.Minute},
		}}
	}
	for left := int64(14); len(d.exchanges) > 0; left-- {
		d.end("a", told(left, left+5))
	}
	if got := len(strings.Fields(d.startAll())); got != 5 {
		t.Errorf("%d start within the burst", got)
	}
	for left := int64(4); len(d.exchanges) > 0; left-- {
		d.end("a", told(left, left+5))
	}
	d.expectWait("for the burst", time.Second)
	d.advance(time.Second)
	d.expectStarts("one asks", "a")
	d.end("a", told(14, 4))
	if got := len(strings.Fields(d.startAll())); got != 4 {
		t.Errorf("%d start within the minute", got)
	}
	for left := int64(3); len(d.exchanges) > 0; left-- {
		d.end("a", told(left+10, left))
	}
	d.expectWait("for the minute", time.Minute)
}

// TestConcurrentPolicyBoundsExchanges: a policy of concurrent requests bounds how many are under way at once.
func TestConcurrentPolicyBoundsExchanges(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(100, "a")
	d.startAll()
	for range 10 {
		d.end("a", judge.Verdict{Health: judge.Healthy, Quotas: []judge.Quota{{Limit: 4, Remaining: 0, Concurrent: true}}})
	}
	d.expectStarts("four at once", "a a a a")
	d.expectLimit(HoldQuota)
	d.end("a", healthy())
	d.expectStarts("one for one", "a")
}

// TestQuotaBeyondTheLongestWait: where a quota that is used up comes back later than RetryMaxDelay, all that waits
// fails at once, unasked, until it is back.
func TestQuotaBeyondTheLongestWait(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
	d.addTasks(3, "a")
	d.startAll()
	d.end("a", withQuota(0, time.Hour, 5000))
	d.expectStarts("none is asked for", "lost lost")
	f := d.exchanges[0].Lost
	const want = "not sent: the host's quota is used up for 1h0m0s, longer than retry-max-delay 1m0s; " +
		"--retry-max-delay 1h0m0s would wait"
	if f.Kind != failure.RateLimited || f.RetryAfter != time.Hour || f.Error() != want {
		t.Errorf("ends as %s: %v", f.Kind, f)
	}
	d.exchanges, d.active = nil, 0
	d.advance(time.Hour)
	d.addTasks(1, "a")
	d.expectStarts("it is back", "a")
}

// TestRoundedResetsAreLonger: a reset that is computed from times may be longer than RetryMaxDelay by what these are
// rounded. One without a unit closes nothing while exchanges are under way that may show it.
func TestRoundedResetsAreLonger(t *testing.T) {
	for _, tt := range []struct {
		reset             time.Duration
		rounded, unitless bool
		underWay          int
		closed            bool
	}{
		{reset: time.Minute}, {reset: 61 * time.Second, closed: true},
		{reset: 62 * time.Second, rounded: true}, {reset: 63 * time.Second, rounded: true, closed: true},
		{reset: time.Hour, unitless: true, closed: true}, {reset: time.Hour, unitless: true, underWay: 1},
		{reset: time.Hour, underWay: 1, closed: true},
	} {
		d := newPlanDriver(t, nil)
		d.addTasks(1+tt.underWay, "a")
		d.startAll()
		v := withQuota(0, tt.reset, 100)
		v.Quotas[0].Rounded, v.Quotas[0].Unitless = tt.rounded, tt.unitless
		d.end("a", v)
		d.addTasks(1, "a")
		if task, _ := d.nextTask(); (task != nil && task.Lost != nil) != tt.closed {
			t.Errorf("%+v: got %+v", tt, task)
		}
	}
}

// TestRefusalSaysWhenAQuotaIsBack: Retry-After wins over the reset of the quota.
func TestRefusalSaysWhenAQuotaIsBack(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
	d.addTasks(3, "a")
	d.startAll()
	v := refusal()
	v.Hold, v.Quotas = time.Second, []judge.Quota{{Policy: "default", Reset: 20 * time.Second}}
	d.end("a", v)
	d.expectWait("as long as Retry-After says", time.Second)
}

// TestRetryAfterWinsOverOtherResponses: what a refusal asks for has precedence over the reset that another response
// tells, whichever comes first; of two resets the later one counts.
func TestRetryAfterWinsOverOtherResponses(t *testing.T) {
	asks := refusal()
	asks.Hold, asks.Quotas = time.Second, []judge.Quota{{Reset: 20 * time.Second}}
	spent, earlier := withQuota(0, 20*time.Second, 0), withQuota(0, 5*time.Second, 0)
	for _, tt := range []struct {
		first, second judge.Verdict
		wait          time.Duration
	}{
		{asks, spent, time.Second}, {spent, asks, time.Second}, {spent, earlier, 20 * time.Second},
		{earlier, spent, 20 * time.Second},
	} {
		d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 2 })
		d.addTasks(4, "a")
		d.startAll()
		d.end("a", tt.first)
		d.end("a", tt.second)
		d.expectWait(fmt.Sprintf("%+v, then %+v", tt.first, tt.second), tt.wait)
	}
}

// TestToldRateIsKept: a limit and an interval, with nothing of what is left, is a rate; the lower one of it and the
// user's counts. What is left, and exchanges at once, are no rate.
func TestToldRateIsKept(t *testing.T) {
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name  string
		own   float64 // the user's limit
		quota judge.Quota
		want  float64
	}{
		{"a rate (Crossref)", 0, judge.Quota{Limit: 50, Remaining: 50, Interval: time.Second, RateOnly: true}, 50},
		{"a rate a minute", 0, judge.Quota{Limit: 30, Remaining: 30, Interval: time.Minute, RateOnly: true}, 0.5},
		{"above the user's", 10, judge.Quota{Limit: 50, Remaining: 50, Interval: time.Second, RateOnly: true}, 10},
		{"below the user's", 80, judge.Quota{Limit: 50, Remaining: 50, Interval: time.Second, RateOnly: true}, 50},
		{"with what is left", 0, judge.Quota{Limit: 1, Remaining: 1, Interval: time.Minute}, 0},
		{"over a day", 0, judge.Quota{Limit: 50, Remaining: 50, Interval: 24 * time.Hour, RateOnly: true}, 0},
		{"no interval", 0, judge.Quota{Limit: 5, Remaining: 5, RateOnly: true}, 0},
	} {
		d := newPlanDriver(t, func(l *testLimits) { l.HostRate = tt.own })
		d.addTasks(1, "a")
		l := d.lanes["a"]
		l.keepToldRate([]judge.Quota{tt.quota}, now)
		if got := l.rate(); got != tt.want {
			t.Errorf("%s: %g starts a second, want %g", tt.name, got, tt.want)
		}
	}
}

// TestLongestWaitOfAHost: a host that may be waited for longer is, and one that may not is closed.
func TestLongestWaitOfAHost(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) {
		l.HostConcurrency = 1
		longest := map[string]time.Duration{"patient": 2 * time.Hour, "hasty": time.Second, "else": time.Minute}
		l.Host = func(host string) HostLimits {
			return HostLimits{Concurrency: 1, RetryMaxDelay: longest[host]}
		}
	})
	d.addTasks(2, "patient", "hasty", "else")
	d.startAll()
	for _, host := range []string{"patient", "hasty", "else"} {
		d.end(host, withQuota(0, 30*time.Second, 0))
	}
	d.expectStarts("the one with a longest wait of 1 s is closed", "lost")
	d.advance(31 * time.Second)
	d.expectStarts("the others have their quotas again", "patient else")
	d.exchanges = d.exchanges[1:] // without the one that is lost
	d.addTasks(2, "patient", "else")
	for _, host := range []string{"patient", "else"} {
		d.end(host, withQuota(0, time.Hour, 0))
	}
	d.expectStarts("the one with a longest wait of a minute is closed", "lost lost")
	d.advance(time.Hour + time.Second)
	d.expectStarts("the other has waited", "patient")
}
