package h2

import (
	"net/http"
	"strconv"

	"golang.org/x/net/http/httpguts"
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
