package fetch

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/transport"
)

// newTestScheduler returns the scheduler of a run without other stages, and the channel to its idle workers.
func newTestScheduler(t *testing.T, o *Options) (s *scheduler, start <-chan *task) {
	p := newPipeline(o, new(recorder), nil)
	ports := p.schedulerPorts(t.Context(), func(error) {}, func() {}, func() {})
	ports.bandwidthWait = func(time.Time) time.Duration { return 0 }
	ports.namesWait = ports.bandwidthWait
	ports.release = func(*transport.Target, bool) {}
	ports.closeIdle = func(*transport.Target, int) {}
	s = newScheduler(o, ports)
	t.Cleanup(func() { s.timer.Stop() })
	return s, p.start
}

// newTestTask returns the task of a URL.
func newTestTask(s *scheduler, url string) *task {
	t := newTask(Request{URL: url})
	s.setTarget(t)
	return t
}

// TestWorkersTakeTheNextTask checks that a worker gets its next Task where it hands back the one before, and that
// others are started for what may start besides.
func TestWorkersTakeTheNextTask(t *testing.T) {
	s, start := newTestScheduler(t, options(func(o *Options) { o.Concurrency = 2 }))
	for i := range 5 {
		s.admit(newTestTask(s, fmt.Sprintf("http://a.test/%d", i)))
	}
	if len(start) != 2 || s.workers != 2 {
		t.Fatalf("%d tasks are started, with %d workers", len(start), s.workers)
	}
	first, second := <-start, <-start
	third, fourth := s.next(first), s.next(second)
	if third == nil || fourth == nil || len(start) != 0 || s.workers != 2 {
		t.Fatalf("%v, %v; %d tasks are sent to idle workers of %d", third, fourth, len(start), s.workers)
	}
	fifth := s.next(third)
	if fifth == nil || s.next(fourth) != nil {
		t.Error("a worker is idle, or has a task that is not there")
	}
	s.endInput(nil)
	select {
	case <-s.over:
		t.Error("the run is over with a task under way")
	default:
	}
	if s.next(fifth) != nil {
		t.Error("a task is left")
	}
	<-s.over
}

// TestIdleWorkersAreStarted checks that where an exchange ends and two may start, the second goes to an idle worker.
func TestIdleWorkersAreStarted(t *testing.T) {
	s, start := newTestScheduler(t, options(func(o *Options) { o.Concurrency, o.HostConcurrency = 2, 1 }))
	for _, url := range []string{"http://a.test/1", "http://a.test/2"} {
		s.admit(newTestTask(s, url))
	}
	first := <-start
	s.mu.Lock()
	s.open(newTestTask(s, "http://b.test/1"), time.Now()) // nothing is started by that alone
	s.mu.Unlock()
	own := s.next(first)
	if own == nil || len(start) != 1 || s.workers != 2 {
		t.Errorf("%v, and %d tasks for %d workers", own, len(start), s.workers)
	}
}

// TestFeederIsWokenForManyRequests checks that the feeder that waits for room in the window goes on once there is room
// for many Requests, or after feedPause, or at once where no Request waits to start.
func TestFeederIsWokenForManyRequests(t *testing.T) {
	for _, tt := range []struct {
		name          string
		ended         int // exchanges that end at once
		window, width int
		ahead         int // Requests read before the feeder waits
		want          time.Duration
	}{
		{"one has ended", 1, 1000, 1, 1000, feedPause},
		{"nearly enough have", 1000/8 - 1, 1000, 1, 1000, feedPause},
		{"enough have", 1000 / 8, 1000, 1, 1000, 0},
		{"a small window", 2, 16, 1, 16, 0},
		{"none is left to start", 1, 2000, 2000, 2000, 0},
		{"as many are read as are needed soon", 1, 10_000, 1, 1001, feedPause},
		{"enough of those have ended", feedBatch, 10_000, 1, 1001, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, start := newTestScheduler(t, options(func(o *Options) {
					o.Concurrency, o.HostConcurrency, o.Lookahead, o.Aside = tt.width, tt.width, tt.window, 0
				}))
				go s.loop()
				for range tt.ahead {
					s.admit(newTestTask(s, "http://a.test/"))
				}
				began := time.Now()
				admitted := make(chan time.Duration, 1)
				go func() {
					s.admit(newTestTask(s, "http://a.test/"))
					admitted <- time.Since(began)
				}()
				synctest.Wait()
				task := <-start
				for range tt.ended {
					task = s.next(task)
				}
				if got := <-admitted; got != tt.want {
					t.Errorf("the next is admitted after %s, want %s", got, tt.want)
				}
				s.endInput(nil)
				for range tt.ahead - tt.ended + 1 {
					if task == nil {
						task = <-start
					}
					task = s.next(task)
				}
				<-s.over
			})
		})
	}
}

// TestStopAmongWorkers stops runs while many workers hand Tasks back at once, and checks that each Request is counted
// once.
func TestStopAmongWorkers(t *testing.T) {
	for name, stop := range map[string]func(o *Options, drain chan struct{}, cancel func()){
		"a drain":              func(_ *Options, drain chan struct{}, _ func()) { close(drain) },
		"the end of a context": func(_ *Options, _ chan struct{}, cancel func()) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			for round := range 20 {
				ctx, cancel := context.WithCancel(t.Context())
				drain := make(chan struct{})
				var asked, yielded atomic.Int64
				o := options(func(o *Options) {
					o.Concurrency, o.HostConcurrency, o.Lookahead, o.Drain = 50, 50, 100, drain
				})
				client := fakeOrigin(func(*http.Request) (*http.Response, error) {
					if asked.Add(1) == int64(10*round+1) {
						stop(o, drain, cancel)
					}
					return newResponse(200, ""), nil
				})
				source := func(yield func(Request, error) bool) {
					for r, err := range urls(3000, "http://a.test") {
						if yielded.Add(1); !yield(r, err) {
							return
						}
					}
				}
				var sink recorder
				s, _ := runWithClient(ctx, source, &sink, o, client)
				cancel()
				wantSum(t, s, len(sink.records))
				if s.Total != yielded.Load() || s.Stopped == StopNone {
					t.Errorf("%d requests were read: %+v", yielded.Load(), s)
				}
			}
		})
	}
}
