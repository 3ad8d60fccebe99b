package transport

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/http/httpguts"

	"batchfetch/fetch/dial"
)

// quietFor is how soon after its last response a connection may be used again without a poll.
const quietFor = time.Millisecond

// isReusableFor is isReusable for the exchange of c. For a request that can be sent again it costs no poll(2) where the
// last response came just now, and nothing behind it; what begins as no response is then no failure yet (roundTripOn).
func (h *h1Conn) isReusableFor(c *Call) bool {
	h.unpolled = h.used && c.mayRepeat() && h.conn.IsDrained() && c.now().Sub(h.idle.since) < quietFor
	switch {
	case !h.unpolled:
		c.atOnce = false
		return (c.mayRepeat() || !h.endsSoon(time.Now())) && h.isReusable()
	case h.tls != nil:
		return h.hasNothingReceived()
	}
	return true
}

// roundTrip makes an exchange up to the header of the response. The connection goes back to p once the body has been
// read to its end, and is closed in any other case; also when ctx ends, until the body is read or closed.
func (h *h1Conn) roundTrip(ctx context.Context, c *Call, p *pool) (*http.Response, error) {
	c.gotConn(h.conn, h.tls, h.used)
	isFirst := !h.used
	h.used, h.began, h.started, h.acks = true, c.connectedAt, h.received, 0
	h.in = headReaders.Get().(*headReader)
	h.in.Reset(h)
	b := &c.h1Body
	*b = responseBody{conn: h, pool: p, host: p.hostOf(c.Target)}
	b.attach(ctx)
	var first *firstExchange
	if isFirst {
		var over *h1Conn
		if c.mayRepeat() {
			over = h
		}
		first = p.beginFirst(b.host, h.began, over)
	}
	b.write = h.writeRequest(c, p)
	resp, reframed, err := h.readResponse(c)
	if first != nil {
		c.givenUp = p.endFirst(b.host, first, err == nil)
	}
	if err != nil {
		b.end(false)
		return nil, b.write.explain(err)
	}
	c.gotHead()
	h.keptFor = keptFor(resp.Header)
	b.write.answer()
	b.refused = resp.StatusCode >= http.StatusBadRequest
	b.last = c.onlyOnce || reframed || resp.Close || resp.StatusCode == http.StatusSwitchingProtocols ||
		isFirst && c.turnsAway(resp.StatusCode) || httpguts.HeaderValuesContainsToken(c.Header["Connection"], "close")
	if resp.Body == http.NoBody {
		b.end(true)
		return resp, nil
	}
	b.in, resp.Body = resp.Body, b
	b.chunked, b.start = len(resp.TransferEncoding) > 0 && !reframed, h.consumed()
	return resp, nil
}

// turnsAway reports a status by which a host may refuse a connection and not the request, where it is of the first
// response over it: HAProxy (sc_conn_cur) and Squid (maxconn, by 403) count connections that are open, also those that
// no request uses, and refuse all requests over each while they are too many. So that one is closed.
func (c *Call) turnsAway(status int) bool {
	if c.IsRefusal != nil {
		return c.IsRefusal(status)
	}
	return IsRefusal(status)
}

// IsRefusal reports the usual statuses by which a host may refuse a connection.
func IsRefusal(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}

// requestBuffers are *bytes.Buffers in which heads of requests, and small bodies, are put together.
var requestBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// writeRequest writes the request of c, or starts to: nil is that it was written. The error of a write is not
// returned, as reading the response then returns what the server had responded, or why the connection ended; see fail.
func (h *h1Conn) writeRequest(c *Call, p *pool) *bodyWrite {
	text := requestBuffers.Get().(*bytes.Buffer)
	defer requestBuffers.Put(text)
	text.Reset()
	h.writeHead(text, c, p)
	if text.Len()+len(c.Target.Body) > maxAtOnce {
		return h.writeConcurrently(bytes.Clone(text.Bytes()), c.Target.Body)
	}
	text.Write(c.Target.Body)
	if _, err := h.stream().Write(text.Bytes()); err != nil {
		w := &bodyWrite{over: h.conn, ended: make(chan struct{})}
		w.fail(err)
		close(w.ended)
		return w
	}
	return nil
}

// writeHead appends the head of a request: request line and header (RFC 9112 section 3). A proxy is asked for the whole
// URL, with the proxy's credentials.
func (h *h1Conn) writeHead(text *bytes.Buffer, c *Call, p *pool) {
	to := c.Target
	proxy, login := p.forwarder(to)
	b := appendHead(text.AvailableBuffer(), to, proxy != nil, h.headers.linesOf(c.Header))
	if c.Header["Proxy-Authorization"] == nil && !EchoesRequest(to.Method) {
		b = append(b, login...)
	}
	text.Write(append(b, "\r\n"...))
}

// readResponse reads up to the end of the header of the response, past interim ones (RFC 9110 section 15.2). reframed
// says that a header was read as normalHead has it: another reader may see another end of the response.
func (h *h1Conn) readResponse(c *Call) (resp *http.Response, reframed bool, err error) {
	h.headLeft, h.in.records = dial.MaxHeaderBytes+headBuffer, false
	req := requestFor(c.Target.Method)
	var normal *bytes.Reader // of which the buffer is filled first; nil is none
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
		if normal != nil {
			begin -= normal.Len()
		}
		resp, err = http.ReadResponse(h.in.Reader, req)
		c.keepHead(h.in.raw[begin:])
		if err != nil || isHTTP10 || resp.ProtoMajor > 1 || hasSpacedName(resp.Header) {
			if head := normalHead(h.in.raw[begin:]); head != nil {
				reframed, normal = true, bytes.NewReader(head)
				h.in.Reset(io.MultiReader(normal, h))
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
	c.keepHead(u.text)
	u.response(&c.response, c.Target.Method, &c.headers)
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
