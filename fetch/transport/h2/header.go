package h2

import (
	"errors"
	"net/http"
	"strconv"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/http2"
)

// A headerBlock is the header, or trailer, that is being read: a HEADERS frame and its CONTINUATIONs. For the reader
// alone.
type headerBlock struct {
	stream     uint32
	endStream  bool
	frames     int  // so far
	raw        int  // bytes of them
	size       int  // bytes of its fields, as HTTP/1.1 writes them
	tooLarge   bool // over Config.MaxHeaderBytes, with what came before of the stream
	isTrailer  bool
	isReceived bool   // the stream had ended before
	unwanted   bool   // the stream is over: the block is decoded for its effect on the table alone
	before     int    // bytes of interim headers
	status     string // :status; "" where there was none
	wrong      string // why it is malformed, or ""
	hasHop     bool   // it has a field of HTTP/1.1 alone: name.hop
	fields     []field
}

// maxBlockFrames and maxBlock bound a header block beyond its stream, which ends before with HeaderTooLarge: past them
// the connection ends, as a block can't be left out.
const maxBlockFrames, maxBlock = 1 << 14, 4 << 20

// maxKeptFields is how many fields are room for in a headerBlock that is used again.
const maxKeptFields = 256

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

// add adds a field, where the header is not over the bound by now.
func (h *headerBlock) add(f field, most int) {
	if lower := f.name.lower; len(lower) > 0 && lower[0] == ':' {
		switch {
		case h.isTrailer || lower != ":status":
			h.wrong = "a pseudo-header field that no response has (section 8.3.2)"
		case h.status != "" || len(h.fields) > 0:
			h.wrong = "a :status that is not the first field, or a second one (section 8.3)"
		}
		h.status = f.value
		h.size += len(f.value)
		return
	}
	h.size += len(f.name.lower) + len(f.value) + len(": \r\n")
	switch {
	case h.unwanted || h.tooLarge:
		return
	case h.size+h.before > most:
		h.tooLarge = true
		return
	case f.name.wrong:
		h.wrong = "a name of a field that is not valid, or in capitals (section 8.2.1)"
	case !httpguts.ValidHeaderFieldValue(f.value):
		h.wrong = "a value of a field with a control character (section 8.2.1)"
	}
	h.hasHop = h.hasHop || f.name.hop
	h.fields = append(h.fields, f)
}

// endTooLarge ends the stream of a header that is too large. The rest of the block is decoded all the same.
func (c *Conn) endTooLarge(h *headerBlock) {
	h.unwanted, h.fields = true, nil
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.streams[h.stream]; s != nil {
		c.queueReset(s.id, http2.ErrCodeCancel)
		c.endStream(s, c.config.HeaderTooLarge)
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
		return malformed(wrong)
	case h.isTrailer:
		s.response.Trailer = headerOf(h.fields, nil) // before the end of the body, behind which it may be read
		c.gotEnd(s)
	case status/100 == 1:
		s.headers += h.size + len("HTTP/1.1 100 Continue\r\n\r\n")
		if s.headers > c.config.MaxHeaderBytes {
			c.queueReset(s.id, http2.ErrCodeCancel)
			c.endStream(s, c.config.HeaderTooLarge)
		}
		return nil
	default:
		s.respond(c, h, status)
		if h.endStream {
			c.gotEnd(s)
		}
	}
	c.woken.add(s.wake)
	return nil
}

// check returns the status of a header, and says in words why it is malformed (RFC 9113 section 8.1.1); "": it is not.
func (h *headerBlock) check() (status int, wrong string) {
	switch {
	case h.wrong != "":
		return 0, h.wrong
	case h.isTrailer && !h.endStream:
		return 0, "a trailer that does not end the stream (section 8.1)"
	case h.isTrailer:
		return 0, ""
	case h.status == "":
		return 0, "no :status (section 8.3.2)"
	}
	status, err := strconv.Atoi(h.status)
	switch {
	case err != nil:
		return 0, "a :status that is no number (section 8.3.2)"
	case status == http.StatusSwitchingProtocols:
		return 0, "status 101 (section 8.6)"
	case status/100 == 1 && h.endStream:
		return 0, "an interim response that ends the stream (section 8.1)"
	}
	return status, ""
}

// maxUsualFields is how many fields a usual header has at most.
const maxUsualFields = 48

// respond makes the response of a stream. Conn.mu is held.
func (s *stream) respond(c *Conn, h *headerBlock, status int) {
	r := &response{Response: http.Response{
		Status: h.status, StatusCode: status, Proto: "HTTP/2.0", ProtoMajor: 2, ProtoMinor: 0, ContentLength: -1,
		Header: headerOf(h.fields, s.request.Headers), Body: http.NoBody,
	}}
	r.body.conn, r.body.stream = c, s
	lengths := r.Header["Content-Length"]
	if len(lengths) > 0 {
		if n, err := strconv.ParseUint(lengths[0], 10, 63); err == nil {
			r.ContentLength = int64(n) //nolint:gosec // at most 63 bits
		}
	}
	isLengthUsual := len(lengths) == 0 || len(lengths) == 1 && r.ContentLength >= 0
	r.usual = isLengthUsual && !h.hasHop && len(h.fields) <= maxUsualFields && len(h.status) == 3 && status >= 100
	s.noBody = s.request.Method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified
	switch s.expected = r.ContentLength; {
	case s.noBody:
		s.expected = -1
	case s.expected < 0 && h.endStream:
		r.ContentLength = 0
	}
	s.response = r
}

// headerOf returns the header with fields, in the memory of space. Values share one slice.
func headerOf(fields []field, space *HeaderSpace) http.Header {
	header := space.Begin(len(fields))
	for i := range fields {
		header.Add(fields[i].name.canonical, fields[i].value)
	}
	return header.End()
}
