package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"batchfetch/fetch/cache"
)

// revive makes a Record of a kept answer; of one that is unchanged nobody looks at the body. The error is cache.ErrCorrupt where the body is not what was kept, else a *Failure.
func (r *run) revive(ctx context.Context, found *cache.Found, header http.Header, rec *Record) error {
	rec.Status, rec.Protocol, rec.ContentType = found.Status, found.Proto, found.Header.Get("Content-Type")
	if r.options.KeepHeader {
		rec.Header = header
	}
	if !found.HasBody {
		return nil
	}
	rec.Bytes, rec.SHA256, rec.Hashed = found.Size, found.SHA256, true
	switch {
	case rec.Unchanged:
		return nil
	case r.options.Keeper != nil:
		return r.keepAgain(ctx, found, rec)
	case r.options.DropBody:
		return nil
	case r.options.BodyMemory > 0 && found.Size > r.options.BodyMemory:
		return spoolAgain(ctx, found, rec)
	}
	body := newBuffer()
	for int64(cap(body.bytes)) < found.Size+bytes.MinRead { // which a reader wants to find the end in
		body.grow()
	}
	text, err := found.AppendTo(body.bytes)
	if err != nil {
		body.release()
		return cacheFailed(ctx, err)
	}
	body.bytes = text
	rec.Body, rec.body, rec.HasBody = text, body, true
	return nil
}

// untilEnded is a body that ends with the run.
func untilEnded(ctx context.Context, body io.Reader) io.Reader {
	return readFunc(func(p []byte) (int, error) {
		if f := ended(ctx); f != nil {
			return 0, f
		}
		return body.Read(p)
	})
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// cacheFailed tells the end of the run, and what is no Failure of the cache's, from a body that can't be read: that is as good as a spoilt one.
func cacheFailed(ctx context.Context, err error) error {
	var failure *Failure
	if f := ended(ctx); f != nil {
		return f
	}
	if errors.As(err, &failure) {
		return failure
	}
	return cache.ErrCorrupt
}

// spoolAgain puts a kept body into a temporary file.
func spoolAgain(ctx context.Context, found *cache.Found, rec *Record) error {
	spool, err := NewSpool()
	if err != nil {
		return spoolBroken(err)
	}
	if err := pour(spool, untilEnded(ctx, found), found.Size+1); err != nil {
		_ = spool.Close() // nobody wants what is in it
		var broken *SpoolError
		if errors.As(err, &broken) {
			return spoolBroken(err)
		}
		return cacheFailed(ctx, err)
	}
	rec.Spool, rec.HasBody = spool, true
	return nil
}

// keepAgain gives a kept body to the Keeper.
func (r *run) keepAgain(ctx context.Context, found *cache.Found, rec *Record) error {
	if parts, ok := r.options.Keeper.(PartKeeper); ok {
		if part := parts.Part(&rec.Request); part != nil {
			part.Drop()
		}
	}
	out, err := r.options.Keeper.Keep(&rec.Request)
	if err != nil {
		return keepFailed(err)
	}
	to := &watched{out: out}
	if err := pour(to, untilEnded(ctx, found), found.Size+1); err != nil {
		out.Abandon()
		if to.err != nil {
			return keepFailed(to.err)
		}
		return cacheFailed(ctx, err)
	}
	rec.Path, err = out.Commit(rec.SHA256)
	out.Abandon() // unless it has its name
	return keepFailed(err)
}

// A watched tells a Keeper's error from one of what is read.
type watched struct {
	out io.Writer
	err error
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.out.Write(p)
	w.err = err
	return n, err
}
