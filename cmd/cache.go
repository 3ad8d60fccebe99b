package cmd

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/cache"
	"batchfetch/fetch/fdlimit"
)

// A runCache is the cache of one run. nil is none.
type runCache struct {
	store  *cache.Guard
	teller *cache.Reporter // nil without --changed
}

// defaultCacheMax is --cache-max, in bytes.
const defaultCacheMax = 10 << 30

const cacheHint = "write redis://[user:password@]host[:port][/db], or the name of a directory"

// checkCache finds flags of the cache that exclude or need each other, and parses the address. It never quotes the
// address, which may hold a password.
func checkCache(f cacheFlags, o *fetch.Options, found *problems) {
	if f.address == "" {
		checkNoCache(f, o, found)
		return
	}
	if f.max == 0 {
		found.add("cache-max", "is 0, must be at least 1", "leave --cache out for none")
	}
	if !cache.IsRedisURL(f.address) {
		scheme, _, cut := strings.Cut(strings.ToLower(f.address), ":")
		if cut && (scheme == "redis" || scheme == "rediss") { // else it would make a directory with a password as name
			found.add("cache", "begins like the address of a server, and is none", cacheHint)
		}
		return
	}
	if f.max >= 0 {
		found.add("cache-max", "is for a directory: Redis goes by its own maxmemory", "")
	}
	store, err := openRedis(f, o)
	if err != nil {
		found.add("cache", err.Error(), cacheHint)
		return
	}
	_ = store.Close() // it has no connection yet
}

// checkNoCache finds flags that need --cache.
func checkNoCache(f cacheFlags, o *fetch.Options, found *problems) {
	for _, flag := range []struct {
		name  string
		given bool
	}{{"cache-ttl", o.CacheTTL > 0}, {"cache-max", f.max >= 0}, {"changed", f.changed}} {
		if flag.given {
			found.add(flag.name, "is given without --cache", "--cache DIR keeps answers there")
		}
	}
}

// openRedis parses the address of a Redis server; it connects at the first use.
func openRedis(f cacheFlags, o *fetch.Options) (*cache.Redis, error) {
	settings := cache.RedisSettings{Keep: o.CacheTTL, Remember: f.changed}
	if o.TLS != nil {
		settings.Roots = o.TLS.RootCAs
	}
	return cache.OpenRedis(f.address, settings)
}

// openCache opens the cache and sets it in the options. A cache that can't be opened is a warning, and nil.
func openCache(f cacheFlags, o *fetch.Options, c *console) *runCache {
	if f.address == "" {
		return nil
	}
	warn := func(err error, writing bool) {
		what := "the cache can't be used, and the run goes on without it: "
		if writing {
			what = "nothing more is kept in the cache: "
		}
		c.report(slog.LevelWarn, what+truncate(err.Error()), "")
	}
	var store cache.Store
	var err error
	if cache.IsRedisURL(f.address) {
		store, err = openRedis(f, o)
	} else {
		limit := f.max
		if limit < 0 {
			limit = defaultCacheMax
		}
		var disk *cache.Disk
		if disk, err = cache.OpenDisk(f.address, limit); err == nil {
			store = cache.NewBatcher(disk, fdlimit.Exchanges()) // one of the files that an exchange counts
		}
	}
	if err != nil {
		warn(err, false)
		return nil
	}
	opened := &runCache{store: cache.NewGuard(store, warn)}
	o.Cache = opened.store
	if f.changed {
		opened.teller = cache.NewReporter(opened.store)
		o.Changed = opened.teller
	}
	return opened
}

// close closes the cache. Where the output is what it should be, it first confirms that the changes in it were
// reported; those of an aborted run, or of one whose file was not replaced, may not be in any output when the next run
// starts, which reports them again.
func (r *runCache) close(ctx context.Context, out *outputs, code int) {
	if r == nil {
		return
	}
	reported := out.withheld == "" && (code == exitOK || code == exitFailed || code == exitStopped)
	if out.resumed != nil { // with --resume what is in the output stays in it
		reported = reported || isSignal(code)
	}
	if r.teller != nil && reported {
		_ = r.teller.Confirm(ctx, time.Now()) // the Guard has warned
	}
	_ = r.store.Close() // likewise
}
