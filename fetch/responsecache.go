package fetch

import (
	"context"
	"encoding/hex"
	"net/http"
	"net/netip"
	"time"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/dictionary"
	"batchfetch/fetch/transport"
)

// A responseCache is Options.Cache as a run uses it: which stored responses it looks up, and which of those it may use.
// All workers share it; it has no state of its own but the dictionaries. Without a Store there is one too, and find
// must not be called.
type responseCache struct {
	options   *Options
	transport *transport.Transport // says which addresses are allowed
	keys      cacheKeys

	dictionaries *dictionaries
}

// newResponseCache returns the responseCache of a run.
func newResponseCache(o *Options, transport *transport.Transport) *responseCache {
	return &responseCache{options: o, transport: transport, keys: newCacheKeys(o), dictionaries: newDictionaries(o)}
}

// close ends the use of the cache by a run.
func (c *responseCache) close(ctx context.Context) {
	if c.options.Cache != nil {
		c.dictionaries.lists.close(ctx, time.Now())
	}
}

// A lookupResult is what the cache has for the target of a Task. Thousands may wait in lanes, so it is small: no header
// and no body.
type lookupResult struct {
	request  cache.Request
	place    cache.Place // where responses to request are stored
	reported cache.Sum   // of the body that was reported last; zero is none, or no Options.Changed

	hasStored  bool             // a response is stored that the server can validate, or that may be served stale
	sum        cache.Sum        // of its body
	validators cache.Validators // of the stored response
	requested  time.Time        // when the stored response was
	staleUntil time.Time        // until then it may be served for a server that failed (RFC 5861 section 4)

	dictionary *dictionary.Stored // the stored response, where it is one for its own URL; else nil
}

// dropStored makes the next exchange a request without conditions.
func (r *lookupResult) dropStored() {
	r.hasStored, r.validators, r.staleUntil = false, cache.Validators{}, time.Time{}
}

// rules returns the freshness policy of the run.
func (c *responseCache) rules() cache.Rules {
	return cache.Rules{TTL: c.options.CacheTTL, Heuristic: c.options.CacheHeuristic}
}

// find looks up the stored response for a target; sha256 is the hash that its body has to have, in hex, empty is any. A
// found response can be served at once, is to be closed, and use is Fresh or Stale; where found is nil an exchange is
// needed. The result is nil where the cache is bypassed.
func (c *responseCache) find(
	ctx context.Context, to *target, sha256 string, now time.Time,
) (found *cache.Found, use cache.Use, result *lookupResult) {
	header := withCookies(c.options, to.Header, to)
	r, ok := c.keys.requestOf(to, header)
	if !ok {
		return nil, cache.Useless, nil
	}
	found, place, err := cache.Find(ctx, c.options.Cache, &r)
	result = &lookupResult{request: r, place: place}
	if err != nil || found == nil {
		return nil, cache.Useless, result
	}
	if c.options.Changed != nil {
		result.reported = c.options.Changed.LastReported(ctx, &found.Entry)
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
		result.validators, result.requested = r.Validators(found.Header), found.Requested
		result.staleUntil = c.rules().StaleUntil(&found.Entry, header, now)
		result.dictionary = ownDictionary(&r, &found.Entry)
	}
	return nil, use, result
}

// findMissing returns the result of a lookup where it is known without one that nothing is stored for a target; else
// nil. Its Task need not be sent to a lookup worker then. With a new directory an exchange costs a thirtieth less by
// that.
func (c *responseCache) findMissing(to *target) *lookupResult {
	if c.options.Cache == nil || !cache.KnowsMissing(c.options.Cache) {
		return nil
	}
	header := withCookies(c.options, to.Header, to)
	r, ok := c.keys.requestOf(to, header)
	if !ok || cache.OnlyIfCached(header) {
		return nil
	}
	if place, missing := cache.FindMissing(c.options.Cache, &r); missing {
		return &lookupResult{request: r, place: place}
	}
	return nil
}

// isCurrent reports whether result is still right for the header that is sent now: a Jar may have had other cookies at
// the lookup.
func (c *responseCache) isCurrent(result *lookupResult, to *target, header http.Header) bool {
	if result == nil || c.options.Jar == nil {
		return true
	}
	r, ok := c.keys.requestOf(to, header)
	return ok && r.Who == result.request.Who
}

// isAcceptable reports whether this run accepts a stored response for the target, by address, status, size, hash and
// coding.
func (c *responseCache) isAcceptable(to *target, sha256 string, e *cache.Entry) bool {
	o := to.options
	switch {
	case !c.isAddrAllowed(to, e.RemoteAddr):
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
	if e.Coded {
		return o.Identity || isPackedFile(to, e.Header)
	}
	return !o.Identity || knownCodings(e.Header) == ""
}

// isAddrAllowed reports whether a connection to the address remote would be allowed: responses of servers that
// Options.Private refuses are not served from the cache either. Over a Unix socket there is no address to check.
func (c *responseCache) isAddrAllowed(to *target, remote string) bool {
	if !to.PublicOnly && (c.options.Private != dial.PrivateDeny || c.options.UnixSocket != "") {
		return true
	}
	if c.transport.HasProxyFor(&to.Target) { // remote is the proxy's
		return c.transport.RefusalBehindProxy(&to.Target) == nil
	}
	a, err := netip.ParseAddrPort(remote)
	return err == nil && c.transport.IsPublic(a.Addr())
}

// originAddr returns the address of the server, given that of the connection; behind a proxy it is unknown: empty.
func (c *responseCache) originAddr(to *target, remote string) string {
	if c.transport.HasProxyFor(&to.Target) {
		return ""
	}
	return remote
}

// invalidate removes the stored responses that a response with this status and header invalidates (RFC 9111 section
// 4.4).
func (c *responseCache) invalidate(ctx context.Context, to *target, status int, header http.Header) {
	if c.options.Cache == nil || !cache.Invalidates(to.Method, status) {
		return
	}
	urls := append(cache.AlsoInvalid(to.URL, header), to.URL)
	for _, u := range urls {
		r := cache.Request{URL: cacheURL(u), Via: c.keys.via(to)}
		_ = cache.Forget(ctx, c.options.Cache, r) // cache.Guard reports a Store that can't be reached
	}
}
