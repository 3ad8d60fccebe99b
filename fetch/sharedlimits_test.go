package fetch

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/plan"
)

// A scriptedLimiter grants one exchange at once, and one start in a second, until it fails.
type scriptedLimiter struct {
	fails  time.Time // zero: never
	next   time.Time
	called time.Time
	silent time.Duration // the longest time between two calls
}

var errLimiter = errors.New("the server is gone")

func (l *scriptedLimiter) Ask(_ context.Context, asks []plan.Ask) ([]plan.Grant, error) {
	now := time.Now()
	if !l.fails.IsZero() && now.After(l.fails) {
		return nil, errLimiter
	}
	if !l.called.IsZero() {
		l.silent = max(l.silent, now.Sub(l.called))
	}
	l.called = now
	grants := make([]plan.Grant, len(asks))
	for i := range asks {
		grants[i].Widths = []int{min(1, asks[i].Limits[0].Active+asks[i].Limits[0].Wanted)}
		if l.next.After(now.Add(100 * time.Millisecond)) {
			grants[i].Again = l.next
			continue
		}
		if asks[i].Starts > 0 {
			at := now
			if l.next.After(now) {
				at = l.next
			}
			grants[i].Slots = []plan.Slot{{At: at, Stamp: 1}}
			l.next = at.Add(time.Second)
		}
	}
	return grants, nil
}

// TestLimiter: requests start as it grants, and it is called often enough that the others know of the run.
func TestLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink recorder
		l := &scriptedLimiter{}
		o := options(func(o *Options) { o.Limiter, o.HostRate = l, 100 })
		s, err := runWithClient(t.Context(), urls(5, "http://a.test"), &sink, o, respondAfter(10*time.Millisecond))
		if err != nil || s.Succeeded != 5 || s.Elapsed < 4*time.Second || s.Elapsed > 5*time.Second {
			t.Errorf("%+v, %v", s, err)
		}
		if l.silent > limiterBeat {
			t.Errorf("not called for %s", l.silent)
		}
	})
}

// TestLimiterFails: its error ends the run, which says so.
func TestLimiterFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink recorder
		o := options(func(o *Options) {
			o.Limiter, o.HostRate = &scriptedLimiter{fails: time.Now().Add(1500 * time.Millisecond)}, 100
		})
		s, err := runWithClient(t.Context(), urls(5, "http://a.test"), &sink, o, respondAfter(10*time.Millisecond))
		var unkept *LimitsError
		if !errors.As(err, &unkept) || !errors.Is(err, errLimiter) || s.Stopped != StopLimits || s.Complete {
			t.Errorf("%+v, %v", s, err)
		}
		if s.Succeeded != 2 || s.NotStarted != 3 {
			t.Errorf("%d succeeded, %d not started", s.Succeeded, s.NotStarted)
		}
	})
}
