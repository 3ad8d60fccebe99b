package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/failure"
)

// TestHitsNeedNoSlot checks that a hit takes no token and no slot, and that it does not wait while all slots are taken.
func TestHitsNeedNoSlot(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		var lines []string
		for i := range 100 {
			path := fmt.Sprint("/", i)
			rig.setPage(path, 200, "x", "Cache-Control", "max-age=100000")
			lines = append(lines, "http://a.test"+path)
		}
		rig.run(nil, lines...)
		rig.pages["/slow"] = func(*http.Request) *http.Response {
			time.Sleep(time.Hour)
			return newResponse(200, "slow")
		}
		began := time.Now()
		var hits int
		sink := SinkFunc(func(r *Record) error {
			if r.Cache == CacheHit {
				if hits++; time.Since(began) > batchPause {
					t.Errorf("a hit came after %s", time.Since(began))
				}
			}
			return nil
		})
		source := linesOf(append([]string{"http://a.test/slow", "http://a.test/slow?2"}, lines...)...)
		s, err := runWithClient(rig.Context(), source, sink, options(func(o *Options) {
			o.Cache, o.Concurrency, o.HostConcurrency, o.HostRate, o.Rate = rig.store, 1, 1, 0.0001, 0.0001
		}), rig)
		if err != nil || hits != 100 || s.Exchanges != 2 || s.ByCache[CacheHit] != 100 || s.ByCache[CacheMiss] != 2 {
			t.Errorf("%d hits, %+v, %v", hits, s, err)
		}
	})
}

// slowLookups is a Store whose every lookup takes delay and finds nothing. It ends early with the run.
type slowLookups struct {
	cache.Store
	delay            time.Duration
	lookups, running atomic.Int64
	most             atomic.Int64
}

func (s *slowLookups) Get(ctx context.Context, _ cache.Key) (*cache.Found, error) {
	s.lookups.Add(1)
	if n := s.running.Add(1); n > s.most.Load() {
		s.most.Store(n)
	}
	defer s.running.Add(-1)
	select {
	case <-time.After(s.delay):
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *slowLookups) Put(context.Context, cache.Key) (cache.Writer, error) {
	return nil, errors.New("read only")
}

// TestSlowCache checks that a run limited by its cache says so, and that there are at most maxLookupWorkers lookups at
// once.
func TestSlowCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowLookups{delay: time.Second}
		s, err := runWithClient(t.Context(), urls(160, "http://a.test"), &recorder{},
			options(func(o *Options) { o.Cache = store }), respondAfter(time.Millisecond))
		if err != nil || s.Succeeded != 160 || s.LimitedBy != LimitCache || store.most.Load() != maxLookupWorkers ||
			s.Elapsed > 11*time.Second {
			t.Errorf("%d at once, limited by %s, %+v, %v", store.most.Load(), s.LimitedBy, s, err)
		}
	})
}

// TestStoppedInLookups checks that a Request that waits for its lookup when the run ends counts as not started, unless
// a redirect had led there.
func TestStoppedInLookups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowLookups{delay: time.Hour}
		sink := new(recorder)
		s, err := runWithClient(t.Context(), urls(1000, "http://a.test"), sink,
			options(func(o *Options) { o.Cache, o.Deadline = store, time.Minute }), respondAfter(0))
		if err != nil || s.Stopped != StopDeadline || s.NotStarted < 1000 || len(sink.records) != 0 ||
			s.Elapsed != time.Minute {
			t.Errorf("%+v, %v", s, err)
		}
		wantSum(t, s, len(sink.records))
	})
	synctest.Test(t, func(t *testing.T) {
		store := &slowAfterFirst{slowLookups{delay: time.Hour}}
		moved := fakeOrigin(func(*http.Request) (*http.Response, error) {
			return newResponse(302, "", "Location", "/there"), nil
		})
		var sink recorder
		s, err := runWithClient(t.Context(), linesOf("http://a.test/"), &sink,
			options(func(o *Options) { o.Cache, o.Deadline = store, time.Minute }), moved)
		if err != nil || sink.kinds() != "canceled" || s.NotStarted != 0 {
			t.Errorf("%s: %+v, %v", sink.kinds(), s, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		store := &slowLookups{delay: time.Hour}
		s, err := runWithClient(ctx, urls(100, "http://a.test"), new(recorder), options(func(o *Options) { o.Cache = store }),
			respondAfter(0))
		if err == nil || s.Stopped != StopCanceled || s.NotStarted != 100 || s.Elapsed != time.Minute {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

// TestDrainedInLookups checks that a drain waits for the lookups in progress and starts no other.
func TestDrainedInLookups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drain := make(chan struct{})
		time.AfterFunc(500*time.Millisecond, func() { close(drain) })
		store := &slowLookups{delay: time.Second}
		s, err := runWithClient(t.Context(), urls(1000, "http://a.test"), new(recorder),
			options(func(o *Options) { o.Cache, o.Drain = store, drain }), respondAfter(0))
		if err != nil || s.Stopped != StopDrain || s.NotStarted != 1000 || s.Elapsed != time.Second ||
			store.lookups.Load() != maxLookupWorkers {
			t.Errorf("%d requests, %+v, %v", store.lookups.Load(), s, err)
		}
	})
}

// slowAfterFirst is slowLookups with a first lookup that takes no time.
type slowAfterFirst struct{ slowLookups }

func (s *slowAfterFirst) Get(ctx context.Context, key cache.Key) (*cache.Found, error) {
	if s.lookups.Load() == 0 {
		s.lookups.Add(1)
		return nil, nil
	}
	return s.slowLookups.Get(ctx, key)
}

// TestLookaheadHoldsForTheCache checks that the look-ahead also bounds the Requests that wait for a lookup.
func TestLookaheadHoldsForTheCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var read, written atomic.Int64
		var most int64
		source := func(yield func(Request, error) bool) {
			for r := range urls(3000, "http://a.test") {
				most = max(most, read.Add(1)-written.Load())
				if !yield(r, nil) {
					return
				}
			}
		}
		sink := SinkFunc(func(*Record) error { written.Add(1); return nil })
		o := options(func(o *Options) { o.Cache, o.Lookahead = &slowLookups{delay: time.Second}, 20 })
		s, err := runWithClient(t.Context(), source, sink, o, respondAfter(time.Second))
		if err != nil || s.Succeeded != 3000 {
			t.Errorf("%+v, %v", s, err)
		}
		if most > 20+2*backlog+2 {
			t.Errorf("%d requests were read ahead", most)
		}
	})
}

// slowCacheStore is a Store whose reads and writes take cacheDelay each.
type slowCacheStore struct{ cache.Store }

// slowCacheWriter is the Writer of a slowCacheStore.
type slowCacheWriter struct{ cache.Writer }

// cacheDelay is what each call of a slowCacheStore takes.
const cacheDelay = 3 * time.Second

func (s slowCacheStore) Get(ctx context.Context, key cache.Key) (*cache.Found, error) {
	time.Sleep(cacheDelay)
	return s.Store.Get(ctx, key)
}

func (s slowCacheStore) Put(ctx context.Context, key cache.Key) (cache.Writer, error) {
	w, err := s.Store.Put(ctx, key)
	return slowCacheWriter{w}, err
}

func (s slowCacheStore) Refresh(ctx context.Context, key cache.Key, e *cache.Entry) error {
	time.Sleep(cacheDelay)
	return s.Store.Refresh(ctx, key, e)
}

func (w slowCacheWriter) Commit(ctx context.Context, e *cache.Entry) error {
	time.Sleep(cacheDelay)
	return w.Writer.Commit(ctx, e)
}

// TestLatencyExcludesTheCache checks that the time a cache takes is not in the latency, and is no stall.
func TestLatencyExcludesTheCache(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.store = slowCacheStore{rig.store}
		rig.setTagged("/x", `"1"`, "one")
		rig.setPage("/r", 302, "", "Location", "/x", "Cache-Control", "max-age=60")
		for _, lines := range [][]string{{"/x"}, {"/r"}, {"/x"}} {
			rig.run(func(o *Options) { o.StallTimeout = time.Second }, lines...)
			if s := rig.summary; s.Succeeded != 1 || s.Exchanges == 0 || s.Latency.Max > time.Second {
				t.Errorf("%q: %+v", lines, s)
			}
		}
	})
}

// countedGets is a Disk that counts what it is asked for.
type countedGets struct {
	*cache.Disk
	gets atomic.Int64
}

func (s *countedGets) Get(ctx context.Context, key cache.Key) (*cache.Found, error) {
	s.gets.Add(1)
	return s.Disk.Get(ctx, key)
}

// TestNewDirectoryIsNotLookedUp: nothing is looked up in a directory that the run has made but what it has stored, and
// the targets of redirects; the responses are stored, and the next run finds them.
func TestNewDirectoryIsNotLookedUp(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/moved", 301, "", "Location", "/a", "Cache-Control", "max-age=100000")
		lines := []string{"/moved"}
		for i := range 100 {
			lines = append(lines, fmt.Sprint("/", i))
		}
		for _, path := range append(lines[1:], "/a") {
			rig.setPage(path, 200, "x", "Cache-Control", "max-age=100000")
		}
		counted := &countedGets{Disk: rig.store.(*cache.Disk)}
		rig.store = counted
		rig.run(nil, slices.Clone(lines)...)
		if n := counted.gets.Load(); n != 1 || rig.summary.ByCache[CacheMiss] != 101 {
			t.Errorf("%d lookups, %v", n, rig.summary.ByCache)
		}
		rig.run(nil, slices.Clone(lines)...)
		if n := counted.gets.Load(); n != 1+102 || rig.summary.ByCache[CacheHit] != 101 || len(rig.requests) > 0 {
			t.Errorf("%d lookups, %v, %q", n, rig.summary.ByCache, rig.requests)
		}
		got := rig.run(func(o *Options) { o.Header = http.Header{"Cache-Control": {"only-if-cached"}} }, "/new")
		if got[0] != string(failure.BadStatus) || len(rig.requests) > 0 {
			t.Errorf("only-if-cached: %v, %q", got, rig.requests)
		}
	})
}
