package fetch

import (
	"time"

	"batchfetch/fetch/cache"
)

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
