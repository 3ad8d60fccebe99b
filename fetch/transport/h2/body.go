package h2

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// A response is a response with its body, allocated as one.
type response struct {
	http.Response
	body body
}

// A body is the body of a response. One goroutine may read it; any may close it. A read sends what is left of the
// request meanwhile.
type body struct {
	conn *Conn

	mu     sync.Mutex      // guards all below; is held by a read while that waits, and taken before Conn.mu
	stream *stream         // nil: it was closed, or read to its end; is written under Conn.mu too
	ctx    context.Context //nolint:containedctx // that of RoundTrip, whose end ends the body
	taken  *chunk          // what is read next, of those taken off the stream
	read   int             // bytes that were read, and that the window does not know of
	step   int             // as many of them are told to it at once
	err    error           // of the end
}

var errBodyClosed = errors.New("h2: read of a closed body")

// Read is io.Reader's. What has come before an error is returned before it.
func (b *body) Read(p []byte) (n int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken == nil {
		if b.stream == nil {
			return 0, b.err
		}
		if b.err = b.next(); b.err != nil {
			return 0, b.err
		}
	}
	for n < len(p) && b.taken != nil {
		c := b.taken
		m := copy(p[n:], c.bytes[c.read:c.wrote])
		c.read += m
		n += m
		if c.read == c.wrote {
			b.taken, c.next = c.next, nil
			release(c)
		}
	}
	if b.read += n; b.read >= b.step && b.stream != nil && b.taken != nil {
		b.conn.mu.Lock()
		b.openWindow()
		b.conn.flush(b.ctx)
		b.conn.mu.Unlock()
	}
	return n, nil
}

// next takes what has come of the body, or waits for it. Its error is that of the end.
func (b *body) next() error {
	c, s := b.conn, b.stream
	c.mu.Lock()
	for {
		b.openWindow()
		if b.taken = s.pending.take(); b.taken != nil {
			b.step = s.window.size / 4
			c.flush(b.ctx)
			c.mu.Unlock()
			return nil
		}
		switch {
		case s.err != nil:
			return b.end(s.err)
		case s.received && s.isSent():
			return b.end(io.EOF)
		}
		c.flush(b.ctx)
		if s.pending.first != nil {
			continue
		}
		err := c.send(b.ctx, s)
		if err != nil && s.received && s.pending.first == nil { // whole, whatever the server takes of the request
			err = cmp.Or(s.err, io.EOF)
		}
		if err != nil {
			return b.end(err)
		}
	}
}

// openWindow lets the server send more, for what was read. mu is held.
func (b *body) openWindow() {
	c, s := b.conn, b.stream
	if b.read > 0 && !s.received {
		if n := s.window.consumed(b.read, c.roundTrip, c.config.Windows, time.Now); n > 0 && c.streams[s.id] == s {
			_ = c.framer.WriteWindowUpdate(s.id, uint32(n)) //nolint:gosec // at most maxWindow
		}
	}
	b.read = 0
}

// end ends the exchange, with the error that further reads return. b.mu and Conn.mu are held, the latter is released.
func (b *body) end(err error) error {
	s := b.stream
	b.stream, b.err = nil, err
	b.conn.endExchange(b.ctx, s)
	return err
}

// Close is io.Closer's. It ends the exchange where the body has not been read to its end, and a read that waits.
func (b *body) Close() error {
	b.conn.mu.Lock()
	if s := b.stream; s != nil {
		b.conn.cancelStream(s, errBodyClosed)
	}
	b.conn.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	release(b.taken)
	b.taken = nil
	if b.stream != nil {
		b.conn.mu.Lock()
		_ = b.end(errBodyClosed)
	}
	return nil
}
