package fetch

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/failure"
)

// A slowHeldSink Sink holds the scheduler up from half a second on, when it asks what is held back.
type slowHeldSink struct {
	recorder
	began time.Time
}

func (d *slowHeldSink) Held() int {
	if time.Since(d.began) >= time.Second/2 {
		time.Sleep(2 * time.Second)
	}
	return 0
}

// runCanceled is a run of four flights that all land, cancelled after a second, before the scheduler looks up;
// one more line comes in meanwhile, with err. What the scheduler sees first is chance.
func runCanceled(t *testing.T, cause, err error, with func(*Options)) (Summary, error) {
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(time.Second, func() { cancel(cause) })
	source := func(yield func(Request, error) bool) {
		urls(4, "http://a.test")(yield)
		time.Sleep(time.Second / 2)
		yield(Request{URL: "http://a.test/4"}, err)
	}
	o := options(func(o *Options) { o.Concurrency = 4 })
	with(o)
	return runWithClient(ctx, source, &slowHeldSink{began: time.Now()}, o, respondAfter(time.Hour))
}

// TestCancelIsReportedBeforeFailures: what the end of the context cancels is no reason to say that too much has failed.
func TestCancelIsReportedBeforeFailures(t *testing.T) {
	for range 30 {
		synctest.Test(t, func(t *testing.T) {
			why := errors.New("the user has left")
			s, err := runCanceled(t, why, nil, func(o *Options) { o.MaxFailures = 0 })
			if !errors.Is(err, why) || s.Stopped != StopCanceled || s.Complete || s.ByKind[failure.Canceled] != 4 ||
				s.NotStarted != 1 {
				t.Fatalf("%+v, %v", s, err)
			}
		})
	}
}

// TestCancelOfTheLastExchangesIsReported: a run whose last flights are cancelled has not come to its end, with no more to start.
func TestCancelOfTheLastExchangesIsReported(t *testing.T) {
	for range 60 {
		synctest.Test(t, func(t *testing.T) {
			s, err := runCanceled(t, nil, ErrSkipped, func(*Options) {})
			if !errors.Is(err, context.Canceled) || s.Stopped != StopCanceled || s.Complete || s.ByKind[failure.Canceled] != 4 {
				t.Fatalf("%+v, %v", s, err)
			}
		})
	}
}

func TestCanceledContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("the user has left")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(why) })
		var sink recorder
		o := options(func(o *Options) { o.Concurrency = 2 })
		s, err := runWithClient(ctx, urls(5, "http://a.test"), &sink, o, respondAfter(time.Hour))
		if !errors.Is(err, why) || s.Stopped != StopCanceled || s.Complete || s.Elapsed != time.Second {
			t.Errorf("%+v, %v", s, err)
		}
		if sink.kinds() != "canceled canceled" || s.NotStarted != 3 || !sink.flushed {
			t.Errorf("%s: %+v", sink.kinds(), s)
		}
	})
}

func TestContextThatHasEndedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var sink recorder
		s, err := runWithClient(ctx, urls(5, "http://a.test"), &sink, options(nil), respondAfter(time.Second))
		if !errors.Is(err, context.Canceled) || s.Succeeded != 0 || s.Elapsed != 0 {
			t.Errorf("%+v, %v", s, err)
		}
		wantSum(t, s, len(sink.records))
	})
}
