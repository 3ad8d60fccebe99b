package transport

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/dial"
)

// An h1Conn is a connection that carries HTTP/1.1 (RFC 9112), one exchange at a time, in the goroutine of that
// exchange, which owns it from acquire to responseBody.end. While it is idle, or on its way to a wantConn, the pool
// owns it.
type h1Conn struct {
	conn     *conn.Conn
	tls      *tls.Conn   // over conn; nil is no TLS
	readTLS  *tls.Conn   // the TLS connection that is read from: tls, or that to an https:// proxy; nil is no TLS
	in       *headReader // nil while no exchange has the connection
	headLeft int         // bytes that the header may still have; below 0: no header is being read
	received int64       // bytes read from the stream
	used     bool        // it has carried an exchange
	unpolled bool        // it is used again without a poll
	probe    [1]byte     // for hasNothingReceived
	abort    func()      // closes conn; any goroutine may call it

	headers headerCache
	idle    idleEntry // guarded by pool.mu
}

// newH1Conn returns an h1Conn over c, with tlsConn over c where that is not nil.
func newH1Conn(c *conn.Conn, tlsConn *tls.Conn) *h1Conn {
	h := &h1Conn{conn: c, tls: tlsConn, readTLS: tlsConn, headLeft: -1}
	if tlsConn == nil {
		h.readTLS, _ = c.Conn.(*tls.Conn)
	}
	h.abort = func() { _ = c.Close() } // its reader gets the error
	return h
}

// stream returns the connection that HTTP is read from and written to: TLS where there is TLS.
func (h *h1Conn) stream() net.Conn {
	if h.tls != nil {
		return h.tls
	}
	return h.conn
}

// close closes the connection. The caller owns it, or has taken it out of the pool.
func (h *h1Conn) close() { _ = conn.Close(h.stream()) } // it is not used any more, so the error has no meaning

// quietFor is how soon after its last response a connection may be used again without a poll.
const quietFor = time.Millisecond

// freshFor is how long a connection that has carried no exchange may be idle and still be used without a poll.
const freshFor = 20 * time.Millisecond

// probeTime is how long a read waits that checks for unread bytes: enough to read what has come, TLS session tickets
// included.
const probeTime = time.Millisecond

// isReusable reports whether nothing has come over the connection since its last response, be it bytes or the end of
// the stream: bytes that come before a request is sent are no response to it. It costs a poll(2), over TLS a read too.
// The bytes may be a TLS session ticket alone: then a good connection is closed, unless it is a new one, on which
// tickets are usual.
func (h *h1Conn) isReusable() bool {
	switch {
	case !h.mayBeStale():
		return true
	case !h.conn.CanPoll(), !h.used && h.readTLS != nil:
		return hasNoUnreadBytes(h.stream(), time.Now().Add(probeTime))
	case h.conn.Readable():
		return false
	}
	return h.readTLS == nil || hasNoUnreadBytes(h.readTLS, time.Unix(1, 0))
}

// isReusableFor is isReusable for the exchange of c. For a request that can be sent again it costs no poll(2) where the
// last response came just now, and nothing behind it; what begins as no response is then no failure yet (roundTripOn).
func (h *h1Conn) isReusableFor(c *Call) bool {
	h.unpolled = h.used && !c.polls && c.mayRepeat() && h.conn.IsDrained() && time.Since(h.idle.since) < quietFor
	switch {
	case !h.unpolled:
		return h.isReusable()
	case h.tls != nil:
		return h.hasNothingReceived()
	}
	return true
}

// hasNothingReceived is hasNoUnreadBytes for what TLS has received, be it decrypted or not yet: it sets no deadline.
func (h *h1Conn) hasNothingReceived() bool {
	h.conn.HoldReads(true)
	defer h.conn.HoldReads(false)
	n, err := h.tls.Read(h.probe[:])
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}

// mayBeStale reports whether the connection has been used, or has been idle for freshFor: the other side may have
// closed it.
func (h *h1Conn) mayBeStale() bool {
	return h.used || !h.idle.since.IsZero() && time.Since(h.idle.since) >= freshFor
}

// hasNoUnreadBytes reports whether nothing can be read from c until a deadline. With a deadline in the past, TLS still
// returns bytes that are decrypted already, and a socket returns none. If nothing was read, c stays usable.
func hasNoUnreadBytes(c net.Conn, deadline time.Time) bool {
	if c.SetReadDeadline(deadline) != nil {
		return false
	}
	n, err := c.Read(make([]byte, 1))
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && c.SetReadDeadline(time.Time{}) == nil
}

// headBuffer is the size in bytes of the buffer through which a header is parsed.
const headBuffer = 4 << 10

// A headReader is the buffer through which a response is read.
type headReader struct {
	*bufio.Reader
	records bool   // raw is kept
	raw     []byte // what was read of the connection while a header was, as it came
	usual   usualHead
}

// headReaders are *headReaders of headBuffer bytes. A connection has one during an exchange only.
var headReaders = sync.Pool{New: func() any { return &headReader{Reader: bufio.NewReaderSize(nil, headBuffer)} }}

// Read reads from the stream for the bufio.Reader, while a header is read no more than a header may have.
func (h *h1Conn) Read(p []byte) (int, error) {
	if h.headLeft < 0 {
		n, err := h.stream().Read(p)
		h.received += int64(n)
		return n, err
	}
	if h.headLeft == 0 {
		return 0, dial.HeaderTooLarge()
	}
	n, err := h.stream().Read(p[:min(len(p), h.headLeft)])
	h.headLeft -= n
	h.received += int64(n)
	if h.in.records {
		h.in.raw = append(h.in.raw, p[:n]...)
	}
	return n, err
}

// roundTrip makes an exchange up to the header of the response. The connection goes back to p once the body has been
// read to its end, and is closed in any other case; also when ctx ends, until the body is read or closed.
func (h *h1Conn) roundTrip(ctx context.Context, c *Call, p *pool) (*http.Response, error) {
	c.gotConn(h.conn, h.tls, h.used)
	h.used = true
	h.in = headReaders.Get().(*headReader)
	h.in.Reset(h)
	b := &c.h1Body
	*b = responseBody{conn: h, pool: p, host: p.hostOf(c.Target)}
	b.attach(ctx)
	b.write = h.writeRequest(c, p)
	resp, reframed, err := h.readResponse(c)
	if err != nil {
		b.end(false)
		return nil, b.write.explain(err)
	}
	b.write.answer()
	b.refused = resp.StatusCode >= http.StatusBadRequest
	b.last = c.onlyOnce || reframed || resp.Close || resp.StatusCode == http.StatusSwitchingProtocols ||
		httpguts.HeaderValuesContainsToken(c.Header["Connection"], "close")
	if resp.Body == http.NoBody {
		b.end(true)
		return resp, nil
	}
	b.in, resp.Body = resp.Body, b
	b.chunked, b.start = len(resp.TransferEncoding) > 0 && !reframed, h.consumed()
	return resp, nil
}

// consumed returns how many bytes of the stream the responses so far have taken.
func (h *h1Conn) consumed() int64 { return h.received - int64(h.in.Buffered()) }

// readResponse reads up to the end of the header of the response, past interim ones (RFC 9110 section 15.2). reframed
// says that a header was read as normalFraming has it: another reader may see another end of the response.
func (h *h1Conn) readResponse(c *Call) (resp *http.Response, reframed bool, err error) {
	h.headLeft, h.in.records = dial.MaxHeaderBytes+headBuffer, false
	req := requestFor(c.Target.Method)
	for {
		start, err := h.in.Peek(len(c.responseStart))
		if len(start) > 0 {
			c.responseStartLen = copy(c.responseStart[:], start)
			c.responded.Store(true)
		}
		if err != nil {
			return nil, false, err
		}
		if !h.in.records {
			if h.readUsualHead(c) {
				return &c.response, false, nil
			}
		}
		begin, isHTTP10 := len(h.in.raw)-h.in.Buffered(), string(start) == "HTTP/1.0"
		resp, err = http.ReadResponse(h.in.Reader, req)
		if (err != nil || isHTTP10) && !reframed {
			if head := normalFraming(h.in.raw[begin:]); head != nil {
				reframed = true
				h.in.Reset(io.MultiReader(bytes.NewReader(head), h))
				h.in.raw, begin = append(h.in.raw[:0], head...), 0
				resp, err = http.ReadResponse(h.in.Reader, req)
			}
		}
		switch {
		case err != nil && h.headLeft == 0: // a line that was cut off is a syntax error to ReadResponse
			return nil, false, dial.HeaderTooLarge()
		case err != nil:
			return nil, false, err
		case resp.StatusCode/100 != 1 || resp.StatusCode == http.StatusSwitchingProtocols:
			c.badTransferEncoding = isHTTP10 && hasHeaderLine(h.in.raw[begin:], "Transfer-Encoding")
			h.headLeft = -1
			return resp, reframed, nil
		}
		if err := c.gotInterim(resp.Header); err != nil {
			return nil, false, err
		}
	}
}

// readUsualHead reads the header of the response into c, and makes the body where there is one, if all of it is in the
// buffer and usual. Else what is in the buffer is the beginning of raw, and nothing has been read.
func (h *h1Conn) readUsualHead(c *Call) bool {
	start, _ := h.in.Peek(h.in.Buffered()) // what is buffered is there
	u := &h.in.usual
	if !u.parse(start, c.Target.Method) {
		h.in.records, h.in.raw = true, append(h.in.raw[:0], start...)
		return false
	}
	u.response(&c.response, c.Target.Method)
	_, _ = h.in.Discard(len(u.text)) // as above
	u.text = nil
	switch {
	case u.chunked:
		c.response.Body = newChunkedBody(h.in.Reader)
	case c.response.Body == nil:
		c.h1Body.length = lengthBody{h.in.Reader, u.length}
		c.response.Body = &c.h1Body.length
	}
	h.headLeft, c.usualHead = -1, true
	return true
}

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
	return n, err
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
