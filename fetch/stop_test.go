package fetch

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/failure"
)

// notFoundOrigin responds 404 at once.
var notFoundOrigin = fakeOrigin(func(*http.Request) (*http.Response, error) { return newResponse(404, ""), nil })

func TestDeadlineEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink recorder
		o := options(func(o *Options) { o.Deadline, o.Concurrency = 2500*time.Millisecond, 2 })
		s, err := runWithClient(t.Context(), urls(10, "http://a.test"), &sink, o, respondAfter(time.Second))
		if err != nil || s.Stopped != StopDeadline || s.Complete || s.Elapsed != o.Deadline {
			t.Fatalf("%+v, %v", s, err)
		}
		wantSum(t, s, len(sink.records))
		if s.Succeeded != 4 || s.ByKind[failure.Canceled] != 2 || s.NotStarted != 4 || s.Total != 10 {
			t.Errorf("got %+v", s)
		}
		if says := sink.records[5].Failure.Error(); !strings.HasPrefix(says, "the run ended after 2.5s (--deadline); ") {
			t.Errorf("says %q", says)
		}
	})
}

// TestDeadlineEndsWaitingTasks checks that a Task between two attempts ends as a Record that names the deadline and the
// last failure.
func TestDeadlineEndsWaitingTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink recorder
		client := fakeOrigin(func(*http.Request) (*http.Response, error) {
			return newResponse(503, "", "Retry-After", "30"), nil
		})
		s, err := runWithClient(t.Context(), urls(1, "http://a.test"), &sink,
			options(func(o *Options) { o.Deadline = time.Second }), client)
		if err != nil || sink.kinds() != "canceled" || s.Elapsed != time.Second {
			t.Fatalf("%s: %+v, %v", sink.kinds(), s, err)
		}
		const want = "the run ended after 1s (--deadline) before the next attempt; the last one: 503 Service Unavailable"
		if r := sink.records[0]; r.Failure.Error() != want || r.Attempts != 1 {
			t.Errorf("%d attempts, says %q", r.Attempts, r.Failure)
		}
	})
}

// TestDrainAwaitsRunningExchanges checks that after a drain nothing is started, and that an exchange that ends within
// the grace period is a success.
func TestDrainAwaitsRunningExchanges(t *testing.T) {
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
		{name: "the grace comes first", grace: time.Second, deadline: time.Hour, want: "canceled canceled",
			took: 2 * time.Second},
		{name: "the run's deadline comes first", grace: 10 * time.Second, deadline: 2 * time.Second,
			want: "canceled canceled", took: 2 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				drain := make(chan struct{})
				time.AfterFunc(time.Second, func() { close(drain) })
				var sink recorder
				o := options(func(o *Options) {
					o.Drain, o.Grace, o.Concurrency, o.Deadline = drain, tt.grace, 2, tt.deadline
				})
				s, err := runWithClient(t.Context(), urls(5, "http://a.test"), &sink, o, respondAfter(3*time.Second))
				if err != nil || s.Stopped != StopDrain || s.Complete || s.NotStarted != 3 || s.Elapsed != tt.took {
					t.Errorf("%+v, %v", s, err)
				}
				if got := sink.kinds(); got != tt.want {
					t.Errorf("got %s", got)
				}
				wantSum(t, s, len(sink.records))
			})
		})
	}
}

func TestDrainDoesNotRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drain := make(chan struct{})
		client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
			time.Sleep(2 * time.Second)
			if r.URL.Path == "/0" {
				return newResponse(302, "", "Location", "/x"), nil
			}
			return newResponse(500, ""), nil
		})
		time.AfterFunc(time.Second, func() { close(drain) })
		var sink recorder
		s, err := runWithClient(t.Context(), urls(2, "http://a.test"), &sink,
			options(func(o *Options) { o.Drain = drain }), client)
		if err != nil || s.Exchanges != 2 || sink.kinds() != "canceled canceled" {
			t.Errorf("%s: %+v, %v", sink.kinds(), s, err)
		}
	})
}

// TestSecondSignalCancelsExchanges checks that running exchanges are cancelled when the first signal has closed Drain
// and the second ends the context.
func TestSecondSignalCancelsExchanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drain := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, func() { close(drain) })
		time.AfterFunc(2*time.Second, cancel)
		var sink recorder
		o := options(func(o *Options) { o.Drain, o.Grace = drain, time.Minute })
		s, err := runWithClient(ctx, urls(3, "http://a.test"), &sink, o, respondAfter(time.Hour))
		if err != nil || s.Stopped != StopDrain || s.Elapsed != 2*time.Second ||
			sink.kinds() != "canceled canceled canceled" {
			t.Errorf("%s: %+v, %v", sink.kinds(), s, err)
		}
	})
}

func TestMaxFailures(t *testing.T) {
	for _, tt := range []struct {
		most   int64
		failed int64
	}{{0, 1}, {3, 4}, {-1, 10}} {
		synctest.Test(t, func(t *testing.T) {
			var sink recorder
			o := options(func(o *Options) { o.MaxFailures, o.Concurrency = tt.most, 1 })
			s, err := runWithClient(t.Context(), urls(10, "http://a.test"), &sink, o, notFoundOrigin)
			if err != nil || s.Failed != tt.failed || (s.Stopped == StopFailures) != (tt.most >= 0) ||
				s.Complete != (tt.most < 0) {
				t.Errorf("%d allowed: %+v, %v", tt.most, s, err)
			}
			wantSum(t, s, len(sink.records))
		})
	}
}

// TestMaxFailuresCancelsExchanges checks that exchanges that run when the limit on failures stops the run are failures
// of kind canceled.
func TestMaxFailuresCancelsExchanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/2" {
				return newResponse(404, ""), nil
			}
			return respondAfter(time.Hour)(r)
		})
		var sink recorder
		s, err := runWithClient(t.Context(), urls(3, "http://a.test"), &sink,
			options(func(o *Options) { o.MaxFailures = 0 }), client)
		if err != nil || sink.kinds() != "canceled canceled status" || s.Elapsed != 0 {
			t.Errorf("%s: %+v, %v", sink.kinds(), s, err)
		}
	})
}

// TestMaxFailurePercent checks that a share of failures is judged at the end, however few Requests there are, and
// before it only where it can't be met any more.
func TestMaxFailurePercent(t *testing.T) {
	for _, tt := range []struct {
		name                   string
		requests, failing      int // the first ones fail
		percent                float64
		with                   func(*Options)
		silent                 bool // the Source blocks after its last Request
		done, duplicates       int  // that the Source yields before all others
		wantFailed, wantUnsent int64
		wantStop               Stop
	}{
		{name: "few, all fail", requests: 40, failing: 40, percent: 5, wantFailed: 3, wantUnsent: 37, wantStop: StopFailures},
		{name: "one", requests: 1, failing: 1, percent: 5, wantFailed: 1, wantStop: StopFailures},
		{name: "the first of many", requests: 1000, failing: 10, percent: 1, wantFailed: 10},
		{name: "one too many", requests: 1000, failing: 11, percent: 1, wantFailed: 11, wantUnsent: 989,
			wantStop: StopFailures},
		{name: "of a number that is not known", requests: 40, failing: 40, percent: 5, silent: true, wantFailed: 40,
			with: func(o *Options) { o.Deadline = time.Minute }, wantStop: StopDeadline},
		{name: "of an expected number", requests: 40, failing: 40, percent: 5, silent: true, wantFailed: 6,
			with:     func(o *Options) { o.Expected = func() int64 { return 100 } },
			wantStop: StopFailures, wantUnsent: 34},
		{name: "of more than expected", requests: 40, failing: 2, percent: 5, silent: true, wantFailed: 2,
			with: func(o *Options) {
				o.Expected = func() int64 { return 20 }
				o.Deadline = time.Minute
			}, wantStop: StopDeadline},
		{name: "of what an earlier run has done, too", requests: 5, failing: 5, percent: 5, done: 95, wantFailed: 5},
		{name: "not of duplicates", requests: 5, failing: 5, percent: 5, duplicates: 95, wantFailed: 1, wantUnsent: 4,
			wantStop: StopFailures},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ended := make(chan struct{})
				source := func(yield func(Request, error) bool) {
					for i := range tt.done + tt.duplicates {
						why := ErrDone
						if i >= tt.done {
							why = ErrSkipped
						}
						if !yield(Request{URL: "http://a.test/"}, why) {
							return
						}
					}
					for r := range urls(tt.requests, "http://a.test") {
						if !yield(r, nil) {
							return
						}
					}
					if tt.silent {
						<-ended
					}
				}
				origin := fakeOrigin(func(r *http.Request) (*http.Response, error) {
					time.Sleep(time.Second)
					if n, _ := strconv.Atoi(r.URL.Path[1:]); n < tt.failing {
						return newResponse(404, ""), nil
					}
					return newResponse(200, ""), nil
				})
				o := options(func(o *Options) { o.MaxFailurePercent, o.Concurrency = tt.percent, 1 })
				if tt.with != nil {
					tt.with(o)
				}
				s, err := runWithClient(t.Context(), source, &recorder{}, o, origin)
				close(ended)
				if err != nil || s.Failed != tt.wantFailed || s.NotStarted != tt.wantUnsent || s.Stopped != tt.wantStop {
					t.Errorf("%+v, %v", s, err)
				}
			})
		})
	}
}

// TestStopDoesNotWaitForTheInput checks that a Source that blocks does not delay the end of a run.
func TestStopDoesNotWaitForTheInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quiet := make(chan struct{})
		source := func(yield func(Request, error) bool) {
			if yield(Request{URL: "http://a.test/"}, nil) {
				<-quiet
			}
		}
		s, err := runWithClient(t.Context(), source, &recorder{}, options(func(o *Options) { o.Deadline = time.Minute }),
			respondAfter(time.Second))
		if err != nil || s.Succeeded != 1 || s.Stopped != StopDeadline || s.Elapsed != time.Minute {
			t.Errorf("%+v, %v", s, err)
		}
		close(quiet)
	})
}
