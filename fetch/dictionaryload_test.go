package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"batchfetch/fetch/cache"
)

// A slowStore takes a second to read each body once slow is set, or fails to find it.
type slowStore struct {
	cache.Store
	slow bool
	err  error
}

func (s *slowStore) Get(ctx context.Context, key cache.Key) (*cache.Found, error) {
	if s.err != nil {
		return nil, s.err
	}
	found, err := s.Store.Get(ctx, key)
	if found == nil || !s.slow {
		return found, err
	}
	return cache.NewFound(found.Entry, readFunc(func(p []byte) (int, error) {
		time.Sleep(time.Second)
		return found.Read(p)
	}), found.Close), err
}

// withSharedDictionary runs a test with the dictionaries of a run over a cache with a dictionary of 1,000 bytes for all
// URLs, the question for one of them, and the time.
func withSharedDictionary(
	t *testing.T, test func(ctx context.Context, store *slowStore, d *dictionaries, q cache.Request, now time.Time),
) {
	t.Helper()
	withCacheRig(t, func(rig *cacheRig) {
		o := newDeltaOrigin(rig, "Cache-Control", "max-age=3600", "Use-As-Dictionary", `match="/*"`)
		o.set("/dict", strings.Repeat("0123456789", 100))
		rig.run(nil, "https://a.test/dict")
		store := &slowStore{Store: rig.store}
		d := newDictionaries(&Options{Cache: store})
		q := cache.Request{Method: "GET", URL: "https://a.test/x"}
		test(rig.Context(), store, d, q, time.Now())
	})
}

// TestDictionaryIsReadOnce: exchanges that want one dictionary at once share one copy, although there is no room for
// two.
func TestDictionaryIsReadOnce(t *testing.T) {
	withSharedDictionary(t, func(ctx context.Context, store *slowStore, d *dictionaries, q cache.Request, now time.Time) {
		if len(d.lists.matching(ctx, &q)) != 1 { // the list is read
			t.Fatal("there is no dictionary")
		}
		store.slow, d.limit = true, 1500
		offers := make(chan *offeredDictionary, 64)
		for range 64 {
			go func() { offers <- d.offer(ctx, q, nil, now) }()
		}
		for range 64 {
			o := <-offers
			if o == nil {
				t.Error("nothing is offered")
				continue
			}
			if most := 1000 + bytes.MinRead; cap(o.loaded.Content) > most {
				t.Errorf("it takes %d bytes, at most %d are counted", cap(o.loaded.Content), most)
			}
		}
		if d.held != 1000 {
			t.Errorf("%d bytes are held", d.held)
		}
	})
}

// TestDictionaryIsNotForgotten: one that does not fit now, or can't be read now, is offered later.
func TestDictionaryIsNotForgotten(t *testing.T) {
	withSharedDictionary(t, func(ctx context.Context, store *slowStore, d *dictionaries, q cache.Request, now time.Time) {
		if o := d.offer(ctx, q, nil, now); o == nil {
			t.Fatal("nothing is offered")
		} else if o.release(); d.held != 1000 {
			t.Fatalf("%d bytes are held", d.held)
		}
		clear(d.loaded)
		for name, without := range map[string]func() *offeredDictionary{
			"no room": func() *offeredDictionary {
				d.limit = 1500
				defer func() { d.limit = maxDictionaries }()
				return d.offer(ctx, q, nil, now)
			},
			"an error": func() *offeredDictionary {
				store.err = errors.New("the store is down")
				defer func() { store.err = nil }()
				return d.offer(ctx, q, nil, now)
			},
		} {
			if without() != nil {
				t.Errorf("%s: something is offered", name)
			}
		}
		if d.offer(ctx, q, nil, now) == nil {
			t.Error("it is forgotten")
		}
	})
}

// TestIdleWorkersHoldNoDictionaries: the dictionary that a worker's last exchange has offered takes no memory while the
// worker is idle.
func TestIdleWorkersHoldNoDictionaries(t *testing.T) {
	const pages, size = 8, 4 << 20
	withCacheRig(t, func(rig *cacheRig) {
		var urls []string
		for i := range pages {
			path := fmt.Sprint("/", i)
			rig.setPage(path, 200, strings.Repeat(fmt.Sprint(i), size),
				append(staleFor, "Use-As-Dictionary", fmt.Sprintf("match=%q", path))...)
			urls = append(urls, "https://a.test"+path)
		}
		rig.run(nil, urls...)
		time.Sleep(2 * time.Minute)
		var offers atomic.Int64
		for _, url := range urls {
			rig.pages[strings.TrimPrefix(url, "https://a.test")] = func(r *http.Request) *http.Response {
				if r.Header["Available-Dictionary"] != nil {
					offers.Add(1)
				}
				return newResponse(200, "other")
			}
		}
		var idle runtime.MemStats
		rig.pages["/last"] = func(*http.Request) *http.Response {
			time.Sleep(time.Second)
			runtime.GC() // twice, for pools
			runtime.GC()
			runtime.ReadMemStats(&idle)
			return newResponse(200, "last")
		}
		rig.records = nil
		var before runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&before)
		urls = append(urls, "https://a.test/last")
		rig.run(func(o *Options) { o.Concurrency, o.HostConcurrency = pages+1, pages+1 }, urls...)
		if offers.Load() != pages {
			t.Errorf("%d dictionaries were offered", offers.Load())
		}
		if grown := int64(idle.HeapAlloc) - int64(before.HeapAlloc); grown > pages*size/2 {
			t.Errorf("idle workers hold %d bytes", grown)
		}
	})
}
