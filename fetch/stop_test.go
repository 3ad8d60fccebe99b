package fetch

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/failure"
)

// noAnswer fails every exchange at once.
var noAnswer = origin(func(*http.Request) (*http.Response, error) { return reply(404, ""), nil })

func TestDeadlineEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shelf shelf
		o := options(func(o *Options) { o.Deadline, o.Concurrency = 2500*time.Millisecond, 2 })
		s, err := runOver(t.Context(), urls(10, "http://a.test"), &shelf, o, taking(time.Second))
		if err != nil || s.Stopped != StopDeadline || s.Complete || s.Elapsed != o.Deadline {
			t.Fatalf("%+v, %v", s, err)
		}
		wantSum(t, s, len(shelf.records))
		if s.Succeeded != 4 || s.ByKind[failure.Canceled] != 2 || s.NotStarted != 4 || s.Total != 10 {
			t.Errorf("got %+v", s)
		}
		if says := shelf.records[5].Failure.Error(); !strings.HasPrefix(says, "deadline 2.5s met; ") {
			t.Errorf("says %q", says)
		}
	})
}

// TestDeadlineReachesWhatWaits: a Task between two attempts was started, so it ends as a Record that says both.
func TestDeadlineReachesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shelf shelf
		client := origin(func(*http.Request) (*http.Response, error) { return reply(503, "", "Retry-After", "30"), nil })
		s, err := runOver(t.Context(), urls(1, "http://a.test"), &shelf, options(func(o *Options) { o.Deadline = time.Second }), client)
		if err != nil || shelf.kinds() != "canceled" || s.Elapsed != time.Second {
			t.Fatalf("%s: %+v, %v", shelf.kinds(), s, err)
		}
		const want = "deadline 1s met before the next attempt; the last one: 503 Service Unavailable"
		if r := shelf.records[0]; r.Failure.Error() != want || r.Attempts != 1 {
			t.Errorf("%d attempts, says %q", r.Attempts, r.Failure)
		}
	})
}

// TestDrainLandsWhatFlies: nothing more is started; a flight within the grace is a success.
func TestDrainLandsWhatFlies(t *testing.T) {
	for _, tt := range []struct {
		name     string
		grace    time.Duration
		want     string
		took     time.Duration
		deadline time.Duration
	}{
		{name: "all land", grace: 10 * time.Second, want: "ok ok", took: 3 * time.Second},
		{name: "none in time", grace: time.Second, want: "canceled canceled", took: 2 * time.Second},
		{name: "no grace", grace: 0, want: "canceled canceled", took: time.Second},
		{name: "the grace comes first", grace: time.Second, deadline: time.Hour, want: "canceled canceled", took: 2 * time.Second},
		{name: "the run's deadline comes first", grace: 10 * time.Second, deadline: 2 * time.Second, want: "canceled canceled", took: 2 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				drain := make(chan struct{})
				time.AfterFunc(time.Second, func() { close(drain) })
				var shelf shelf
				o := options(func(o *Options) {
					o.Drain, o.Grace, o.Concurrency, o.Deadline = drain, tt.grace, 2, tt.deadline
				})
				s, err := runOver(t.Context(), urls(5, "http://a.test"), &shelf, o, taking(3*time.Second))
				if err != nil || s.Stopped != StopDrain || s.Complete || s.NotStarted != 3 || s.Elapsed != tt.took {
					t.Errorf("%+v, %v", s, err)
				}
				if got := shelf.kinds(); got != tt.want {
					t.Errorf("got %s", got)
				}
				wantSum(t, s, len(shelf.records))
			})
		})
	}
}

func TestDrainDoesNotRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drain := make(chan struct{})
		client := origin(func(r *http.Request) (*http.Response, error) {
			time.Sleep(2 * time.Second)
			if r.URL.Path == "/0" {
				return reply(302, "", "Location", "/x"), nil
			}
			return reply(500, ""), nil
		})
		time.AfterFunc(time.Second, func() { close(drain) })
		var shelf shelf
		s, err := runOver(t.Context(), urls(2, "http://a.test"), &shelf, options(func(o *Options) { o.Drain = drain }), client)
		if err != nil || s.Exchanges != 2 || shelf.kinds() != "canceled canceled" {
			t.Errorf("%s: %+v, %v", shelf.kinds(), s, err)
		}
	})
}

// TestSecondSignalCancelsFlights: the first closes Drain, the second ends the context.
func TestSecondSignalCancelsFlights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drain := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, func() { close(drain) })
		time.AfterFunc(2*time.Second, cancel)
		var shelf shelf
		o := options(func(o *Options) { o.Drain, o.Grace = drain, time.Minute })
		s, err := runOver(ctx, urls(3, "http://a.test"), &shelf, o, taking(time.Hour))
		if err != nil || s.Stopped != StopDrain || s.Elapsed != 2*time.Second || shelf.kinds() != "canceled canceled canceled" {
			t.Errorf("%s: %+v, %v", shelf.kinds(), s, err)
		}
	})
}

func TestMaxFailures(t *testing.T) {
	for _, tt := range []struct {
		most   int64
		failed int64
	}{{0, 1}, {3, 4}, {-1, 10}} {
		synctest.Test(t, func(t *testing.T) {
			var shelf shelf
			o := options(func(o *Options) { o.MaxFailures, o.Concurrency = tt.most, 1 })
			s, err := runOver(t.Context(), urls(10, "http://a.test"), &shelf, o, noAnswer)
			if err != nil || s.Failed != tt.failed || (s.Stopped == StopFailures) != (tt.most >= 0) || s.Complete != (tt.most < 0) {
				t.Errorf("%d allowed: %+v, %v", tt.most, s, err)
			}
			wantSum(t, s, len(shelf.records))
		})
	}
}

// TestMaxFailuresCancelsFlights: what flies when the run stops is a failure too, of a kind of its own.
func TestMaxFailuresCancelsFlights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := origin(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/2" {
				return reply(404, ""), nil
			}
			return taking(time.Hour)(r)
		})
		var shelf shelf
		s, err := runOver(t.Context(), urls(3, "http://a.test"), &shelf, options(func(o *Options) { o.MaxFailures = 0 }), client)
		if err != nil || shelf.kinds() != "canceled canceled status" || s.Elapsed != 0 {
			t.Errorf("%s: %+v, %v", shelf.kinds(), s, err)
		}
	})
}

func TestMaxFailurePercent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options(func(o *Options) { o.MaxFailurePercent, o.Concurrency = 50, 1 })
		s, err := runOver(t.Context(), urls(1000, "http://a.test"), &shelf{}, o, noAnswer)
		if err != nil || s.Failed != 100 || s.Stopped != StopFailures {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

func TestCanceledContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("the user has left")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(why) })
		var shelf shelf
		o := options(func(o *Options) { o.Concurrency = 2 })
		s, err := runOver(ctx, urls(5, "http://a.test"), &shelf, o, taking(time.Hour))
		if !errors.Is(err, why) || s.Stopped != StopCanceled || s.Complete || s.Elapsed != time.Second {
			t.Errorf("%+v, %v", s, err)
		}
		if shelf.kinds() != "canceled canceled" || s.NotStarted != 3 || !shelf.flushed {
			t.Errorf("%s: %+v", shelf.kinds(), s)
		}
	})
}

func TestContextThatHasEndedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var shelf shelf
		s, err := runOver(ctx, urls(5, "http://a.test"), &shelf, options(nil), taking(time.Second))
		if !errors.Is(err, context.Canceled) || s.Succeeded != 0 || s.Elapsed != 0 {
			t.Errorf("%+v, %v", s, err)
		}
		wantSum(t, s, len(shelf.records))
	})
}

// TestBrokenSinkEndsTheRun: at once, and no Record is put after the one that failed.
func TestBrokenSinkEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("no space left")
		var puts int
		sink := SinkFunc(func(*Record) error {
			if puts++; puts == 3 {
				return full
			}
			return nil
		})
		o := options(func(o *Options) { o.Concurrency = 2 })
		s, err := runOver(t.Context(), urls(1000, "http://a.test"), sink, o, taking(time.Second))
		var output *OutputError
		if !errors.As(err, &output) || !errors.Is(err, full) || s.Stopped != StopOutput || s.Complete {
			t.Errorf("%+v, %v", s, err)
		}
		if puts != 3 || s.Elapsed > 2*time.Second {
			t.Errorf("%d puts in %s", puts, s.Elapsed)
		}
	})
}

// brokenFlush fails when its buffer is written out.
type brokenFlush struct {
	shelf
	early bool
}

func (b *brokenFlush) Flush(last bool) error {
	if last || b.early {
		return errors.New("no space left")
	}
	return nil
}

func TestBrokenFlushEndsTheRun(t *testing.T) {
	for _, early := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			o := options(func(o *Options) { o.Concurrency = 1 })
			s, err := runOver(t.Context(), urls(5, "http://a.test"), &brokenFlush{early: early}, o, taking(time.Second))
			var output *OutputError
			if !errors.As(err, &output) || s.Stopped != StopOutput || s.Complete {
				t.Errorf("%+v, %v", s, err)
			}
			if early && s.Elapsed > 2*time.Second {
				t.Errorf("a broken output is noticed after %s", s.Elapsed)
			}
		})
	}
}

// TestBrokenSourceLandsWhatItYielded: what was read is done, then the run says that its input broke.
func TestBrokenSourceLandsWhatItYielded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cut := errors.New("unexpected end of gzip")
		var shelf shelf
		s, err := runOver(t.Context(), thenError(urls(3, "http://a.test"), cut), &shelf, options(nil), taking(time.Second))
		var input *InputError
		if !errors.As(err, &input) || !errors.Is(err, cut) || s.Stopped != StopInput || s.Complete {
			t.Errorf("%+v, %v", s, err)
		}
		if shelf.kinds() != "ok ok ok" {
			t.Errorf("got %s", shelf.kinds())
		}
	})
}

// TestStopDoesNotWaitForTheInput: a pipe that brings nothing more does not hold up the end.
func TestStopDoesNotWaitForTheInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quiet := make(chan struct{})
		source := func(yield func(Request, error) bool) {
			if yield(Request{URL: "http://a.test/"}, nil) {
				<-quiet
			}
		}
		s, err := runOver(t.Context(), source, &shelf{}, options(func(o *Options) { o.Deadline = time.Minute }), taking(time.Second))
		if err != nil || s.Succeeded != 1 || s.Stopped != StopDeadline || s.Elapsed != time.Minute {
			t.Errorf("%+v, %v", s, err)
		}
		close(quiet)
	})
}
