package h3

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"batchfetch/fetch/conn"
)

// A body is the body of a response. One goroutine may read it; any may close it.
type body struct {
	counted *conn.Conn      // the stream
	ctx     context.Context //nolint:containedctx // that of RoundTrip, whose end ends the body
	isOver  atomic.Bool     // it was closed, or read to its end

	mu       sync.Mutex // guards the next two; is held by a read while that waits
	exchange *Exchange  // nil: it is over
	err      error      // of the end
}

var errBodyClosed = errors.New("h3: read of a closed body")

// Read is io.Reader's.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.exchange == nil {
		return 0, b.err
	}
	n, err := b.exchange.readBody(p)
	if err == io.EOF {
		err = b.exchange.awaitSent(b.ctx)
	}
	if err != nil {
		b.end(err)
	}
	return n, b.err
}

// end ends the exchange, with the error that further reads return. mu is held.
func (b *body) end(err error) {
	b.isOver.Store(true)
	b.err = b.exchange.end(b.ctx, err)
	b.exchange = nil
}

// Close is io.Closer's. It ends the exchange where the body has not been read to its end, and a read that waits.
func (b *body) Close() error {
	if !b.isOver.Load() {
		_ = b.counted.Close() // is nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.exchange != nil {
		b.end(errBodyClosed)
	}
	b.err = errBodyClosed
	return nil
}

// awaitSent returns io.EOF once the request was sent, where the server has use for all of it.
func (x *Exchange) awaitSent(ctx context.Context) error {
	if x.upload == nil || x.isError {
		return io.EOF
	}
	select {
	case <-x.upload.ended:
		return io.EOF
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// readBody reads what comes of the body into p, and waits for it. The error is io.EOF at the end of the response.
func (x *Exchange) readBody(p []byte) (int, error) {
	for x.left == 0 {
		if err := x.nextData(); err != nil {
			return 0, err
		}
	}
	n, err := x.in.Read(p[:min(uint64(len(p)), x.left)])
	x.left -= uint64(n) //nolint:gosec // not negative
	x.came += int64(n)
	x.conn.noteRead()
	if errors.Is(err, errEnd) && x.left == 0 { // it is that of the next read too
		err = nil
	}
	return n, cutOff(err)
}

// nextData reads up to what is in a DATA frame. The error is io.EOF at the end of the response.
func (x *Exchange) nextData() error {
	f, err := x.nextFrame()
	switch {
	case errors.Is(err, errEnd):
		if x.came < x.expected {
			return io.ErrUnexpectedEOF
		}
		x.received = true
		return io.EOF
	case err != nil:
		return err
	case x.hasTrailer:
		return connError(frameUnexpected, "a frame behind the trailer (section 4.1)")
	case f.kind == frameHeaders:
		x.hasTrailer = true
		trailer, err := x.readHeader(f.length)
		if err == nil {
			x.response.Trailer = trailer.header
		}
		return err
	case x.noBody:
		return malformed("DATA of a response that has no body (section 4.1.2)")
	case x.expected >= 0 && f.length > uint64(x.expected-x.came): //nolint:gosec // not negative
		return malformed("more DATA than content-length says (section 4.1.2)")
	}
	x.left = f.length
	return nil
}
