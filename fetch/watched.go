package fetch

import (
	"time"

	"batchfetch/fetch/cache"
)

// Watched is how Options.Changed sees the changes of one host, where that is late, or costs whole bodies.
type Watched struct {
	// Unvalidated counts the successes that the server can't validate the next time (RFC 9111 section 4.3), or has not
	// although they are the same: each run transfers them whole.
	Unvalidated int64
	// Fresh counts those that are used again without asking the server, by their own header, for FreshFor at most: until
	// then no change is seen. They are those for an hour and more, and those that this run has used so.
	Fresh    int64
	FreshFor time.Duration
}

// longFresh is from how long on a response counts as Watched.Fresh before it is used so.
const longFresh = time.Hour

// watchedOf returns how Options.Changed sees the changes of a response; of is nil where it needed no exchange. Nothing
// is said of one without a body, nor where the user has decided how long responses are used, by Options.CacheTTL or a
// Cache-Control of the request.
func (c *responseCache) watchedOf(to *target, rec *Record, of *lookupResult) (w Watched) {
	if c.options.Changed == nil || c.options.CacheTTL > 0 || rec.Cache == "" || !rec.Hashed ||
		to.Header["Cache-Control"] != nil {
		return w
	}
	fresh, validates := c.rules().Reuse(rec.Status, rec.header)
	ignored := rec.Cache == CacheMiss && of != nil && of.hasStored && of.sum == cache.Sum(rec.SHA256)
	if !validates || ignored {
		w.Unvalidated = 1
	}
	if fresh >= longFresh || rec.Cache == CacheHit {
		w.Fresh, w.FreshFor = 1, fresh
	}
	return w
}
