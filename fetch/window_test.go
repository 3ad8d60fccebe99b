package fetch

import (
	"bytes"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/transport"
)

// largeRequests yields n Requests with bodies of 128 KiB on hosts in turn.
func largeRequests(n int, hosts ...string) Source {
	body := bytes.Repeat([]byte("{}"), 64<<10)
	return func(yield func(Request, error) bool) {
		for r := range urls(n, hosts...) {
			if r.Body = bytes.Clone(body); !yield(r, nil) {
				return
			}
		}
	}
}

// TestLargeRequestsBoundTheWindow checks that besides --lookahead, which counts Requests, maxLargeBytes bounds the
// bytes that are read ahead, except for what Concurrency needs.
func TestLargeRequestsBoundTheWindow(t *testing.T) {
	const inBytes = maxLargeBytes / (128 << 10)
	for _, tt := range []struct{ concurrency, most int64 }{{5, inBytes}, {1000, 2000}} {
		synctest.Test(t, func(t *testing.T) {
			var read, written atomic.Int64
			var most int64
			source := func(yield func(Request, error) bool) {
				for r := range largeRequests(4000, "http://a.test") {
					most = max(most, read.Add(1)-written.Load())
					if !yield(r, nil) {
						return
					}
				}
			}
			sink := SinkFunc(func(*Record) error { written.Add(1); return nil })
			o := options(func(o *Options) {
				o.Concurrency, o.HostConcurrency, o.Aside = int(tt.concurrency), int(tt.concurrency), 0
			})
			s, err := runWithClient(t.Context(), source, sink, o, respondAfter(time.Second))
			least := time.Duration(4000/tt.concurrency) * time.Second
			if err != nil || s.Succeeded != 4000 || s.Elapsed > least+time.Second {
				t.Errorf("%d at once: %+v, %v", tt.concurrency, s, err)
			}
			if most > tt.most+2*backlog+2 || most < tt.most {
				t.Errorf("%d at once: %d requests were read ahead", tt.concurrency, most)
			}
		})
	}
}

// TestLargeRequestsAreSpilled checks that spilled Requests do not count as memory, so that the host after them is
// reached.
func TestLargeRequestsAreSpilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := func(yield func(Request, error) bool) {
			for _, part := range []Source{largeRequests(2000, "http://a.test"), urls(10, "http://b.test")} {
				for r, err := range part {
					if !yield(r, err) {
						return
					}
				}
			}
		}
		var seen time.Duration
		began := time.Now()
		sink := SinkFunc(func(r *Record) error {
			if seen == 0 && strings.HasPrefix(r.Request.URL, "http://b.test") {
				seen = time.Since(began)
			}
			return nil
		})
		o := options(func(o *Options) { o.HostConcurrency = 1 })
		s, err := runWithClient(t.Context(), source, sink, o, respondAfter(time.Second))
		if err != nil || s.Succeeded != 2010 || seen > 20*time.Second {
			t.Errorf("the second host was asked after %s: %+v, %v", seen, s, err)
		}
	})
}

// TestLargeBytesAreCounted checks that the bytes of a Request leave the count again, whether it was spilled or not.
func TestLargeBytesAreCounted(t *testing.T) {
	targets := newTargeter(options(nil))
	s := newScheduler(options(nil), schedulerPorts{
		setTarget: func(t *task) { setTarget(t, targets) }, startWorker: func() {}, start: make(chan *task, 50),
		bandwidthWait: func(time.Time) time.Duration { return 0 },
		namesWait:     func(time.Time) time.Duration { return 0 }, recordsFull: func() bool { return false },
		release:        func(*transport.Target, bool) {},
		closeIdle:      func(*transport.Target, int) {},
		blockedWorkers: new(atomic.Int64),
	})
	defer s.timer.Stop()
	var tasks []*task
	for r := range largeRequests(20, "http://a.test") {
		task := newTask(r)
		setTarget(task, targets)
		s.admit(task)
		tasks = append(tasks, task)
	}
	plain := newTask(Request{URL: "http://a.test/"})
	s.admit(plain)
	all := s.largeBytes
	if all < 20*(128<<10) || all > 20*(129<<10) {
		t.Errorf("%d bytes", all)
	}
	codec := s.codec()
	packed := codec.Pack(plansOf(tasks[:10]))
	if s.largeBytes < all*4/10 || s.largeBytes > all*6/10 {
		t.Errorf("%d bytes of %d are left with half of them packed", s.largeBytes, all)
	}
	tasks = append(tasks[10:], ownersOf(codec.Unpack(packed))...)
	if s.largeBytes != all {
		t.Errorf("%d bytes of %d, unpacked again", s.largeBytes, all)
	}
	for _, task := range append(tasks, plain) {
		s.endTask(task, noon)
	}
	if s.largeBytes != 0 || s.openTasks != 0 {
		t.Errorf("%d bytes of %d requests are left", s.largeBytes, s.openTasks)
	}
}

// TestLookaheadBoundsTheInput checks that no more Requests are read than --lookahead and the queues between stages
// hold, however fast the input is.
func TestLookaheadBoundsTheInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var read, written atomic.Int64
		var most int64
		source := func(yield func(Request, error) bool) {
			for r := range urls(5000, "http://a.test") {
				most = max(most, read.Add(1)-written.Load())
				if !yield(r, nil) {
					return
				}
			}
		}
		sink := SinkFunc(func(*Record) error { written.Add(1); return nil })
		s, err := runWithClient(t.Context(), source, sink, options(func(o *Options) { o.Lookahead = 20 }),
			respondAfter(time.Second))
		if err != nil || s.Succeeded != 5000 {
			t.Errorf("%+v, %v", s, err)
		}
		if most > 20+2*backlog+2 {
			t.Errorf("%d requests were read ahead", most)
		}
	})
}
