package fetch

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/failure"
)

// runCanceled runs four exchanges at once and cancels them after a second. One more line is read at the same time, with
// err. Which of these events the scheduler sees first is random.
func runCanceled(t *testing.T, cause, err error, with func(*Options)) (Summary, error) {
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(time.Second, func() { cancel(cause) })
	source := func(yield func(Request, error) bool) {
		urls(4, "http://a.test")(yield)
		time.Sleep(time.Second)
		yield(Request{URL: "http://a.test/4"}, err)
	}
	o := options(func(o *Options) { o.Concurrency = 4 })
	with(o)
	return runWithClient(ctx, source, new(recorder), o, respondAfter(time.Hour))
}

// TestCancelIsReportedBeforeFailures checks that exchanges that the end of the context cancels are not reported as too
// many failures.
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

// TestCancelOfTheLastExchangesIsReported checks that a run whose last exchanges are cancelled is not complete, although
// no Request is left to start.
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
