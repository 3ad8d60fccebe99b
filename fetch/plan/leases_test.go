package plan

import (
	"testing"
	"time"

	"batchfetch/fetch/judge"
)

// sharedPlan is a Plan whose limits other processes keep to, too, with so many Tasks of a host.
func sharedPlan(tasks int, own HostLimits, now time.Time) *Plan {
	own.Concurrency, own.RetryMaxDelay = 8, time.Minute
	p := New(Limits{Concurrency: 50, Lookahead: 1000, Shared: true, Adaptive: true, RetryDelay: time.Second,
		Host: func(string) HostLimits { return own }}, nil)
	for range tasks {
		p.Add(new(Task), "h", now)
	}
	return p
}

// onlyAsk returns the Ask of the host, and expects one.
func onlyAsk(t *testing.T, p *Plan, now time.Time) *Ask {
	t.Helper()
	asks, _ := p.Asks(10, now)
	if len(asks) != 1 {
		t.Fatalf("%d asks", len(asks))
	}
	return &asks[0]
}

// TestSharedStarts: a Task starts at the time of its Slot; a Slot that has passed is of no use.
func TestSharedStarts(t *testing.T) {
	now := time.Unix(1000, 0)
	p := sharedPlan(9, HostLimits{Rate: 200}, now)
	if task, _ := p.Next(now); task != nil {
		t.Fatal("a Task started that nobody has granted")
	}
	a := onlyAsk(t, p, now)
	if a.Starts == 0 || a.Limits[0].Distance != 5100*time.Microsecond || a.Limits[0].Wanted != 9 {
		t.Fatalf("asks for %+v", a)
	}
	if again, _ := p.Asks(10, now); len(again) != 0 {
		t.Error("asks again before the answer")
	}
	slots := []Slot{{At: now.Add(5 * time.Millisecond)}, {At: now.Add(10 * time.Millisecond)}, {At: now.Add(time.Second)}}
	p.Granted(a, &Grant{Slots: slots, Widths: []int{8}}, now)
	if task, wait := p.Next(now); task != nil || wait != 5*time.Millisecond {
		t.Fatalf("%v, wait %s", task, wait)
	}
	if task, _ := p.Next(slots[0].At.Add(slotGrace)); task == nil {
		t.Fatal("no start at the time of a Slot")
	}
	if task, wait := p.Next(slots[1].At.Add(slotGrace + 1)); task != nil || wait <= 900*time.Millisecond {
		t.Errorf("%v, wait %s, after the second Slot has passed", task, wait)
	}
}

// TestSharedWidth: no more exchanges are under way than the others leave, and what is not used is given back.
func TestSharedWidth(t *testing.T) {
	now := time.Unix(1000, 0)
	p := sharedPlan(3, HostLimits{}, now)
	a := onlyAsk(t, p, now)
	p.Granted(a, &Grant{Widths: []int{2}}, now)
	var started []*Task
	for task, _ := p.Next(now); task != nil; task, _ = p.Next(now) {
		started = append(started, task)
	}
	if len(started) != 2 {
		t.Fatalf("%d started of a width of 2", len(started))
	}
	for len(started) > 0 {
		now = now.Add(time.Second)
		p.Done(started[0], now)
		if started = started[1:]; p.Waiting() > 0 {
			task, _ := p.Next(now)
			started = append(started, task)
		}
	}
	a = onlyAsk(t, p, now)
	if a.Limits[0].Active != 0 || a.Limits[0].Wanted != 0 {
		t.Errorf("with no Task left it asks for %+v", a.Limits[0])
	}
	p.Granted(a, &Grant{Widths: []int{0}}, now)
	if len(p.lanes) != 0 {
		t.Error("the lane is kept")
	}
}

// TestSharedHold: a pause that the host asks for is told, and one that another process tells is kept to.
func TestSharedHold(t *testing.T) {
	now := time.Unix(1000, 0)
	p := sharedPlan(3, HostLimits{}, now)
	p.Granted(onlyAsk(t, p, now), &Grant{Widths: []int{1}}, now)
	task, _ := p.Next(now)
	task.Verdict = judge.Verdict{Health: judge.Refused, Refusal: true, Hold: 5 * time.Second, Fate: judge.Retry}
	p.Done(task, now)
	a := onlyAsk(t, p, now)
	if a.Limits[0].Hold != 5*time.Second {
		t.Errorf("tells a hold of %s", a.Limits[0].Hold)
	}
	until := now.Add(20 * time.Second)
	p.Granted(a, &Grant{Widths: []int{1}, HeldUntil: until}, now)
	if task, wait := p.Next(now.Add(6 * time.Second)); task != nil || wait != 14*time.Second {
		t.Errorf("%v, wait %s, where others were told to wait 20 s", task, wait)
	}
	if task, _ := p.Next(until); task == nil {
		t.Error("no start after the pause")
	}
}

// TestSharedLate: requests that were sent late are told, and so are Slots that are not used.
func TestSharedLate(t *testing.T) {
	now := time.Unix(1000, 0)
	p := sharedPlan(1, HostLimits{Rate: 200}, now)
	slots := []Slot{{now, 100}, {now.Add(time.Millisecond), 200}, {now.Add(2 * time.Millisecond), 300}}
	p.Granted(onlyAsk(t, p, now), &Grant{Slots: slots, Widths: []int{8}}, now)
	task, _ := p.Next(now)
	task.Sent = now.Add(50 * time.Millisecond)
	p.Done(task, now.Add(time.Millisecond))
	a := onlyAsk(t, p, now.Add(time.Millisecond))
	if a.Late != 47*time.Millisecond || a.LateStarts != 1 || a.Unused != 200 || a.Last != 300 {
		t.Errorf("tells %+v", a)
	}
}

// TestSharedSlotsOfUse: a lane asks for no more Slots than it has exchanges for, so that none passes unused while other
// processes could have started; and for those at once, though it waits to ask for a larger width.
func TestSharedSlotsOfUse(t *testing.T) {
	now := time.Unix(1000, 0)
	p := sharedPlan(20, HostLimits{Rate: 200}, now)
	slot, later := []Slot{{At: now.Add(soonestAsk)}}, now.Add(20*time.Millisecond)
	p.Granted(onlyAsk(t, p, now), &Grant{Slots: slot, Widths: []int{2}, Again: later}, now)
	now = now.Add(soonestAsk)
	a := onlyAsk(t, p, now)
	if a.Starts != 1 {
		t.Fatalf("asks for %d starts with one Slot and a width of 2", a.Starts)
	}
	p.Granted(a, &Grant{Slots: slot, Widths: []int{2}, Again: later}, now)
	first, _ := p.Next(now)
	if second, _ := p.Next(now); first == nil || second == nil {
		t.Fatal("two Slots and a width of 2 do not start two Tasks")
	}
	now = now.Add(10 * time.Millisecond)
	if asks, next := p.Asks(10, now); len(asks) > 0 || next.Before(now.Add(5*time.Millisecond)) {
		t.Errorf("with both under way there are %d asks, and the next one after %s", len(asks), next.Sub(now))
	}
	p.Done(first, now)
	if a = onlyAsk(t, p, now); a.Starts < 1 || a.Starts > 4 {
		t.Errorf("with one of two under way, of 10 ms each, it asks for %d starts", a.Starts)
	}
}
