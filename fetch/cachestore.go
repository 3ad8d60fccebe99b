package fetch

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"time"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/coding"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// A cacheExchange is the cache's part of one exchange: it has the stored response validated, and stores the new one.
type cacheExchange struct {
	cache  *responseCache
	lookup *lookupResult // nil where the cache is bypassed

	unconditional bool // the stored response is not validated by this exchange
}

// An originResponse is the response of a server, with what a stored one has beside its status, header and body.
type originResponse struct {
	*http.Response
	to                  *target
	requested, received time.Time // when the request was sent, and when the header had come
	remote              string    // address of the connection
	partial             bool      // it is for a request of the missing part of a body, and is not stored
	coded               bool      // its body has content codings that are not taken off

	dictionary *coding.Dictionary // with which its body is coded; nil is none
}

// conditions returns the headers by which the server validates the stored response (RFC 9111 section 4.3.1); nil is
// none.
func (x *cacheExchange) conditions() http.Header {
	if x.lookup == nil || !x.lookup.hasStored || x.unconditional {
		return nil
	}
	return x.lookup.validators.Conditions()
}

// emptySum is the hash of a body of no bytes.
var emptySum = cache.Sum(sha256.Sum256(nil))

// revalidatesBody reports whether the exchange validates a stored response whose body is not empty.
func (x *cacheExchange) revalidatesBody() bool {
	return x.conditions() != nil && x.lookup.sum != emptySum && x.lookup.sum != cache.Sum{}
}

// errStoredUnusable is why the request is sent again without conditions: the response that the server validated is not
// stored any more, or never was.
var errStoredUnusable = errors.New("the cached answer that the server confirmed can't be used")

// serveRevalidated fills rec with the stored response that a 304 validates (RFC 9111 section 4.3.4). Where that can't
// be used Answer.Unusable is set, and the next exchange is a request without conditions.
func (x *cacheExchange) serveRevalidated(
	ctx context.Context, o *Options, resp originResponse, rec *Record,
) judge.Answer {
	store := x.cache.options.Cache
	unusable := judge.Answer{
		Status: resp.StatusCode, Unusable: &failure.Failure{Kind: failure.Protocol, Err: errStoredUnusable},
	}
	if !x.lookup.validators.Confirms(resp.Header) {
		x.lookup.dropStored()
		return unusable
	}
	found, err := store.Get(ctx, x.lookup.place.At())
	if err != nil || found == nil || found.IsDigest() || found.SHA256 != x.lookup.sum {
		if found != nil {
			found.Close()
		}
		x.lookup.dropStored()
		return unusable
	}
	defer found.Close()
	if deniesStored(resp.Header, found.SHA256, found.Coded || knownCodings(found.Header) == "") {
		x.lookup.dropStored()
		return unusable
	}
	e := found.Freshen(&x.lookup.request, resp.Header, resp.received)
	e.Requested, e.Received, e.RemoteAddr = resp.requested, resp.received, x.cache.originAddr(resp.to, resp.remote)
	rec.Cache = CacheRevalidated
	x.markReported(&e, rec)
	refresh := x.cache.rules().NeedsRefresh(&found.Entry, &e, resp.to.Header)
	found.Entry.Header = e.Header
	if err := x.cache.serveStored(ctx, o, found, e.Header, rec); errors.Is(err, cache.ErrCorrupt) {
		x.lookup.dropStored()
		return unusable
	} else if err != nil {
		return judge.Answer{Status: e.Status, Header: e.Header, ServerHeader: resp.Header, Failure: storedFailure(err)}
	}
	if refresh {
		_ = store.Refresh(ctx, x.lookup.place.At(), &e) // where that fails it is validated again the next time
	}
	return judge.Answer{Status: e.Status, Header: e.Header, ServerHeader: resp.Header}
}

// markReported sets in an entry that is about to be stored that this run reports its body (Options.Changed), and sets
// Record.Unchanged where an earlier run has.
func (x *cacheExchange) markReported(e *cache.Entry, rec *Record) {
	changed := x.cache.options.Changed
	if changed == nil || !e.HasBody && !e.IsDigest() {
		e.ReportedBefore, e.Reporter = e.SHA256, cache.Sum{}
		return
	}
	rec.Unchanged = e.SHA256 == x.lookup.reported
	changed.MarkReported(e, x.lookup.reported)
}

// A cacheWriter stores a response while its body is read. A nil cacheWriter stores nothing.
type cacheWriter struct {
	draft  *cache.Draft
	header http.Header // as it is stored
	failed bool        // draft could not be written: it is not committed
}

// startStoring begins to store a response, where that is allowed (RFC 9111 section 3) and useful; else it returns nil.
func (x *cacheExchange) startStoring(ctx context.Context, resp originResponse) *cacheWriter {
	if x.lookup == nil || resp.partial {
		return nil
	}
	o := x.cache.options
	header := cache.Storable(resp.Header, resp.received)
	if resp.dictionary != nil { // the body is stored decoded: no later run has the dictionary
		delete(header, "Content-Encoding")
		if _, kept := coding.Of(resp.Header, resp.dictionary); kept != "" {
			header["Content-Encoding"] = []string{kept}
		}
	}
	if !x.cache.rules().Keeps(resp.StatusCode, header) {
		return nil
	}
	if o.Jar != nil && len(resp.Header["Set-Cookie"]) > 0 { // a stored response would not set the cookie
		return nil
	}
	draft, err := x.lookup.place.Draft(ctx, o.Cache, &x.lookup.request, header)
	if err != nil {
		return nil // a cache that can't be written costs no request
	}
	return &cacheWriter{draft: draft, header: header}
}

// tee returns a reader of body that stores what is read.
func (w *cacheWriter) tee(body io.Reader) io.Reader {
	if w == nil {
		return body
	}
	return readFunc(func(p []byte) (int, error) {
		n, err := body.Read(p)
		if n > 0 && !w.failed {
			_, failed := w.draft.Write(p[:n])
			w.failed = failed != nil
		}
		return n, err
	})
}

// finishStoring commits or aborts what startStoring returned, w, once the body has come: whole and verified, or with a
// failure. Of a body that is not stored it stores the hash, for Options.Changed.
func (x *cacheExchange) finishStoring(
	ctx context.Context, w *cacheWriter, resp originResponse, rec *Record, failure *failure.Failure,
) {
	if w != nil {
		defer w.draft.Abort() // does nothing after Commit
	}
	if failure != nil || x.lookup == nil {
		return
	}
	e := x.entryOf(w, resp)
	e.HasBody, e.Size, e.SHA256 = true, rec.Bytes, rec.SHA256
	x.markReported(e, rec)
	if w != nil && !w.failed && w.draft.Commit(ctx, e) == nil {
		x.cache.dictionaries.lists.keep(ctx, &x.lookup.request, e)
		return
	}
	if x.cache.options.Changed == nil {
		return
	}
	digest := cache.Digest(e.SHA256, e.Received)
	digest.ReportedBefore, digest.Reporter = e.ReportedBefore, e.Reporter
	// where that fails the next run reports the body again
	_ = x.lookup.place.KeepDigest(ctx, x.cache.options.Cache, &x.lookup.request, digest)
}

// storeWithoutBody stores a response that has no body, or whose body is not read.
func (x *cacheExchange) storeWithoutBody(ctx context.Context, resp originResponse, rec *Record) {
	w := x.startStoring(ctx, resp)
	if w == nil {
		return
	}
	defer w.draft.Abort() // does nothing after Commit
	e := x.entryOf(w, resp)
	x.markReported(e, rec)
	_ = w.draft.Commit(ctx, e) // where that fails the next lookup finds nothing
}

// entryOf returns the entry of a response, without the fields about its body.
func (x *cacheExchange) entryOf(w *cacheWriter, resp originResponse) *cache.Entry {
	e := &cache.Entry{Status: resp.StatusCode, Proto: resp.Proto, Requested: resp.requested, Received: resp.received,
		RemoteAddr: x.cache.originAddr(resp.to, resp.remote), Coded: resp.coded}
	if w != nil {
		e.Header = w.header
	}
	return e
}
