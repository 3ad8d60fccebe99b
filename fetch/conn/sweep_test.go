package conn

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/failure"
)

// TestSweepMeetsTimeouts: a silent exchange is cancelled once its timeout has passed and at most an eighth of it later,
// whenever it began, whatever timeouts others have, and with others that transfer bytes, end or are taken up again.
func TestSweepMeetsTimeouts(t *testing.T) {
	for _, timeout := range []time.Duration{20 * time.Millisecond, 4 * time.Second, 30 * time.Second} {
		for _, late := range []time.Duration{0, timeout / 100, timeout / 9, timeout / 3, timeout * 7 / 8} {
			synctest.Test(t, func(t *testing.T) {
				all := new(StallSweep)
				begin := func(timeout time.Duration) (*StallTimer, context.Context) {
					ctx, cancel := context.WithCancelCause(t.Context())
					s := new(StallTimer)
					s.Init(timeout, cancel)
					s.UseSweep(all)
					s.Start(nil, true, time.Now())
					return s, ctx
				}
				busy, busyCtx := begin(timeout)
				other, otherCtx := begin(5 * timeout)
				ended, endedCtx := begin(timeout)
				paused, pausedCtx := begin(timeout)
				ended.Stop()
				ended.Start(nil, true, time.Now())
				paused.Pause()
				time.Sleep(late)
				_, silent := begin(timeout)
				began := time.Now()
				for range 15 { // well over one timeout
					time.Sleep(timeout / 10)
					busy.AddBytes(stallBytes)
					if silent.Err() != nil {
						break
					}
				}
				took := time.Since(began)
				var limit *failure.Limit
				if !errors.As(context.Cause(silent), &limit) || limit.Kind != failure.Stalled {
					t.Fatalf("%s, late by %s: the cause is %v", timeout, late, context.Cause(silent))
				}
				if took < timeout || took > timeout+timeout/8+timeout/10 { // looked for every tenth
					t.Errorf("%s, late by %s: found after %s", timeout, late, took)
				}
				for name, ctx := range map[string]context.Context{
					"busy": busyCtx, "other": otherCtx, "ended": endedCtx, "paused": pausedCtx,
				} {
					if ctx.Err() != nil {
						t.Errorf("%s, late by %s: %s is cancelled", timeout, late, name)
					}
				}
				paused.Start(nil, true, time.Now())
				time.Sleep(2 * timeout)
				if pausedCtx.Err() == nil || endedCtx.Err() != nil {
					t.Errorf("once started again: %v; once stopped: %v", pausedCtx.Err(), endedCtx.Err())
				}
				busy.Stop()
				other.Stop()
				time.Sleep(timeout)
				all.mu.Lock()
				defer all.mu.Unlock()
				if len(all.lists) != 0 {
					t.Errorf("%d lists are left", len(all.lists))
				}
			})
		}
	}
}

// TestSweepHasOneTimer: a thousand exchanges that begin and end need no timer each.
func TestSweepHasOneTimer(t *testing.T) {
	all := new(StallSweep)
	ours, theirs := net.Pipe()
	defer theirs.Close()
	c := New(ours, nil)
	defer c.Close()
	var s StallTimer
	allocs := testing.AllocsPerRun(1000, func() {
		s = StallTimer{}
		s.Init(time.Hour, nil)
		s.UseSweep(all)
		s.Start(c, false, time.Now())
		s.Stop()
	})
	if allocs != 0 {
		t.Errorf("an exchange allocates %v times", allocs)
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	if l := all.lists[time.Hour]; len(all.lists) != 1 || !l.timer.Stop() {
		t.Errorf("%d lists, or its timer does not run", len(all.lists))
	}
}

// TestStoppedProcessIsNoStall: samples missed while the process did not run are not made up for at once.
func TestStoppedProcessIsNoStall(t *testing.T) {
	const timeout = 4 * time.Second
	s := stallWatch{timeout: timeout}
	now := time.Now()
	s.restart(now)
	now = now.Add(time.Minute)
	due := 0
	for range sweepsPerTimeout / stallSteps {
		if s.isSampleDue(now) {
			due++
		}
		now = now.Add(sweepTime(timeout))
	}
	if due != 1 {
		t.Errorf("%d samples were due within a step after a minute", due)
	}
}
