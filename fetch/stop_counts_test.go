package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestRetriesCountThoseMade checks that a retry that a deadline prevents is neither counted nor in a Record.
func TestRetriesCountThoseMade(t *testing.T) {
	for _, tt := range []struct {
		deadline time.Duration
		want     int64
	}{{time.Second, 0}, {11 * time.Second, 10}, {21 * time.Second, 20}} {
		synctest.Test(t, func(t *testing.T) {
			client := fakeOrigin(func(*http.Request) (*http.Response, error) {
				return newResponse(503, "", "Retry-After", "10"), nil
			})
			var sink recorder
			live := new(Live)
			o := options(func(o *Options) { o.Deadline, o.Concurrency, o.Live = tt.deadline, 10, live })
			var hosts []string // one host for each Request, so that no host pauses another Request
			for i := range 10 {
				hosts = append(hosts, fmt.Sprintf("http://%d.test", i))
			}
			s, err := runWithClient(t.Context(), urls(10, hosts...), &sink, o, client)
			var further int64
			for _, r := range sink.records {
				further += int64(r.Attempts) - 1
			}
			if err != nil || s.Stopped != StopDeadline || s.Retries != tt.want || further != tt.want ||
				live.Retries.Load() != tt.want || s.Exchanges != 10+tt.want {
				t.Errorf("%s: %d retries in the records, %d live, %+v, %v", tt.deadline, further, live.Retries.Load(), s, err)
			}
		})
	}
}

// TestBadLinesAfterAStopAreNotStarted checks that lines read after a stop that have no Record count as not started.
func TestBadLinesAfterAStopAreNotStarted(t *testing.T) {
	bad := strings.Split(strings.Repeat("nonsense\n", 5000), "\n")[:5000]
	t.Run("a limit on failures", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var sink recorder
			o := options(func(o *Options) { o.MaxFailures, o.Concurrency = 0, 2 })
			s, err := runWithClient(t.Context(), linesOf(bad...), &sink, o, respondAfter(time.Second))
			if err != nil || s.Stopped != StopFailures || s.Failed < 1 || s.Failed > int64(o.Concurrency) || s.NotStarted == 0 {
				t.Errorf("%+v, %v", s, err)
			}
			wantSum(t, s, len(sink.records))
		})
	})
	t.Run("a drain", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			drain := make(chan struct{})
			time.AfterFunc(time.Second/2, func() { close(drain) })
			var sink recorder
			o := options(func(o *Options) { o.Concurrency, o.Drain = 1, drain })
			source := func(yield func(Request, error) bool) {
				_ = yield(Request{URL: "http://a.test/"}, nil)
				time.Sleep(time.Second / 4) // the only worker is busy by now
				linesOf(bad...)(yield)
			}
			s, err := runWithClient(t.Context(), source, &sink, o, respondAfter(time.Second))
			if err != nil || s.Stopped != StopDrain || sink.kinds() != "ok" || s.NotStarted != 5000 {
				t.Errorf("%s: %+v, %v", sink.kinds(), s, err)
			}
		})
	})
}

// TestTotalIsWhatTheSourceYielded checks that however a run ends, every Request of a Source that never blocks is
// counted once.
func TestTotalIsWhatTheSourceYielded(t *testing.T) {
	stop := func(after time.Duration, f func()) { time.AfterFunc(after, f) }
	for _, tt := range []struct {
		want Stop
		with func(o *Options, cancel func())
		sink func(puts int) error
		cut  int // the Source fails after so many Requests; 0 is never
	}{
		{want: StopNone},
		{want: StopFailures, with: func(o *Options, _ func()) { o.MaxFailures = 3 }},
		{want: StopFailures, with: func(o *Options, _ func()) { o.MaxFailurePercent = 10 }},
		{want: StopDeadline, with: func(o *Options, _ func()) { o.Deadline = 2500 * time.Millisecond }},
		{want: StopDrain, with: func(o *Options, _ func()) {
			drain := make(chan struct{})
			o.Drain, o.Grace = drain, time.Second/2
			stop(2500*time.Millisecond, func() { close(drain) })
		}},
		{want: StopCanceled, with: func(_ *Options, cancel func()) { stop(2500*time.Millisecond, cancel) }},
		{want: StopCanceled, with: func(_ *Options, cancel func()) { cancel() }},
		{want: StopOutput, sink: func(puts int) error {
			if puts == 20 {
				return errors.New("no space left")
			}
			return nil
		}},
		{want: StopInput, cut: 700},
	} {
		for _, window := range []int{1, 50, 10000} {
			t.Run(fmt.Sprintf("%s, lookahead %d", tt.want, window), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var yielded int64
					source := func(yield func(Request, error) bool) {
						for i := range 1500 {
							if tt.cut > 0 && i == tt.cut {
								yield(Request{}, errors.New("unexpected end of gzip"))
								return
							}
							yielded++
							var err error
							switch i % 7 {
							case 0:
								err = ErrSkipped
							case 1:
								err = &LineError{Err: errors.New("no url")}
							}
							if !yield(Request{URL: fmt.Sprintf("http://%d.test/%d", i%3, i)}, err) {
								return
							}
						}
					}
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					o := options(func(o *Options) { o.Lookahead, o.Concurrency = window, 5 })
					if tt.with != nil {
						tt.with(o, cancel)
					}
					puts := 0
					sink := SinkFunc(func(*Record) error {
						puts++
						if tt.sink != nil {
							return tt.sink(puts)
						}
						return nil
					})
					s, _ := runWithClient(ctx, source, sink, o, respondAfter(time.Second))
					if s.Stopped != tt.want || s.Total != yielded || s.Total != s.Succeeded+s.Failed+s.Skipped+s.NotStarted {
						t.Errorf("%d requests were yielded, stopped by %q: %+v", yielded, s.Stopped, s)
					}
					if tt.sink == nil && int64(puts) != s.Succeeded+s.Failed {
						t.Errorf("%d records of %+v", puts, s)
					}
				})
			})
		}
	}
}
