package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/spool"
)

// serveStored fills rec with a stored response, by the Options o of its target, with header for Record.Header. Its body
// goes where that of an exchange would; one that rec says is Unchanged is not read. The error is cache.ErrCorrupt where
// the body is not what was stored, else a *Failure.
func (c *responseCache) serveStored(
	ctx context.Context, o *Options, found *cache.Found, header http.Header, rec *Record,
) error {
	rec.Status, rec.Protocol, rec.ContentType = found.Status, found.Proto, found.Header.Get("Content-Type")
	rec.header, rec.storedAddr = header, found.RemoteAddr
	if o.KeepHeader {
		rec.Header = header
	}
	if !found.HasBody {
		return nil
	}
	_, rec.ContentEncoding = o.codingsOf(found.Header, nil)
	if found.Coded {
		rec.ContentEncoding = allCodings(found.Header)
	}
	rec.Bytes, rec.SHA256, rec.Hashed = found.Size, found.SHA256, true
	switch {
	case rec.Unchanged && !o.Paginate.InBody() && !o.forRobots:
		return nil
	case o.BodyStore != nil:
		return storedToBodyStore(ctx, found, o.BodyStore, rec)
	case o.DropBody:
		return nil
	case o.BodyMemory > 0 && found.Size > o.BodyMemory:
		return c.storedToSpool(ctx, found, rec)
	}
	body := newBuffer()
	for int64(cap(body.bytes)) < found.Size+bytes.MinRead { // so that no read has to grow it to find the end
		body.grow()
	}
	text, err := found.AppendTo(body.bytes)
	if err != nil {
		body.release()
		return storedReadError(ctx, err)
	}
	body.bytes = text
	rec.Body, rec.body, rec.HasBody = text, body, true
	return nil
}

// serveStale fills rec with the stored response that l is about, and reports whether that could be done. A redirect is
// not served.
func (c *responseCache) serveStale(
	ctx context.Context, o *Options, l *lookupResult, now time.Time, rec *Record,
) bool {
	found, err := c.options.Cache.Get(ctx, l.place.At())
	if err != nil || found == nil {
		return false
	}
	defer found.Close()
	if found.IsDigest() || found.SHA256 != l.sum || isFollowed(c.options, found.Status, found.Header) {
		return false
	}
	rec.Cache = CacheStale
	c.reportStored(ctx, found, l, rec)
	if err := c.serveStored(ctx, o, found, c.headerWithAge(found, now), rec); err != nil {
		rec.ReleaseBody()
		return false
	}
	return true
}

// mayServeStale reports whether a stored response may be served for a failure: for one of the statuses that RFC 5861
// section 4 calls an error, and for a server that gave no usable response. status is 0 where none came, and f nil where
// nothing failed.
func mayServeStale(f *failure.Failure, status int) bool {
	if f == nil {
		return false
	}
	switch f.Kind {
	case failure.DNS, failure.Connect, failure.TLS, failure.Timeout, failure.Stalled, failure.Reset,
		failure.Truncated, failure.Protocol, failure.HostDown:
		return true
	case failure.BadStatus, failure.RateLimited:
		return status == http.StatusInternalServerError || status == http.StatusBadGateway ||
			status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
	}
	return false
}

// storedToSpool copies a stored body into a temporary file.
func (c *responseCache) storedToSpool(ctx context.Context, found *cache.Found, rec *Record) error {
	body, err := c.options.TempSpace.NewBody(spool.Claim{Size: found.Size})
	if err != nil {
		return spoolFailure(err)
	}
	if err := copyAtMost(body, contextReader(ctx, found), found.Size+1); err != nil {
		_ = body.Close() // a body that failed is of no use
		var broken *spool.Error
		if errors.As(err, &broken) {
			return spoolFailure(err)
		}
		return storedReadError(ctx, err)
	}
	rec.Spool, rec.HasBody = body, true
	return nil
}

// storedToBodyStore copies a stored body into the BodyStore, and removes a partial body that it has of the Request.
func storedToBodyStore(ctx context.Context, found *cache.Found, store BodyStore, rec *Record) error {
	if parts, ok := store.(PartialStore); ok {
		if part := parts.Partial(&rec.Request); part != nil {
			part.Remove()
		}
	}
	out, err := store.Create(&rec.Request)
	if err != nil {
		return storeFailure(err)
	}
	to := &errWriter{out: out}
	if err := copyAtMost(to, contextReader(ctx, found), found.Size+1); err != nil {
		out.Abandon()
		if to.err != nil {
			return storeFailure(to.err)
		}
		return storedReadError(ctx, err)
	}
	err = commitBody(out, rec)
	out.Abandon() // does nothing after a Commit that succeeded
	return err
}

// An errWriter writes to out and keeps its last error, so that it is not taken for one of the reader.
type errWriter struct {
	out io.Writer
	err error
}

func (w *errWriter) Write(p []byte) (int, error) {
	n, err := w.out.Write(p)
	w.err = err
	return n, err
}

// contextReader returns a reader of body that ends with ctx; its error is then the *Failure that says why.
func contextReader(ctx context.Context, body io.Reader) io.Reader {
	return readFunc(func(p []byte) (int, error) {
		if f := failure.FromContext(ctx); f != nil {
			return 0, f
		}
		return body.Read(p)
	})
}

// A readFunc is a function as an io.Reader.
type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// storedReadError returns the error of a stored body that could not be read: a *Failure where the run has ended or err
// is one, else cache.ErrCorrupt.
func storedReadError(ctx context.Context, err error) error {
	var known *failure.Failure
	if f := failure.FromContext(ctx); f != nil {
		return f
	}
	if errors.As(err, &known) {
		return known
	}
	return cache.ErrCorrupt
}

// storedFailure returns the *Failure that an error of serveStored is, or one of Kind IO; nil is nil.
func storedFailure(err error) *failure.Failure {
	var known *failure.Failure
	if err == nil || errors.As(err, &known) {
		return known
	}
	return &failure.Failure{Kind: failure.IO, Err: err}
}

// headerWithAge returns the header of a stored response that is served without validation, with its Age in seconds (RFC
// 9111 section 4) where Options.KeepHeader wants it in the Record.
func (c *responseCache) headerWithAge(found *cache.Found, now time.Time) http.Header {
	if !c.options.KeepHeader {
		return found.Header
	}
	age := c.rules().Age(&found.Entry, now)
	return mergeHeaders(found.Header, http.Header{"Age": {strconv.FormatInt(int64(age/time.Second), 10)}})
}

// reportStored sets Record.Unchanged where an earlier run has reported a stored body, else notes in the Store that this
// run reports it (Options.Changed). What an earlier run has reported is noted in the entry itself: it then does not
// depend on the entry of that run, which may be evicted.
func (c *responseCache) reportStored(ctx context.Context, found *cache.Found, result *lookupResult, record *Record) {
	if c.options.Changed == nil || !found.HasBody {
		return
	}
	record.Unchanged = found.SHA256 == result.reported
	if record.Unchanged && found.Reporter == (cache.Sum{}) {
		return
	}
	e := found.Entry
	c.options.Changed.MarkReported(&e, result.reported)
	_ = c.options.Cache.Refresh(ctx, result.place.At(), &e) // where that fails the next run reports the body again
}
