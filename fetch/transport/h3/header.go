package h3

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/quic-go/qpack"
	"golang.org/x/net/http/httpguts"
)

// readResponse reads up to the header of the response, which is behind those of interim ones.
func (x *Exchange) readResponse() (*http.Response, error) {
	for {
		f, err := x.nextFrame()
		switch {
		case err != nil:
			return nil, cutOff(err)
		case f.kind == frameData:
			return nil, connError(frameUnexpected, "a DATA frame before the HEADERS (section 4.1)")
		}
		h, err := x.readHeader(f.length)
		if err != nil {
			return nil, err
		}
		status, err := h.status()
		switch {
		case err != nil:
			return nil, err
		case status/100 != 1:
			return x.respond(h, status), nil
		}
		x.headers += h.size + len("HTTP/1.1 100 Continue\r\n\r\n")
		if x.headers > x.conn.config.MaxHeaderBytes {
			return nil, x.conn.config.HeaderTooLarge
		}
	}
}

// nextFrame reads up to a DATA or HEADERS frame.
func (x *Exchange) nextFrame() (f frameHeader, err error) {
	for {
		if f, err = readFrameHeader(x.in); err != nil {
			return f, err
		}
		x.setResponded()
		if x.empty++; f.length > 0 && f.kind == frameData {
			x.empty = 0
		}
		switch {
		case f.kind == frameHeaders, f.kind == frameData && f.length > 0:
			return f, nil
		case x.empty > maxEmpty:
			return f, connError(excessiveLoad, "frames without end that carry nothing (section 10.5)")
		case f.kind == frameData && !x.hasHeader:
			return f, nil
		case f.kind == frameData:
			continue
		case f.kind == framePushPromise:
			return f, connError(idError, "a PUSH_PROMISE, though none was allowed (section 7.2.5)")
		case f.isKnown():
			return f, connError(frameUnexpected, "a frame that does not belong on the stream of a request (section 7.2)")
		case f.length > maxIgnored-x.ignored:
			return f, connError(excessiveLoad, "frames of unknown types that are too large (section 10.5)")
		}
		x.ignored += f.length
		if err = f.skip(x.in); err != nil {
			return f, err
		}
	}
}

// setResponded takes note that something of a response has come.
func (x *Exchange) setResponded() {
	if x.responded {
		return
	}
	x.conn.mu.Lock()
	defer x.conn.mu.Unlock()
	x.responded, x.conn.answered = true, true
}

// A headerBlock is a header, or a trailer.
type headerBlock struct {
	header http.Header
	first  string // :status; "" where there was none
	size   int    // bytes of its fields, as HTTP/1.1 writes them
}

// readHeader reads the rest of a HEADERS frame.
func (x *Exchange) readHeader(length uint64) (*headerBlock, error) {
	most := x.conn.config.MaxHeaderBytes
	if length > uint64(most) { //nolint:gosec // above 0
		return nil, x.conn.config.HeaderTooLarge
	}
	block := make([]byte, length)
	if _, err := io.ReadFull(x.in, block); err != nil {
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
		if wrong := h.add(f, x.hasHeader); wrong != "" {
			return nil, malformed(wrong)
		}
		if h.size+x.headers > most {
			return nil, x.conn.config.HeaderTooLarge
		}
	}
}

// add adds a field, and says in words why it makes the header, or trailer, malformed (RFC 9114 sections 4.2, 4.3); "":
// it does not.
func (h *headerBlock) add(f qpack.HeaderField, isTrailer bool) (wrong string) {
	if strings.HasPrefix(f.Name, ":") {
		switch {
		case isTrailer || f.Name != ":status":
			return "a pseudo-header field that no response has (section 4.3.2)"
		case h.first != "" || len(h.header) > 0:
			return "a :status that is not the first field, or a second one (section 4.3)"
		}
		h.first = f.Value
		h.size += len(f.Value)
		return ""
	}
	h.size += len(f.Name) + len(f.Value) + len(": \r\n")
	switch {
	case !httpguts.ValidHeaderFieldName(f.Name) || strings.ToLower(f.Name) != f.Name:
		return "a name of a field that is not valid, or in capitals (section 4.2)"
	case !httpguts.ValidHeaderFieldValue(f.Value):
		return "a value of a field with a control character (section 4.2)"
	}
	name := http.CanonicalHeaderKey(f.Name)
	h.header[name] = append(h.header[name], f.Value)
	return ""
}

// status returns the status of a response. Its error says why the header is malformed (RFC 9114 section 4.1.2).
func (h *headerBlock) status() (int, error) {
	status, err := strconv.Atoi(h.first)
	switch {
	case h.first == "":
		return 0, malformed("no :status (section 4.3.2)")
	case err != nil:
		return 0, malformed("a :status that is no number (section 4.3.2)")
	case status == http.StatusSwitchingProtocols:
		return 0, malformed("status 101 (section 4.5)")
	}
	return status, nil
}

// respond returns the response, without its body.
func (x *Exchange) respond(h *headerBlock, status int) *http.Response {
	r := &http.Response{Status: h.first, StatusCode: status, Proto: "HTTP/3.0", ProtoMajor: 3, ContentLength: -1,
		Header: h.header}
	if length := r.Header["Content-Length"]; len(length) > 0 {
		if n, err := strconv.ParseUint(length[0], 10, 63); err == nil {
			r.ContentLength = int64(n) //nolint:gosec // at most 63 bits
		}
	}
	x.noBody = x.request.Method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified
	if x.expected = r.ContentLength; x.noBody {
		x.expected = 0
	}
	x.hasHeader, x.isError, x.response = true, status >= http.StatusBadRequest, r
	return r
}
