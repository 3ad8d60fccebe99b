package fetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"batchfetch/fetch/cache"
)

// A remembering is what one exchange has to do with the cache: what it knows, and what it will.
type remembering struct {
	*recall // nil is nothing: the cache is passed by
	run     *run
}

// conditions are sent with a request so that the server can say that what is kept still holds.
func (m *remembering) conditions() http.Header {
	if m.recall == nil || !m.kept {
		return nil
	}
	return m.validators.Conditions()
}

// stillAsked reports whether what was looked up for a Task is what it asks for with header: a Jar may have other cookies by then.
func (r *run) stillAsked(t *task, header http.Header) bool {
	if t.recall == nil || r.options.Jar == nil {
		return true
	}
	q, ok := r.questionOf(&t.target, header)
	return ok && q.Who == t.recall.question.Who
}

// errUnkept is why the server is asked anew: what it confirmed is not there any more, or never was.
var errUnkept = errors.New("the cached answer that the server confirmed can't be used")

// confirmed takes the kept answer that a 304 is about (RFC 9111 section 4.3.4) for the server's own.
func (x *exchange) confirmed(ctx context.Context, resp *http.Response, rec *Record) Answer {
	m := &x.memory
	o := m.run.options
	anew := Answer{Status: resp.StatusCode, Unusable: &Failure{Kind: Protocol, Err: errUnkept}}
	if !m.validators.Confirms(resp.Header) {
		m.forget()
		return anew
	}
	found, err := o.Cache.Get(ctx, m.place.At())
	if err != nil || found == nil || found.IsDigest() || found.SHA256 != m.sum {
		if found != nil {
			found.Close()
		}
		m.forget()
		return anew
	}
	defer found.Close()
	e := found.Freshen(resp.Header, x.answered)
	e.Requested, e.Received, e.RemoteAddr = x.began, x.answered, x.server()
	found.Entry.Header = e.Header
	rec.Cache = CacheRevalidated
	m.sign(&e, rec)
	if err := m.run.revive(ctx, found, e.Header, rec); errors.Is(err, cache.ErrCorrupt) {
		m.forget()
		return anew
	} else if err != nil {
		return Answer{Status: e.Status, Header: e.Header, ServerHeader: resp.Header, Failure: asFailure(err)}
	}
	_ = o.Cache.Refresh(ctx, m.place.At(), &e) // where that fails it is asked for again the next time
	return Answer{Status: e.Status, Header: e.Header, ServerHeader: resp.Header}
}

// server is the address of the server that answered; behind a proxy nobody knows it.
func (x *exchange) server() string {
	if x.memory.run.roads.proxies.of(x.to.url) != nil {
		return ""
	}
	return x.remote
}

// sign notes in what will be kept what the user is told of it, and in the Record whether that is anything new.
func (m *remembering) sign(e *cache.Entry, rec *Record) {
	changed := m.run.options.Changed
	if changed == nil || !e.HasBody && !e.IsDigest() {
		e.Seen, e.Teller = e.SHA256, cache.Sum{}
		return
	}
	rec.Unchanged = e.SHA256 == m.told
	changed.Sign(e, m.told)
}

// A copying is an answer on its way into the cache while it is read. A nil one keeps nothing.
type copying struct {
	draft  *cache.Draft
	header http.Header
	broken bool // it could not be written
}

// keep begins to keep an answer, where that may be and is of use.
func (x *exchange) keep(ctx context.Context, resp *http.Response) *copying {
	m := &x.memory
	if m.recall == nil || x.partial != partialNone {
		return nil
	}
	header := cache.Storable(resp.Header, x.answered)
	if !m.run.options.cacheRules().Keeps(resp.StatusCode, header) {
		return nil
	}
	if m.run.options.Jar != nil && len(resp.Header["Set-Cookie"]) > 0 { // from the cache it would set none
		return nil
	}
	draft, err := m.place.Draft(ctx, m.run.options.Cache, &m.question, header)
	if err != nil {
		return nil // a cache that can't be written costs no request
	}
	return &copying{draft: draft, header: header}
}

// of returns body, whose bytes are kept as they are read.
func (c *copying) of(body io.Reader) io.Reader {
	if c == nil {
		return body
	}
	return readFunc(func(p []byte) (int, error) {
		n, err := body.Read(p)
		if n > 0 && !c.broken {
			_, failed := c.draft.Write(p[:n])
			c.broken = failed != nil
		}
		return n, err
	})
}

// kept ends what keep began: with a body that is whole and verified, or with none.
func (x *exchange) kept(ctx context.Context, c *copying, resp *http.Response, rec *Record, hasBody bool, failure *Failure) {
	m := &x.memory
	if c != nil {
		defer c.draft.Abort()
	}
	if failure != nil || m.recall == nil {
		return
	}
	e := &cache.Entry{Status: resp.StatusCode, Proto: resp.Proto, HasBody: hasBody,
		Requested: x.began, Received: x.answered, RemoteAddr: x.server(), Coded: x.options.Identity && len(contentCodings(resp.Header)) > 0}
	if hasBody {
		e.Size, e.SHA256 = rec.Bytes, rec.SHA256
	}
	if c != nil {
		e.Header = c.header
	}
	m.sign(e, rec)
	if c != nil && !c.broken && c.draft.Commit(ctx, e) == nil || m.run.options.Changed == nil || !hasBody {
		return
	}
	digest := cache.Digest(e.SHA256, e.Received)
	digest.Seen, digest.Teller = e.Seen, e.Teller
	_ = m.place.KeepDigest(ctx, m.run.options.Cache, &m.question, digest) // where that fails the next run tells of it once more
}

// invalidate forgets what an answer has made wrong (RFC 9111 section 4.4).
func (w *worker) invalidate(ctx context.Context, t *task, a Answer) {
	if w.options.Cache == nil || !cache.Invalidates(t.method, a.Status) { // a body that failed has changed something all the same
		return
	}
	urls := append(cache.AlsoInvalid(t.url, a.Header), t.url)
	for _, u := range urls {
		q := cache.Question{URL: urlOf(u), Via: w.via(&t.target)}
		_ = cache.Forget(ctx, w.options.Cache, q) // a Store that can't be reached now has been told of
	}
}

// rescue takes what is kept for the answer of a server that failed, where that is allowed (RFC 5861 section 4), and makes the failure a success.
func (w *worker) rescue(ctx context.Context, t *task, record *Record) {
	c, now := t.recall, time.Now()
	if c == nil || !c.kept || t.Verdict.Failure == nil || !now.Before(c.staleUntil) || !standsIn(t.Verdict.Failure, t.answered) {
		return
	}
	found, err := w.options.Cache.Get(ctx, c.place.At())
	if err != nil || found == nil {
		return
	}
	defer found.Close()
	if found.IsDigest() || found.SHA256 != c.sum || leadsOn(w.options, found.Status, found.Header) {
		return
	}
	stale := newRecord(t)
	stale.Cache = CacheStale
	(&looker{w}).compare(ctx, found, c, stale)
	if err := w.revive(ctx, found, shownHeader(found, w.options, now), stale); err != nil {
		stale.ReleaseBody()
		return
	}
	*record, t.rescued = *stale, true // the verdict stays: it says how the host is
	t.outcome.status, t.outcome.bytes, t.outcome.wireBytes = record.Status, record.Bytes, 0
	t.outcome.cache, t.outcome.unchanged = CacheStale, record.Unchanged
}

// standsIn names the failures for which a kept answer may stand in: what RFC 5861 section 4 calls an error, in a server's own words
// or for want of them.
func standsIn(f *Failure, status int) bool {
	switch f.Kind {
	case DNS, Connect, TLS, Timeout, Stalled, Reset, Truncated, Protocol, HostDown:
		return true
	case BadStatus, RateLimited:
		return status == http.StatusInternalServerError || status == http.StatusBadGateway ||
			status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
	}
	return false
}
