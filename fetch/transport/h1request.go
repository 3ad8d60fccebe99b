package transport

import (
	"bytes"
	"net/http"
	"reflect"
	"strconv"
	"strings"
)

// A headerCache is the header that a connection sent last and its lines, so that a header that is sent again is not
// rendered again.
type headerCache struct {
	header http.Header
	lines  []byte
}

// linesOf returns the lines of a header as they are sent, but for Host and what frames the body; valid until the next
// call. Two headers are the same where they are the same map, as headers are shared and not written to.
func (p *headerCache) linesOf(h http.Header) []byte {
	if p.has(h) {
		return p.lines
	}
	text := bytes.NewBuffer(p.lines[:0])
	if agent := h.Get("User-Agent"); agent != "" {
		_ = http.Header{"User-Agent": {agent}}.Write(text) // a bytes.Buffer does not fail
	}
	if ranges := h["Range"]; ranges != nil {
		_ = http.Header{"Range": ranges}.Write(text) // as above
	}
	_ = h.WriteSubset(text, writtenElsewhere) // as above
	p.header, p.lines = h, text.Bytes()
	return p.lines
}

// has reports whether lines are those of h.
func (p *headerCache) has(h http.Header) bool {
	return p.header != nil && reflect.ValueOf(p.header).Pointer() == reflect.ValueOf(h).Pointer()
}

// appendHead appends the head of a request for to, but for its last, empty line: request line, Host, what frames the
// body, and the other lines. absolute says that the request line has the whole URL, for a proxy.
func appendHead(b []byte, to *Target, absolute bool, lines []byte) []byte {
	b = append(append(b, to.Method...), ' ')
	if absolute {
		b = append(append(append(b, to.URL.Scheme...), "://"...), withoutZone(to.URL.Host)...)
	}
	b = append(append(b, to.URL.RequestURI()...), " HTTP/1.1\r\nHost: "...)
	b = append(append(b, withoutZone(to.HostHeader())...), "\r\n"...)
	if len(to.Body) > 0 || announcesBody(to.Method) {
		b = strconv.AppendInt(append(b, "Content-Length: "...), int64(len(to.Body)), 10)
		b = append(b, "\r\n"...)
	}
	return append(b, lines...)
}

// writtenElsewhere are the headers that WriteSubset, which sorts, leaves out: appendHead or linesOf write them, or they
// would frame the body. Range is ahead of If-Range, as curl -r sends it: Weborf 0.19 takes the first "Range: " of the
// head for the field, that of If-Range too, and answers 400.
var writtenElsewhere = map[string]bool{
	"Host": true, "User-Agent": true, "Range": true,
	"Content-Length": true, "Transfer-Encoding": true, "Trailer": true,
}

// announcesBody reports whether a request of that method has a Content-Length even without a body, as many servers
// want it (RFC 9110 section 8.6).
func announcesBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// requestFor returns a request with what http.ReadResponse needs of one: the method. That of a GET is shared.
func requestFor(method string) *http.Request {
	if method == http.MethodGet {
		return getRequest
	}
	return &http.Request{Method: method}
}

var getRequest = &http.Request{Method: http.MethodGet}

// withoutZone returns host:port without the zone of an IPv6 address, which has a meaning on this machine only (RFC 6874
// section 1).
func withoutZone(host string) string {
	zone, end := strings.IndexByte(host, '%'), strings.LastIndexByte(host, ']')
	if zone < 0 || end < zone || host[0] != '[' {
		return host
	}
	return host[:zone] + host[end:]
}
