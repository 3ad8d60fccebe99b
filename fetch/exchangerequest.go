package fetch

import (
	"context"
	"net/http"
	"time"

	"batchfetch/fetch/failure"
)

// This file is what an exchange requests: the header of its target, with cookies and what makes it conditional.

// prepare settles what the request is besides its target, by what there is on disk of earlier exchanges.
func (x *exchange) prepare(ctx context.Context, r *Request, now time.Time) *failure.Failure {
	if why := x.findPartial(ctx, r); why != nil {
		return why
	}
	x.body.dictionary = x.offerDictionary(ctx, now)
	return x.proof.prove(x.to, x.headerWithCookies())
}

// prepareTakesTime reports whether prepare may have read from a disk, or hashed the request.
func (x *exchange) prepareTakesTime() bool {
	return x.options.BodyStore != nil || x.body.dictionary != nil || x.to.prover != nil
}

// findPartial looks for a partial body of r that the exchange continues. Then it has no conditions of the cache: what
// is stored there is older, as a rule, or there would be no part.
func (x *exchange) findPartial(ctx context.Context, r *Request) *failure.Failure {
	p := &x.body.resumption
	if x.body.headerOnly || !p.lock(x.options, x.to, r) || x.unconditional {
		return nil
	}
	why := p.hashStart(ctx)
	x.cache.unconditional = x.cache.unconditional || p.isRequested()
	return why
}

// offerDictionary returns the dictionary that the request offers, with its content in memory; nil is none. What is
// archived is to be read without the cache.
func (x *exchange) offerDictionary(ctx context.Context, now time.Time) *offeredDictionary {
	if x.to.URL.Scheme != "https" || x.cache.lookup == nil || x.to.Method != http.MethodGet || x.body.headerOnly ||
		x.unconditional || x.identity || x.uncoded || x.body.resumption.isRequested() || x.options.Identity ||
		!acceptsCodings(x.to.Header) || x.to.Header["Available-Dictionary"] != nil || x.options.Archive != nil {
		return nil
	}
	return x.cache.cache.dictionaries.offer(ctx, x.cache.lookup.request, x.cache.lookup.dictionary, now)
}

// releaseDictionary ends the use of the dictionary that was offered: it takes no memory while the worker is idle.
func (x *exchange) releaseDictionary() {
	x.body.dictionary.release()
	x.body.dictionary = nil
}

// headerWithCookies returns the header of the request. It is shared and must not be written to.
func (x *exchange) headerWithCookies() http.Header {
	h := x.requestHeader()
	if x.options.Jar == nil || len(x.cookies) == 0 {
		return h
	}
	return mergeHeaders(h, http.Header{"Cookie": x.cookies})
}

// noCache asks caches on the way not to answer by what they have stored (RFC 9111 section 5.2.1.4).
var noCache = http.Header{"Cache-Control": {"no-cache"}}

// requestHeader returns the header that is sent, but for a Jar's cookies: that of the target, which is shared, with the
// conditions of the cache, or the range where a partial body is continued. It sets conditional.
func (x *exchange) requestHeader() http.Header {
	added := x.cache.conditions()
	if missing := x.body.resumption.header(); missing != nil {
		added, x.identity = missing, true // the server has the validator of each coding apart
	}
	if x.body.dictionary != nil {
		added = mergeHeaders(added, x.body.dictionary.header())
	}
	if x.identity && !x.unconditional && acceptsCodings(x.to.Header) {
		added = mergeHeaders(added, identityOnly)
	}
	own := x.to.Header
	if x.uncoded && acceptsCodings(own) {
		own = mergeHeaders(own, identityOnly)
	}
	if x.pastCaches && own["Cache-Control"] == nil {
		own = mergeHeaders(own, noCache)
	}
	if x.conditional = added != nil; !x.conditional {
		return own
	}
	return mergeHeaders(own, added)
}
