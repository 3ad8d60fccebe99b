package plan

import (
	"slices"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// TestSpillKeepsTheOrder: Tasks start in the order in which they were added, whether they were spilled, added after
// spilled ones or kept in memory.
func TestSpillKeepsTheOrder(t *testing.T) {
	d := newSpillDriver(t, func(l *testLimits) { l.HostConcurrency, l.Lookahead = 1, 100 })
	d.addTasks(200, "a")
	d.startAll()
	if d.spillTail(d.lanes["a"], 37, d.now) != 37 || d.Spilled() != 32 {
		t.Fatalf("%d of 37 were packed", d.Spilled())
	}
	d.addTasks(3, "a")
	if !d.makeRoom(d.installmentSize(), d.now) {
		t.Fatal("no more was spilled, ahead of what has been")
	}
	d.addTasks(100, "a")
	if d.Waiting()+d.Spilled() != 302 || d.Waiting() > keptTasks+tasksPerBatch {
		t.Errorf("%d in memory and %d spilled", d.Waiting(), d.Spilled())
	}
	var order []int64
	for len(d.exchanges) > 0 {
		order = append(order, d.end("a", healthy()).seq)
		d.startAll()
	}
	if len(order) != 303 || !slices.IsSorted(order) {
		t.Errorf("%d started, in order: %v", len(order), slices.IsSorted(order))
	}
	if d.Spilled() != 0 || d.spill.usedBytes != 0 || d.spill.freeBytes != d.limits.SpillBytes || d.spill.excess != 0 {
		t.Errorf("left: %+v", d.spill)
	}
}

// TestNothingIsSpilledWithoutNeed: no Task is spilled while no more exchanges may be under way, or without memory
// allowed for it.
func TestNothingIsSpilledWithoutNeed(t *testing.T) {
	for name, tt := range map[string]struct {
		with func(*testLimits)
		want bool
	}{
		"a host at its limit":  {func(l *testLimits) { l.HostConcurrency = 1 }, true},
		"no place is free":     {func(l *testLimits) { l.Concurrency = 1 }, false},
		"no memory allowed":    {func(l *testLimits) { l.HostConcurrency, l.SpillBytes = 1, 0 }, false},
		"the window is larger": {func(l *testLimits) { l.HostConcurrency, l.Lookahead = 1, 100_000 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newSpillDriver(t, func(l *testLimits) { l.Lookahead = 1000; tt.with(l) })
			d.spill.lastGrant = d.now // an installment has just been granted
			d.addTasks(1000, "a")
			d.startAll()
			if got := d.makeRoom(d.installmentSize(), d.now); got != tt.want {
				t.Errorf("made room: %v", got)
			}
		})
	}
}

// TestSpillsAnInstallmentEachQuarterSecond: while no more exchanges may be under way, one installment is spilled each
// spillEvery, so that the host that will take longest is read early.
func TestSpillsAnInstallmentEachQuarterSecond(t *testing.T) {
	d := newSpillDriver(t, func(l *testLimits) { l.Concurrency, l.Lookahead = 1, 1000 })
	d.addTasks(1000, "a")
	d.startAll()
	if !d.makeRoom(d.installmentSize(), d.now) {
		t.Fatal("not even once")
	}
	d.addTasks(1000, "b")
	if d.makeRoom(d.installmentSize(), d.now) {
		t.Error("at once again")
	}
	d.advance(spillEvery)
	if !d.makeRoom(d.installmentSize(), d.now) {
		t.Error("not a quarter of a second later either")
	}
}

// TestNothingIsSpilledOfAWindowThatMoves: while so many Tasks start that the window moves on by itself, no Task is
// spilled.
func TestNothingIsSpilledOfAWindowThatMoves(t *testing.T) {
	for name, tt := range map[string]struct {
		starts int
		want   bool
	}{
		"three installments start": {3 * 125, true},
		"four start":               {4 * 125, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newSpillDriver(t, func(l *testLimits) { l.Concurrency, l.HostConcurrency, l.Lookahead = 1, 1, 1000 })
			d.spill.lastGrant = d.now
			d.addTasks(1500, "a")
			for range tt.starts {
				d.startAll()
				d.end("a", healthy())
			}
			d.startAll()
			d.advance(spillEvery)
			if got := d.makeRoom(d.installmentSize(), d.now); got != tt.want {
				t.Errorf("made room: %v", got)
			}
			d.advance(spillEvery)
			if got := d.makeRoom(d.installmentSize(), d.now); !got {
				t.Error("no room was made though nothing has started since")
			}
		})
	}
}

// TestTriedTasksStayInMemory: only pristine Tasks are spilled.
func TestTriedTasksStayInMemory(t *testing.T) {
	d := newSpillDriver(t, func(l *testLimits) { l.HostConcurrency, l.Lookahead = 1, 100 })
	d.addTasks(200, "a")
	for range 20 {
		d.startAll()
		d.exchanges[0].Attempts = 1
		d.end("a", judge.Verdict{Fate: judge.Retry, Health: judge.Healthy})
	}
	d.startAll()
	d.makeRoom(d.installmentSize(), d.now)
	if tried := d.lanes["a"].waiting.Len() - keptTasks; tried != 20 {
		t.Errorf("%d tried tasks are in memory", tried)
	}
}

// TestSpilledTasksOfAClosedLaneFailInBatches: the spilled Tasks of a closed lane fail, and are unpacked one batch at a
// time.
func TestSpilledTasksOfAClosedLaneFailInBatches(t *testing.T) {
	d := newSpillDriver(t, func(l *testLimits) { l.HostConcurrency, l.Lookahead = 1, 100 })
	d.addTasks(500, "a")
	d.startAll()
	d.makeRoom(d.installmentSize(), d.now)
	d.end("a", refused(time.Hour))
	lost, most := 0, 0
	for {
		task, _ := d.nextTask()
		if task == nil {
			break
		}
		if task.Lost == nil || task.Lost.Kind != failure.RateLimited {
			t.Fatalf("task %d: %v", task.seq, task.Lost)
		}
		lost++
		most = max(most, d.failed.Len())
		d.Done(&task.Task, d.now)
	}
	if lost != 499 || most > 2*keptTasks+2*tasksPerBatch || d.Waiting() != 0 || d.Spilled() != 0 {
		t.Errorf("%d are lost, %d at once, %d and %d left", lost, most, d.Waiting(), d.Spilled())
	}
}

// TestClosedHostMayOpenWhileSpilledTasksFail: the spilled Tasks of a lane that was closed fail for that reason although
// the lane opens before all have failed.
func TestClosedHostMayOpenWhileSpilledTasksFail(t *testing.T) {
	d := newSpillDriver(t, func(l *testLimits) { l.HostConcurrency, l.Lookahead, l.Concurrency = 4, 100, 5 })
	d.addTasks(500, "a")
	d.startAll()
	d.makeRoom(d.installmentSize(), d.now)
	for range 3 {
		d.end("a", refused(time.Minute))
	}
	d.advance(2 * time.Minute)
	d.end("a", healthy()) // started before
	d.addTasks(1, "a")
	for range 600 {
		task, wait := d.nextTask()
		if task == nil {
			if wait == Never {
				break
			}
			d.advance(wait)
			continue
		}
		if d.Done(&task.Task, d.now); task.Lost == nil {
			if task.seq != 501 || d.Spilled() != 0 {
				t.Errorf("task %d starts with %d spilled", task.seq, d.Spilled())
			}
			return
		}
		if task.Lost.RetryAfter != time.Minute {
			t.Fatalf("says %+v", task.Lost)
		}
	}
	t.Error("the lane does not open again")
}

// TestRestCountsSpilledTasks: RemoveWaiting returns the Tasks in memory and counts the packed ones.
func TestRestCountsSpilledTasks(t *testing.T) {
	d := newSpillDriver(t, func(l *testLimits) { l.HostConcurrency, l.Lookahead = 1, 100 })
	d.addTasks(500, "a")
	d.startAll()
	d.makeRoom(d.installmentSize(), d.now)
	rest, spilled := d.RemoveWaiting(d.now)
	if len(rest)+int(spilled) != 499 || spilled < 400 {
		t.Errorf("%d and %d", len(rest), spilled)
	}
	d.end("a", healthy())
	d.expectStarts("nothing is left", "")
	if len(d.lanes) != 0 {
		t.Error("but a lane")
	}
}
