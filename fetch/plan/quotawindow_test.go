package plan

import (
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/judge"
)

// TestQuotaIsKept: no more Tasks start in a window than the quota has left, with those under way; the next window
// begins with the whole quota.
func TestQuotaIsKept(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 5 })
	d.addTasks(100, "a")
	d.expectStarts("as many as there are slots", "a a a a a")
	withQuota := func(remaining int64) judge.Verdict {
		q := judge.Quota{Remaining: remaining, Reset: 10 * time.Second, Limit: 8}
		return judge.Verdict{Health: judge.Healthy, Quotas: []judge.Quota{q}}
	}
	d.end("a", withQuota(7)) // the four later starts will have taken four of the seven
	d.expectStarts("one place, and three left", "a")
	d.end("a", withQuota(6))
	d.end("a", withQuota(5))
	d.end("a", withQuota(4))
	d.expectStarts("two left", "a a")
	d.end("a", withQuota(3))
	d.expectStarts("none left", "")
	d.expectLimit(HoldPause)
	d.expectWait("for the next window", 10*time.Second)
	d.advance(10 * time.Second)
	d.expectStarts("as many as there are slots", "a a")
	more := 2
	for left := int64(7); len(d.exchanges) > 0; left-- {
		d.end("a", withQuota(max(left-3, 0))) // of the five under way before three count in this window
		if d.startAll() != "" {
			more++
		}
	}
	if more < 2 || more > 8 {
		t.Errorf("%d in the second window", more)
	}
}

// TestGuessedQuotaIsDropped: a quota that a single response announced ends with its window, where later responses
// announce none.
func TestGuessedQuotaIsDropped(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(100, "a")
	d.startAll()
	d.end("a", judge.Verdict{Health: judge.Healthy, Quotas: []judge.Quota{{Remaining: 0, Reset: time.Hour, Limit: 1}}})
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

// TestQuotasCountInOrderOfStarts: the quota in the response to an earlier start does not replace that of a later one.
func TestQuotasCountInOrderOfStarts(t *testing.T) {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 3 })
	d.addTasks(100, "a")
	d.startAll()
	first := d.exchanges[0]
	d.exchanges = append(d.exchanges[1:], first)
	// the responses to the second, the third and the first start; other clients use the same quota
	for _, remaining := range []int64{1, 0, 9} {
		d.end("a", judge.Verdict{Health: judge.Healthy, Quotas: []judge.Quota{{Remaining: remaining, Reset: time.Minute}}})
	}
	d.expectStarts("nothing is left", "")
}

// TestQuotaOfAnHour: the wait for a window is at most --retry-max-delay; then a single Task starts.
func TestQuotaOfAnHour(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(100, "a")
	d.startAll()
	for len(d.exchanges) > 0 {
		d.end("a", judge.Verdict{Health: judge.Healthy, Quotas: []judge.Quota{{Remaining: 0, Reset: time.Hour, Limit: 5000}}})
	}
	d.expectWait("as long as is obeyed", time.Minute)
	d.advance(time.Minute)
	d.expectStarts("one", "a")
	more := []judge.Quota{{Remaining: 4000, Reset: time.Hour, Limit: 5000}}
	d.end("a", judge.Verdict{Health: judge.Healthy, Quotas: more})
	if got := strings.Fields(d.startAll()); len(got) != 10 {
		t.Errorf("there is more again, and %d start", len(got))
	}
}
