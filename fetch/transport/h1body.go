package transport

import (
	"context"
	"io"
	"sync/atomic"

	"batchfetch/fetch/failure"
)

// A responseBody is the body of a response. It owns the connection until the body has been read to its end or is
// closed.
type responseBody struct {
	in      io.Reader
	length  lengthBody // in, where the head was a usual one with a Content-Length
	conn    *h1Conn
	pool    *pool
	host    string           // the connection's key in pool
	within  *ExchangeContext // that closes the connection; nil: release undoes that
	release func() bool      // detaches the connection from another context; false where that has ended
	write   *bodyWrite
	last    bool // the connection carries no other exchange after this one
	refused bool // the status is an error: the server has no use for the rest of the request
	ended   atomic.Bool
	kept    atomic.Bool // the connection has gone back to pool

	chunked bool  // framing is counted
	start   int64 // what the connection had consumed before the body
	payload int64 // bytes of the body, without framing
	framing int64 // bytes of chunk sizes, extensions and trailers (RFC 9112 section 7.1)
}

// attach lets the connection be closed where ctx ends before detach.
func (b *responseBody) attach(ctx context.Context) {
	var ok bool
	if b.within, ok = ctx.(*ExchangeContext); ok {
		b.within.attach(b.conn)
		return
	}
	b.release = context.AfterFunc(ctx, b.conn.abort)
}

// detach ends what attach began, and reports whether the context has not ended.
func (b *responseBody) detach() bool {
	if b.within != nil {
		return b.within.detach(b.conn)
	}
	return b.release()
}

// Read is io.Reader's. An error, io.EOF included, ends the use of the connection.
func (b *responseBody) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	if b.chunked && !b.ended.Load() {
		b.payload += int64(n)
		b.framing = b.conn.consumed() - b.start - b.payload
	}
	if err != nil {
		b.end(err == io.EOF)
	}
	if b.chunked && b.payload > 0 && isNoChunkSize(err) {
		f := failure.New(failure.Truncated, "the body broke off: what followed is no chunk: %w", err)
		f.Option = failure.BrokenBody
		err = f
	}
	return n, err
}

// isNoChunkSize reports whether err says that something else stands where the size of a chunk should. Behind other
// chunks that is how a body breaks off whose application fails: Puma 5.6 writes a status line there, others the text of
// an error.
func isNoChunkSize(err error) bool {
	if err == nil {
		return false
	}
	switch err.Error() { // package net/http has no other name for it
	case "invalid byte in chunk length", "empty hex number for chunk length", "chunked line ends with bare LF":
		return true
	}
	return false
}

// Close closes the connection where the body has not been read to its end. Any goroutine may call it.
func (b *responseBody) Close() error {
	b.end(false)
	return nil
}

// end gives the connection back to the pool, or closes it; whole says that the response has been read to its end. The
// rest of the request is sent first, unless the response is an error, as curl does: a server may respond early and
// read on.
func (b *responseBody) end(whole bool) {
	if b.ended.Swap(true) {
		return
	}
	if whole && !b.refused {
		b.write.wait()
	}
	if live := b.detach(); !live || !whole || b.last || !b.write.isDone() || b.conn.in.Buffered() > 0 {
		b.conn.close()
		b.write.wait()
		return
	}
	if cap(b.conn.in.raw) > 2*headBuffer {
		b.conn.in.raw = nil
	}
	headReaders.Put(b.conn.in)
	b.conn.in = nil
	b.kept.Store(true)
	b.pool.putIdle(b.host, b.conn)
}
