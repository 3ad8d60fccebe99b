package fetch

import (
	"context"
	"encoding/hex"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/coding"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/transport"
)

// A responseCache is what a run does with its Options.Cache: which stored responses it looks for, and which of those it
// may use. All workers share it. There is one without a Store too: then nothing may be looked up.
type responseCache struct {
	options   *Options
	transport *transport.Transport // knows which addresses may be asked
	keys      cacheKeys
}

func newResponseCache(o *Options, transport *transport.Transport) *responseCache {
	return &responseCache{options: o, transport: transport, keys: newCacheKeys(o)}
}

// A lookupResult is what the cache has for the target of a Task. It is small: thousands wait in lanes.
type lookupResult struct {
	question cache.Question
	place    cache.Place // of the responses to question
	reported cache.Sum   // of the body that the user was told of last; zero is none, or no Options.Changed

	hasStored  bool             // a response is stored that the server can validate, or that may be served stale
	sum        cache.Sum        // of its body
	validators cache.Validators // of it
	staleUntil time.Time        // until then it may be served for a server that failed
}

// dropStored makes the next exchange ask without conditions.
func (r *lookupResult) dropStored() {
	r.hasStored, r.validators, r.staleUntil = false, cache.Validators{}, time.Time{}
}

// rules is the freshness policy of the run.
func (c *responseCache) rules() cache.Rules {
	return cache.Rules{TTL: c.options.CacheTTL, Heuristic: c.options.CacheHeuristic}
}

// find looks up what a target is asked for; sha256 is the hash that its body has to have, in hex, empty is any. A Found
// can be used at once, and how is Fresh or Stale then. The result is nil where the cache is bypassed.
func (c *responseCache) find(
	ctx context.Context, to *target, sha256 string, now time.Time,
) (found *cache.Found, use cache.Use, result *lookupResult) {
	header := withCookies(c.options, to.Header, to.URL)
	q, ok := c.keys.questionOf(to, header)
	if !ok {
		return nil, cache.Useless, nil
	}
	found, place, err := cache.Find(ctx, c.options.Cache, &q)
	result = &lookupResult{question: q, place: place}
	if err != nil || found == nil {
		return nil, cache.Useless, result
	}
	if c.options.Changed != nil {
		result.reported = c.options.Changed.Told(ctx, &found.Entry)
	}
	use = cache.Useless
	if c.isAcceptable(to, sha256, &found.Entry) {
		use = c.rules().Judge(&found.Entry, header, now)
	}
	if use == cache.Fresh || use == cache.Stale {
		return found, use, result
	}
	found.Close()
	if use == cache.Check {
		result.hasStored, result.sum = true, found.SHA256
		result.validators = cache.ValidatorsOf(found.Header)
		result.staleUntil = c.rules().StaleUntil(&found.Entry, header, now)
	}
	return nil, use, result
}

// isCurrent reports whether result is about what the target is asked with now: a Jar may have had other cookies at the
// lookup.
func (c *responseCache) isCurrent(result *lookupResult, to *target, header http.Header) bool {
	if result == nil || c.options.Jar == nil {
		return true
	}
	q, ok := c.keys.questionOf(to, header)
	return ok && q.Who == result.question.Who
}

// isAcceptable reports whether a stored response is one that this run accepts for the target.
func (c *responseCache) isAcceptable(to *target, sha256 string, e *cache.Entry) bool {
	o := c.options
	switch {
	case !c.mayBeFrom(to, e.RemoteAddr):
		return false
	case isFollowed(o, e.Status, e.Header):
		return true
	case !o.AcceptStatus.Has(e.Status), e.Size > o.MaxBody:
		return false
	case sha256 != "" && e.HasBody && sha256 != hex.EncodeToString(e.SHA256[:]):
		return false
	}
	if !e.HasBody && to.canHaveBody(e.Status) { // a redirect that was followed
		return false
	}
	return e.Coded == (o.Identity && len(coding.Of(e.Header)) > 0)
}

// mayBeFrom reports whether a response from the address remote could be had over the network: what Options.Private
// forbids to ask is not taken from the cache either.
func (c *responseCache) mayBeFrom(to *target, remote string) bool {
	if !to.PublicOnly && (c.options.Private != dial.PrivateDeny || c.options.UnixSocket != "") { // over a socket no address is asked
		return true
	}
	if c.transport.HasProxyFor(to.URL) { // remote is the proxy's
		return c.transport.RefusalBehindProxy(&to.Target) == nil
	}
	a, err := netip.ParseAddrPort(remote)
	return err == nil && c.transport.IsPublic(a.Addr())
}

// originAddr is the address of the server that answered, given that of the connection: behind a proxy it is not known,
// and empty.
func (c *responseCache) originAddr(u *url.URL, remote string) string {
	if c.transport.HasProxyFor(u) {
		return ""
	}
	return remote
}

// invalidate removes what a response with this status and header has made wrong (RFC 9111 section 4.4).
func (c *responseCache) invalidate(ctx context.Context, to *target, status int, header http.Header) {
	if c.options.Cache == nil || !cache.Invalidates(to.Method, status) {
		return
	}
	urls := append(cache.AlsoInvalid(to.URL, header), to.URL)
	for _, u := range urls {
		q := cache.Question{URL: cacheURL(u), Via: c.keys.via(to)}
		_ = cache.Forget(ctx, c.options.Cache, q) // cache.Guard reports a Store that can't be reached
	}
}
