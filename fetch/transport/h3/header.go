package h3

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/quic-go/qpack"
	"golang.org/x/net/http/httpguts"
)

// A headerBlock is a header, or a trailer.
type headerBlock struct {
	header http.Header
	first  string // :status; "" where there was none
	size   int    // bytes of its fields, as HTTP/1.1 writes them
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
