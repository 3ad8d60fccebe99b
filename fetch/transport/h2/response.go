package h2

import (
	"errors"
	"net/http"
	"strconv"

	"golang.org/x/net/http2"
)

// beginHeader begins a block.
func (c *Conn) beginHeader(f *http2.HeadersFrame) error {
	fields := c.block.fields
	if cap(fields) > maxKeptFields {
		fields = nil
	}
	clear(fields)
	c.block = headerBlock{stream: f.StreamID, endStream: f.StreamEnded(), fields: fields[:0]}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.streams[f.StreamID]
	if s == nil {
		c.block.unwanted = true
		return c.isKnown(f.FrameHeader)
	}
	c.answered = true
	if s.response == nil { // else the request is the caller's again
		s.request.Responded = true
	}
	c.block.isTrailer, c.block.isReceived, c.block.before = s.response != nil, s.received, s.headers
	return nil
}

// addHeader decodes a fragment of the block, and ends it behind the last.
func (c *Conn) addHeader(fragment []byte, last bool) error {
	h := &c.block
	h.frames++
	h.raw += len(fragment)
	if last {
		c.control = 0
	}
	err := c.decoder.write(fragment, func(f field) { h.add(f, c.config.MaxHeaderBytes) })
	if h.size+len(c.decoder.rest)+h.before > c.config.MaxHeaderBytes+maxNames || errors.Is(err, errTooLong) {
		h.tooLarge = true
	}
	if h.tooLarge && !h.unwanted {
		c.endTooLarge(h)
	}
	switch {
	case errors.Is(err, errTooLong), h.raw > maxBlock, h.frames > maxBlockFrames:
		return connError(http2.ErrCodeEnhanceYourCalm, "a header that is too large to be left out (section 10.5.1)")
	case err != nil:
		return connError(http2.ErrCodeCompression, "a header block that can't be decoded (section 4.3)")
	case !last:
		return nil
	}
	if c.decoder.end() != nil {
		return connError(http2.ErrCodeCompression, "a header block that ends within a field (section 4.3)")
	}
	if h.unwanted {
		return nil
	}
	return c.gotHeader(h)
}

// endTooLarge ends the stream of a header that is too large. The rest of the block is decoded all the same.
func (c *Conn) endTooLarge(h *headerBlock) {
	h.unwanted, h.fields = true, nil
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.streams[h.stream]; s != nil {
		c.resetStream(s, http2.ErrCodeCancel, c.config.HeaderTooLarge)
	}
}

// gotHeader takes a whole block: an interim response, the header of the response, or a trailer.
func (c *Conn) gotHeader(h *headerBlock) error {
	status, wrong := h.check()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.streams[h.stream]
	switch {
	case s == nil:
		return nil
	case h.isReceived:
		return streamError(http2.ErrCodeStreamClosed, "a HEADERS frame behind the end of the stream (section 5.1)")
	case wrong != "":
		return &Error{Code: http2.ErrCodeProtocol, Reason: wrong, BadHeader: !h.isTrailer}
	case h.isTrailer:
		s.response.Trailer = headerOf(h.fields, nil) // before the end of the body, behind which it may be read
		c.endResponse(s)
	case status/100 == 1:
		s.headers += h.size + len("HTTP/1.1 100 Continue\r\n\r\n")
		if s.headers > c.config.MaxHeaderBytes {
			c.resetStream(s, http2.ErrCodeCancel, c.config.HeaderTooLarge)
		}
		return nil
	default:
		c.respond(s, h, status)
		c.wakeBlocked()
		if h.endStream {
			c.endResponse(s)
		}
	}
	c.woken.add(s.wake)
	return nil
}

// maxUsualFields is how many fields a usual header has at most.
const maxUsualFields = 48

// respond makes the response of a stream. mu is held.
func (c *Conn) respond(s *stream, h *headerBlock, status int) {
	r := &response{Response: http.Response{
		Status: h.status, StatusCode: status, Proto: "HTTP/2.0", ProtoMajor: 2, ProtoMinor: 0, ContentLength: -1,
		Header: headerOf(h.fields, s.request.Headers),
	}}
	r.Body, r.body.conn, r.body.stream = &r.body, c, s
	lengths := r.Header["Content-Length"]
	if len(lengths) > 0 {
		if n, err := strconv.ParseUint(lengths[0], 10, 63); err == nil {
			r.ContentLength = int64(n) //nolint:gosec // at most 63 bits
		}
	}
	isLengthUsual := len(lengths) == 0 || len(lengths) == 1 && r.ContentLength >= 0
	s.usual = isLengthUsual && !h.hasHop && len(h.fields) <= maxUsualFields && len(h.status) == 3 && status >= 100
	s.noBody = s.request.Method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified
	switch s.expected = r.ContentLength; {
	case s.noBody:
		s.expected = -1
	case s.expected < 0 && h.endStream:
		r.ContentLength = 0
	}
	s.response = &r.Response
}

// headerOf returns the header with fields, in the memory of space. Values share one slice.
func headerOf(fields []field, space *HeaderSpace) http.Header {
	header := space.Begin(len(fields))
	for i := range fields {
		header.Add(fields[i].name.canonical, fields[i].value)
	}
	return header.End()
}
