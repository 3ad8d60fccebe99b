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

// watch returns a started StallTimer of four seconds for an exchange over c, and the context that it cancels.
func watch(c *Conn, shared bool) (*StallTimer, context.Context) {
	ctx, cancel := context.WithCancelCause(context.Background())
	timer := new(StallTimer)
	timer.Init(4*time.Second, cancel)
	timer.Start(c, shared, time.Now())
	return timer, ctx
}

// TestWaitingForBandwidthIsNoStall: an exchange that gets few bytes because others have their share of the bandwidth
// has not stalled. One whose server sends nothing has, though others wait for bandwidth.
func TestWaitingForBandwidthIsNoStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBandwidth(100)
		unchecked := startReading(b, 1, 64<<10)
		first, _ := watch(unchecked.conn, false)
		timers := []*StallTimer{first}
		var healthy []context.Context
		for _, shared := range []bool{false, true} {
			l := startReading(b, 1, 64<<10)
			defer l.stop()
			timer, ctx := watch(l.conn, shared)
			timers, healthy = append(timers, timer), append(healthy, ctx)
		}
		ours, theirs := net.Pipe()
		defer theirs.Close()
		silent := New(ours, b)
		silent.share.waits = true
		go func() { _, _ = silent.Read(make([]byte, 1)) }()
		last, stalled := watch(silent, false)
		timers = append(timers, last)

		time.Sleep(4*time.Second + 4*time.Second/stallSteps)
		if !errors.As(context.Cause(stalled), new(*failure.Limit)) {
			t.Error("a silent server is not found")
		}
		time.Sleep(10 * time.Minute)
		for i, ctx := range healthy {
			if ctx.Err() != nil {
				t.Errorf("exchange %d is taken for stalled: %v", i, context.Cause(ctx))
			}
		}
		for _, timer := range timers {
			timer.Stop()
		}
		_ = silent.Close()
		unchecked.stop()
	})
}
