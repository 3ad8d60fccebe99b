package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/cache"
)

// A keptCache is what a run has of the cache, to be closed when it has ended.
type keptCache struct {
	store  *cache.Guard
	teller *cache.Teller
}

// defaultCacheMax is --cache-max.
const defaultCacheMax = 10 << 30

const cacheHint = "write redis://[user:password@]host[:port][/db], or the name of a directory"

// checkCache tells what can't go together, and reads an address without a word of what stands in it: that may be a password.
func (s *settings) checkCache() {
	if s.cache == "" {
		for _, flag := range []struct {
			name  string
			given bool
		}{{"cache-ttl", s.fetch.CacheTTL > 0}, {"cache-max", s.cacheMax >= 0}, {"changed", s.changed}} {
			if flag.given {
				s.notes.add(flag.name, "is given without --cache", "--cache DIR keeps answers there")
			}
		}
		return
	}
	if s.cacheMax == 0 {
		s.notes.add("cache-max", "is 0, must be at least 1", "leave --cache out for none")
	}
	if !cache.IsRedisURL(s.cache) {
		scheme, _, cut := strings.Cut(strings.ToLower(s.cache), ":")
		if cut && (scheme == "redis" || scheme == "rediss") { // it would be a directory with a password in its name
			s.notes.add("cache", "begins like the address of a server, and is none", cacheHint)
		}
		return
	}
	if s.cacheMax >= 0 {
		s.notes.add("cache-max", "is for a directory: Redis goes by its own maxmemory", "")
	}
	store, err := s.openRedis()
	if err != nil {
		s.notes.add("cache", err.Error(), cacheHint)
		return
	}
	_ = store.Close() // nothing was connected to
}

func (s *settings) openRedis() (*cache.Redis, error) {
	settings := cache.RedisSettings{Keep: s.fetch.CacheTTL}
	if s.fetch.TLS != nil {
		settings.Roots = s.fetch.TLS.RootCAs
	}
	return cache.OpenRedis(s.cache, settings)
}

// openCache opens the cache. One that can't be had costs a warning.
func openCache(s *settings, out *outputs) *keptCache {
	if s.cache == "" {
		return nil
	}
	warn := func(err error, writing bool) {
		what := "the cache can't be used, and the run goes on without it: "
		if writing {
			what = "nothing more is kept in the cache: "
		}
		out.tell(slog.LevelWarn, what+shorten(err.Error()), "")
	}
	var store cache.Store
	var err error
	if cache.IsRedisURL(s.cache) {
		store, err = s.openRedis()
	} else {
		limit := s.cacheMax
		if limit < 0 {
			limit = defaultCacheMax
		}
		store, err = cache.OpenDisk(s.cache, limit)
	}
	if err != nil {
		warn(err, false)
		return nil
	}
	kept := &keptCache{store: cache.NewGuard(store, warn)}
	s.fetch.Cache = kept.store
	if s.changed {
		kept.teller = cache.NewTeller(kept.store)
		s.fetch.Changed = kept.teller
	}
	return kept
}

// close says, where the output is what it should be, that all that changed has been told of. What an aborted run has written of it
// may be nowhere by the time of the next, which tells of it again.
func (k *keptCache) close(ctx context.Context, out *outputs, code int) {
	if k == nil {
		return
	}
	told := code == exitOK || code == exitFailed || code == exitStopped
	if out.resumed != nil { // what is in its output is done, whatever ended the run
		told = told || code == exitInt || code == exitTerm
	}
	if k.teller != nil && told {
		_ = k.teller.Confirm(ctx, time.Now()) // the Guard has told of what fails
	}
	_ = k.store.Close() // likewise
}

// tellCache says to a person what the cache was good for.
func tellCache(text *strings.Builder, s *settings, sum fetch.Summary) {
	if len(sum.ByCache) == 0 {
		return
	}
	text.WriteString("  cache:")
	for _, part := range []fetch.Cached{fetch.CacheHit, fetch.CacheRevalidated, fetch.CacheMiss, fetch.CacheStale} {
		if n := sum.ByCache[part]; n > 0 {
			fmt.Fprintf(text, " %d %s", n, part)
		}
	}
	if s.changed {
		fmt.Fprintf(text, ", %d unchanged", sum.Unchanged)
	}
	text.WriteByte('\n')
}
