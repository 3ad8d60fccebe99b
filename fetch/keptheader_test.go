package fetch

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"batchfetch/fetch/cache"
)

// TestKeptHeaders: with Options.KeepHeader each Record has its own header, also once others have followed.
func TestKeptHeaders(t *testing.T) {
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Path", r.URL.Path)
		w.Header().Set("Cache-Control", "max-age=3600")
	})
	var urls []string
	for n := range 20 {
		urls = append(urls, fmt.Sprintf("%s/%d", url, n))
	}
	for name, change := range map[string]func(*Options){
		"one at a time":  func(o *Options) { o.Concurrency = 1 },
		"four at a time": func(o *Options) { o.Concurrency = 4 },
	} {
		var sink recorder
		o := noRetryOptions(change)
		o.KeepHeader = true
		if _, err := Run(t.Context(), linesOf(urls...), &sink, o); err != nil {
			t.Fatal(err)
		}
		for _, r := range sink.records {
			if got, want := url+r.Header.Get("X-Path"), r.Request.URL; got != want {
				t.Errorf("%s: the record of %s has the header of %s", name, want, got)
			}
		}
	}
}

// TestStoredHeaders: each stored response has its own header, with fields that Vary names and without, though the
// memory of a response's header is that of the next one.
func TestStoredHeaders(t *testing.T) {
	var exchanges atomic.Int64
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		exchanges.Add(1)
		w.Header().Set("X-Path", r.URL.Path)
		w.Header().Set("Cache-Control", "max-age=3600")
		if len(r.URL.Path)%2 == 0 {
			w.Header().Set("Vary", "X-"+r.URL.Path[1:])
		}
	})
	var urls []string
	for n := range 20 {
		urls = append(urls, fmt.Sprintf("%s/%d", url, n))
	}
	disk, err := cache.OpenDisk(t.TempDir(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	store := cache.NewBatcher(disk, 4)
	defer func() { _ = store.Close() }() // only read by then
	for _, want := range []Cached{CacheMiss, CacheHit} {
		var sink recorder
		o := noRetryOptions(func(o *Options) { o.Concurrency, o.Cache, o.KeepHeader = 4, store, want == CacheHit })
		if _, err := Run(t.Context(), linesOf(urls...), &sink, o); err != nil {
			t.Fatal(err)
		}
		for _, r := range sink.records {
			if r.Cache != want {
				t.Errorf("%s was a %s, not a %s", r.Request.URL, r.Cache, want)
			}
			if got := url + r.Header.Get("X-Path"); want == CacheHit && got != r.Request.URL {
				t.Errorf("the stored response to %s has the header of %s", r.Request.URL, got)
			}
		}
	}
	if n := exchanges.Load(); n != int64(len(urls)) {
		t.Errorf("%d exchanges", n)
	}
}
