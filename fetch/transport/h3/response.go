package h3

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/quic-go/qpack"
)

// A responseReader reads the response of one exchange off its stream, frame by frame. The exchange alone uses it.
type responseReader struct {
	stream   *stream
	config   *Config
	method   string // of the request
	in       *bufio.Reader
	response *http.Response // nil before it has come

	left     uint64 // bytes of a DATA frame that are to come
	ignored  uint64 // bytes of frames of unknown types
	empty    int    // frames that carried nothing, one after the other
	headers  int    // bytes of the headers of interim responses
	expected int64  // bytes of the body by content-length; negative is unknown
	came     int64  // bytes of the body
	noBody   bool   // the response can't have a body: HEAD, 204, 304

	hasHeader  bool // of the response, which has come
	isError    bool // it is an error, whose server has no use for the rest of the request
	hasTrailer bool // has come
	received   bool // the response has come whole
}

// readResponse reads up to the header of the response, which is behind those of interim ones.
func (r *responseReader) readResponse() (*http.Response, error) {
	for {
		f, err := r.nextFrame()
		switch {
		case err != nil:
			return nil, cutOff(err)
		case f.kind == frameData:
			return nil, connError(frameUnexpected, "a DATA frame before the HEADERS (section 4.1)")
		}
		h, err := r.readHeader(f.length)
		if err != nil {
			return nil, err
		}
		status, err := h.status()
		switch {
		case err != nil:
			return nil, err
		case status/100 != 1:
			return r.respond(h, status), nil
		}
		r.headers += h.size + len("HTTP/1.1 100 Continue\r\n\r\n")
		if r.headers > r.config.MaxHeaderBytes {
			return nil, r.config.HeaderTooLarge
		}
	}
}

// nextFrame reads up to a DATA or HEADERS frame.
func (r *responseReader) nextFrame() (f frameHeader, err error) {
	for {
		if f, err = readFrameHeader(r.in); err != nil {
			return f, err
		}
		r.stream.setResponded()
		if r.empty++; f.length > 0 && f.kind == frameData {
			r.empty = 0
		}
		switch {
		case f.kind == frameHeaders, f.kind == frameData && f.length > 0:
			return f, nil
		case r.empty > maxEmpty:
			return f, connError(ExcessiveLoad, "frames without end that carry nothing (section 10.5)")
		case f.kind == frameData && !r.hasHeader:
			return f, nil
		case f.kind == frameData:
			continue
		case f.kind == framePushPromise:
			return f, connError(idError, "a PUSH_PROMISE, though none was allowed (section 7.2.5)")
		case f.isKnown():
			return f, connError(frameUnexpected, "a frame that does not belong on the stream of a request (section 7.2)")
		case f.length > maxIgnored-r.ignored:
			return f, connError(ExcessiveLoad, "frames of unknown types that are too large (section 10.5)")
		}
		r.ignored += f.length
		if err = f.skip(r.in); err != nil {
			return f, err
		}
	}
}

// readHeader reads the rest of a HEADERS frame.
func (r *responseReader) readHeader(length uint64) (*headerBlock, error) {
	most := r.config.MaxHeaderBytes
	if length > uint64(most) { //nolint:gosec // above 0
		return nil, r.config.HeaderTooLarge
	}
	block := make([]byte, length)
	if _, err := io.ReadFull(r.in, block); err != nil {
		return nil, cutOff(err)
	}
	h := &headerBlock{header: make(http.Header)}
	next := qpack.NewDecoder().Decode(block)
	for {
		f, err := next()
		switch {
		case errors.Is(err, io.EOF):
			return h, nil
		case err != nil:
			return nil, connError(decompressionFailed, "a field section that can't be decoded (RFC 9204 section 2.2)")
		}
		if wrong := h.add(f, r.hasHeader); wrong != "" {
			return nil, malformed(wrong)
		}
		if h.size+r.headers > most {
			return nil, r.config.HeaderTooLarge
		}
	}
}

// respond returns the response, without its body.
func (r *responseReader) respond(h *headerBlock, status int) *http.Response {
	answer := &http.Response{Status: h.first, StatusCode: status, Proto: "HTTP/3.0", ProtoMajor: 3, ContentLength: -1,
		Header: h.header}
	if length := answer.Header["Content-Length"]; len(length) > 0 {
		if n, err := strconv.ParseUint(length[0], 10, 63); err == nil {
			answer.ContentLength = int64(n) //nolint:gosec // at most 63 bits
		}
	}
	r.noBody = r.method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified
	if r.expected = answer.ContentLength; r.noBody {
		r.expected = 0
	}
	r.hasHeader, r.isError, r.response = true, status >= http.StatusBadRequest, answer
	return answer
}

// readBody reads what comes of the body into p, and waits for it. The error is io.EOF at the end of the response.
func (r *responseReader) readBody(p []byte) (int, error) {
	for r.left == 0 {
		if err := r.nextData(); err != nil {
			return 0, err
		}
	}
	n, err := r.in.Read(p[:min(uint64(len(p)), r.left)])
	r.left -= uint64(n) //nolint:gosec // not negative
	r.came += int64(n)
	if errors.Is(err, errEnd) && r.left == 0 { // it is that of the next read too
		err = nil
	}
	return n, cutOff(err)
}

// nextData reads up to what is in a DATA frame. The error is io.EOF at the end of the response.
func (r *responseReader) nextData() error {
	f, err := r.nextFrame()
	switch {
	case errors.Is(err, errEnd):
		if r.came < r.expected {
			return io.ErrUnexpectedEOF
		}
		r.received = true
		return io.EOF
	case err != nil:
		return err
	case r.hasTrailer:
		return connError(frameUnexpected, "a frame behind the trailer (section 4.1)")
	case f.kind == frameHeaders:
		r.hasTrailer = true
		trailer, err := r.readHeader(f.length)
		if err == nil {
			r.response.Trailer = trailer.header
		}
		return err
	case r.noBody:
		return malformed("DATA of a response that has no body (section 4.1.2)")
	case r.expected >= 0 && f.length > uint64(r.expected-r.came): //nolint:gosec // not negative
		return malformed("more DATA than content-length says (section 4.1.2)")
	}
	r.left = f.length
	return nil
}
