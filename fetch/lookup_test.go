package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/transport"
)

// TestHitsPassTheNetwork: a lookup that hits costs no token and no slot, and does not wait though all that may be under way is.
func TestHitsPassTheNetwork(t *testing.T) {
	inLibrary(t, func(l *library) {
		var lines []string
		for i := range 100 {
			path := fmt.Sprint("/", i)
			l.page(path, 200, "x", "Cache-Control", "max-age=100000")
			lines = append(lines, "http://a.test"+path)
		}
		l.run(nil, lines...)
		l.pages["/slow"] = func(*http.Request) *http.Response {
			time.Sleep(time.Hour)
			return reply(200, "slow")
		}
		began := time.Now()
		var hits int
		sink := SinkFunc(func(r *Record) error {
			if r.Cache == CacheHit {
				if hits++; time.Since(began) > 0 {
					t.Errorf("a hit came after %s", time.Since(began))
				}
			}
			return nil
		})
		source := linesOf(append([]string{"http://a.test/slow", "http://a.test/slow?2"}, lines...)...)
		s, err := runOver(l.Context(), source, sink, options(func(o *Options) {
			o.Cache, o.Concurrency, o.HostConcurrency, o.HostRate, o.Rate = l.store, 1, 1, 0.0001, 0.0001
		}), l)
		if err != nil || hits != 100 || s.Exchanges != 2 || s.ByCache[CacheHit] != 100 || s.ByCache[CacheMiss] != 2 {
			t.Errorf("%d hits, %+v, %v", hits, s, err)
		}
	})
}

// A slowStore answers each lookup after a time, with nothing, unless the run ends before.
type slowStore struct {
	cache.Store
	span         time.Duration
	asked, atOne atomic.Int64
	most         atomic.Int64
}

func (s *slowStore) Get(ctx context.Context, _ cache.Key) (*cache.Found, error) {
	s.asked.Add(1)
	if n := s.atOne.Add(1); n > s.most.Load() {
		s.most.Store(n)
	}
	defer s.atOne.Add(-1)
	select {
	case <-time.After(s.span):
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *slowStore) Put(context.Context, cache.Key) (cache.Writer, error) {
	return nil, errors.New("read only")
}

// TestSlowCache: it is what the run waits for, says so, and is asked by so many at once and no more.
func TestSlowCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowStore{span: time.Second}
		s, err := runOver(t.Context(), urls(160, "http://a.test"), &shelf{}, options(func(o *Options) { o.Cache = store }), taking(time.Millisecond))
		if err != nil || s.Succeeded != 160 || s.LimitedBy != LimitCache || store.most.Load() != maxLookupWorkers || s.Elapsed > 11*time.Second {
			t.Errorf("%d at once, limited by %s, %+v, %v", store.most.Load(), s.LimitedBy, s, err)
		}
	})
}

// TestStoppedInLookups: what waits for the cache when the run ends was never started; what a redirect had led there was.
func TestStoppedInLookups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowStore{span: time.Hour}
		shelf := new(shelf)
		s, err := runOver(t.Context(), urls(1000, "http://a.test"), shelf, options(func(o *Options) { o.Cache, o.Deadline = store, time.Minute }), taking(0))
		if err != nil || s.Stopped != StopDeadline || s.NotStarted < 1000 || len(shelf.records) != 0 || s.Elapsed != time.Minute {
			t.Errorf("%+v, %v", s, err)
		}
		wantSum(t, s, len(shelf.records))
	})
	synctest.Test(t, func(t *testing.T) {
		store := &hopStore{slowStore{span: time.Hour}}
		moved := origin(func(*http.Request) (*http.Response, error) { return reply(302, "", "Location", "/there"), nil })
		var shelf shelf
		s, err := runOver(t.Context(), linesOf("http://a.test/"), &shelf, options(func(o *Options) { o.Cache, o.Deadline = store, time.Minute }), moved)
		if err != nil || shelf.kinds() != "canceled" || s.NotStarted != 0 {
			t.Errorf("%s: %+v, %v", shelf.kinds(), s, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		store := &slowStore{span: time.Hour}
		s, err := runOver(ctx, urls(100, "http://a.test"), new(shelf), options(func(o *Options) { o.Cache = store }), taking(0))
		if err == nil || s.Stopped != StopCanceled || s.NotStarted != 100 || s.Elapsed != time.Minute {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

// TestDrainedInLookups: an interrupt waits for the lookups that are under way, and begins no other.
func TestDrainedInLookups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drain := make(chan struct{})
		time.AfterFunc(500*time.Millisecond, func() { close(drain) })
		store := &slowStore{span: time.Second}
		s, err := runOver(t.Context(), urls(1000, "http://a.test"), new(shelf), options(func(o *Options) { o.Cache, o.Drain = store, drain }), taking(0))
		if err != nil || s.Stopped != StopDrain || s.NotStarted != 1000 || s.Elapsed != time.Second || store.asked.Load() != maxLookupWorkers {
			t.Errorf("%d asked, %+v, %v", store.asked.Load(), s, err)
		}
	})
}

// TestSafety: of what is committed counts what had cost an exchange.
func TestSafety(t *testing.T) {
	var committed int64
	var count atomic.Int64
	o := options(func(o *Options) { o.Cache, o.Committed = &slowStore{}, func() int64 { return committed } })
	c := newCommittedExchanges(o, &count)
	for _, record := range []*Record{{lookedUp: true}, {}, {Failure: failure.New(failure.DNS, "no")}, {lookedUp: true}, {}, {}} {
		c.noteSuccess(record)
	}
	for i, want := range []int64{0, 0, 1, 1, 2, 3} {
		committed = int64(i)
		if c.advance(); count.Load() != want {
			t.Errorf("%d committed: %d are safe, want %d", i, count.Load(), want)
		}
	}
}

// A hopStore is slow but for its first lookup.
type hopStore struct{ slowStore }

func (s *hopStore) Get(ctx context.Context, key cache.Key) (*cache.Found, error) {
	if s.asked.Load() == 0 {
		s.asked.Add(1)
		return nil, nil
	}
	return s.slowStore.Get(ctx, key)
}

// TestLookaheadHoldsForTheCache: no more waits for the cache than may wait for the network.
func TestLookaheadHoldsForTheCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var read, landed atomic.Int64
		var most int64
		source := func(yield func(Request, error) bool) {
			for r := range urls(3000, "http://a.test") {
				most = max(most, read.Add(1)-landed.Load())
				if !yield(r, nil) {
					return
				}
			}
		}
		sink := SinkFunc(func(*Record) error { landed.Add(1); return nil })
		o := options(func(o *Options) { o.Cache, o.Lookahead = &slowStore{span: time.Second}, 20 })
		s, err := runOver(t.Context(), source, sink, o, taking(time.Second))
		if err != nil || s.Succeeded != 3000 {
			t.Errorf("%+v, %v", s, err)
		}
		if most > 20+2*backlog+2 {
			t.Errorf("%d requests were read ahead", most)
		}
	})
}

// TestUncommittedHits: an answer from the cache that no journal has yet is no exchange under way; a real one is, among them as well.
func TestUncommittedHits(t *testing.T) {
	inLibrary(t, func(l *library) {
		var lines []string
		for i := range 300 {
			path := fmt.Sprint("/", i)
			headers := []string{"Cache-Control", "max-age=60"}
			if i%3 == 0 {
				headers = nil
			}
			l.page(path, 200, "x", headers...)
			lines = append(lines, "http://a.test"+path)
		}
		l.run(nil, lines...)
		const width = 4
		disk := &slowDisk{lag: 0}
		var asked atomic.Int64
		for path, page := range l.pages {
			l.pages[path] = func(r *http.Request) *http.Response {
				asked.Add(1)
				return page(r)
			}
		}
		s, err := runOver(l.Context(), linesOf(lines...), disk, options(func(o *Options) {
			o.Cache, o.Concurrency, o.Committed = l.store, width, disk.committed.Load
		}), l)
		if err != nil || s.Succeeded != 300 || asked.Load() != 100 || s.ByCache[CacheHit] != 200 {
			t.Errorf("%d asked, %+v, %v", asked.Load(), s, err)
		}
	})
	// A journal that never keeps more than the first of them: exchanges stop at their width, hits go on.
	inLibrary(t, func(l *library) {
		l.page("/hit", 200, "x", "Cache-Control", "max-age=60")
		l.run(nil, "/hit")
		for i := range 50 {
			l.page(fmt.Sprint("/", i), 200, "x")
		}
		var lines []string
		for i := range 50 {
			lines = append(lines, "http://a.test/hit", fmt.Sprint("http://a.test/", i))
		}
		var committed atomic.Int64
		disk := &shelf{}
		o := options(func(o *Options) {
			o.Cache, o.Concurrency, o.Committed, o.Deadline = l.store, 3, committed.Load, time.Minute
		})
		s, err := runOver(l.Context(), linesOf(lines...), disk, o, l)
		if err != nil || s.ByCache[CacheHit] != 50 || s.ByCache[CacheMiss] != 3 || s.Stopped != StopDeadline {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

// TestCacheOfPrivateAddresses: what --private forbids to ask is not to be had from the cache either.
func TestCacheOfPrivateAddresses(t *testing.T) {
	c := newResponseCache(options(nil), transport.New(options(nil).transportConfig(dial.Network{})))
	for _, tt := range []struct {
		rule   dial.Policy
		wary   bool
		remote string
		want   bool
	}{
		{dial.PrivateRedirects, false, "10.0.0.1:80", true},
		{dial.PrivateRedirects, true, "10.0.0.1:80", false},
		{dial.PrivateRedirects, true, "192.0.2.1", false},
		{dial.PrivateRedirects, true, "8.8.8.8:80", true},
		{dial.PrivateDeny, false, "127.0.0.1:80", false},
		{dial.PrivateDeny, false, "", false},
		{dial.PrivateDeny, false, "[2606:4700::1111]:443", true},
		{dial.PrivateAllow, false, "", true},
	} {
		c.options.Private = tt.rule
		to := &target{Target: transport.Target{URL: &url.URL{Scheme: "http", Host: "a.test", Path: "/"}, PublicOnly: tt.wary}}
		if got := c.mayBeFrom(to, tt.remote); got != tt.want {
			t.Errorf("%+v: %t", tt, got)
		}
	}
}

// A slowShelf takes its time to keep what it is given, and to give it back.
type slowShelf struct{ cache.Store }
type slowWriter struct{ cache.Writer }

const slowness = 3 * time.Second

func (s slowShelf) Get(ctx context.Context, key cache.Key) (*cache.Found, error) {
	time.Sleep(slowness)
	return s.Store.Get(ctx, key)
}

func (s slowShelf) Put(ctx context.Context, key cache.Key) (cache.Writer, error) {
	w, err := s.Store.Put(ctx, key)
	return slowWriter{w}, err
}

func (s slowShelf) Refresh(ctx context.Context, key cache.Key, e *cache.Entry) error {
	time.Sleep(slowness)
	return s.Store.Refresh(ctx, key, e)
}

func (w slowWriter) Commit(ctx context.Context, e *cache.Entry) error {
	time.Sleep(slowness)
	return w.Writer.Commit(ctx, e)
}

// TestLatencyIsTheServers: what a slow cache takes is no time of the server's, and no stall of its answer.
func TestLatencyIsTheServers(t *testing.T) {
	inLibrary(t, func(l *library) {
		l.store = slowShelf{l.store}
		l.tagged("/x", `"1"`, "one")
		l.page("/r", 302, "", "Location", "/x", "Cache-Control", "max-age=60")
		for _, lines := range [][]string{{"/x"}, {"/r"}, {"/x"}} {
			l.run(func(o *Options) { o.StallTimeout = time.Second }, lines...)
			if s := l.summary; s.Succeeded != 1 || s.Exchanges == 0 || s.Latency.Max > time.Second {
				t.Errorf("%q: %+v", lines, s)
			}
		}
	})
}
