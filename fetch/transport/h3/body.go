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
	n, err := b.exchange.reader.readBody(p)
	if n > 0 {
		b.exchange.conn.noteRead()
	}
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
