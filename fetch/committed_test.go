package fetch

import (
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/failure"
)

// committingSink is a Sink that at each Flush commits all Records but the last few, lag of them.
type committingSink struct {
	recorder
	put, lag  int64
	committed atomic.Int64
	broken    error
}

func (d *committingSink) Put(r *Record) error {
	d.put++
	return d.recorder.Put(r)
}

func (d *committingSink) Flush(last bool) error {
	if d.broken != nil {
		return d.broken
	}
	if last {
		d.lag = 0
	}
	d.committed.Store(max(d.put-d.lag, 0))
	return nil
}

// countingOrigin returns an origin that counts its requests, calls look and responds at once.
func countingOrigin(requests *atomic.Int64, look func()) fakeOrigin {
	return func(*http.Request) (*http.Response, error) {
		requests.Add(1)
		look()
		return newResponse(200, "ok"), nil
	}
}

// TestUncommittedIsUnderWay checks that a success that is not committed yet counts as an exchange in progress, so that
// a kill costs no more than Concurrency exchanges.
func TestUncommittedIsUnderWay(t *testing.T) {
	for _, width := range []int{1, 5, 40} {
		synctest.Test(t, func(t *testing.T) {
			var requests atomic.Int64
			sink := &committingSink{lag: int64(width) - 1}
			client := countingOrigin(&requests, func() {
				if all, safe := requests.Load(), sink.committed.Load(); all > safe+int64(width) {
					t.Errorf("%d requests with %d committed: a kill would cost more than %d", all, safe, width)
				}
			})
			began := time.Now()
			s, err := runWithClient(t.Context(), urls(200, "http://a.test", "http://b.test"), sink, options(func(o *Options) {
				o.Concurrency, o.HostConcurrency, o.Committed = width, width, sink.committed.Load
			}), client)
			if err != nil || s.Succeeded != 200 {
				t.Errorf("%+v, %v", s, err)
			}
			if took := time.Since(began); took > 200*commitAfter {
				t.Errorf("took %s: a Record waited longer than %s to be committed", took, commitAfter)
			}
		})
	}
}

// TestUncommittedDoesNotHoldTheEnd checks that a run whose output fails waits for no commit, although some Requests
// wait for a retry.
func TestUncommittedDoesNotHoldTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests atomic.Int64
		flaky := func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/0" {
				return newResponse(500, ""), nil
			}
			requests.Add(1)
			return newResponse(200, "ok"), nil
		}
		sink := &committingSink{broken: errors.New("disk full")}
		s, err := runWithClient(t.Context(), urls(100, "http://a.test"), sink, options(func(o *Options) {
			o.Concurrency, o.Committed = 4, sink.committed.Load
		}), fakeOrigin(flaky))
		var broken *OutputError
		if !errors.As(err, &broken) || requests.Load() > 4 {
			t.Errorf("%d requests, %v: %+v", requests.Load(), err, s)
		}
	})
}

// TestUncommittedBesideLookups checks that a failure without an exchange frees no place among the uncommitted
// exchanges.
func TestUncommittedBesideLookups(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		var lines []string
		for i := range 40 {
			lines = append(lines, fmt.Sprintf(`{"url":"http://a.test/none%d","headers":{"Cache-Control":"only-if-cached"}}`, i))
		}
		for i := range 50 {
			page := fmt.Sprint("/", i)
			rig.setPage(page, 200, "x")
			lines = append(lines, "http://a.test"+page)
		}
		var committed atomic.Int64
		o := options(func(o *Options) {
			o.Cache, o.Concurrency, o.HostConcurrency, o.Committed, o.Deadline = rig.store, 3, 3, committed.Load, time.Minute
		})
		s, err := runWithClient(rig.Context(), linesOf(lines...), &recorder{}, o, rig)
		if err != nil || s.Exchanges != 3 {
			t.Errorf("%d exchanges with none committed, %v", s.Exchanges, err)
		}
	})
}

// TestCommittedExchanges checks that of the committed Records only those that had cost an exchange are counted.
func TestCommittedExchanges(t *testing.T) {
	var committed int64
	var count atomic.Int64
	o := options(func(o *Options) { o.Cache, o.Committed = &slowLookups{}, func() int64 { return committed } })
	c := newCommittedExchanges(o, &count)
	for _, record := range []*Record{
		{fromCache: true}, {}, {Failure: failure.New(failure.DNS, "no")}, {fromCache: true}, {},
		{}} {
		c.noteSuccess(record)
	}
	for i, want := range []int64{0, 0, 1, 1, 2, 3} {
		committed = int64(i)
		if c.advance(); count.Load() != want {
			t.Errorf("%d committed: %d are safe, want %d", i, count.Load(), want)
		}
	}
}

// TestUncommittedHits checks that an uncommitted hit does not count as an exchange in progress, and that an uncommitted
// exchange among hits does.
func TestUncommittedHits(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		var lines []string
		for i := range 300 {
			path := fmt.Sprint("/", i)
			headers := []string{"Cache-Control", "max-age=60"}
			if i%3 == 0 {
				headers = nil
			}
			rig.setPage(path, 200, "x", headers...)
			lines = append(lines, "http://a.test"+path)
		}
		rig.run(nil, lines...)
		const width = 4
		sink := &committingSink{lag: 0}
		var requests atomic.Int64
		for path, page := range rig.pages {
			rig.pages[path] = func(r *http.Request) *http.Response {
				requests.Add(1)
				return page(r)
			}
		}
		s, err := runWithClient(rig.Context(), linesOf(lines...), sink, options(func(o *Options) {
			o.Cache, o.Concurrency, o.Committed = rig.store, width, sink.committed.Load
		}), rig)
		if err != nil || s.Succeeded != 300 || requests.Load() != 100 || s.ByCache[CacheHit] != 200 {
			t.Errorf("%d requests, %+v, %v", requests.Load(), s, err)
		}
	})
	// A journal that never commits: exchanges stop at Concurrency, hits continue.
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/hit", 200, "x", "Cache-Control", "max-age=60")
		rig.run(nil, "/hit")
		for i := range 50 {
			rig.setPage(fmt.Sprint("/", i), 200, "x")
		}
		var lines []string
		for i := range 50 {
			lines = append(lines, "http://a.test/hit", fmt.Sprint("http://a.test/", i))
		}
		var committed atomic.Int64
		sink := &recorder{}
		o := options(func(o *Options) {
			o.Cache, o.Concurrency, o.Committed, o.Deadline = rig.store, 3, committed.Load, time.Minute
		})
		s, err := runWithClient(rig.Context(), linesOf(lines...), sink, o, rig)
		if err != nil || s.ByCache[CacheHit] != 50 || s.ByCache[CacheMiss] != 3 || s.Stopped != StopDeadline {
			t.Errorf("%+v, %v", s, err)
		}
	})
}
