package fetch

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"time"
)

// maxHeaderBytes and maxHeaderLines bound the header of an answer, as HTTP/1 would write it; curl allows 300 KB and as many lines.
const maxHeaderBytes, maxHeaderLines = 256 << 10, 5000

// maxHeaderList is where net/http stops: above what a header within the bounds comes to in HTTP/2's counting, 32 bytes a
// line included (RFC 9113 section 6.5.2), so that whatever net/http refuses is over one of them.
const maxHeaderList = 512 << 10

func headerTooLarge() *Failure {
	return failf(TooLarge, "the header is over %d KiB", maxHeaderBytes>>10)
}

// checkHead is a Failure where the head of an answer is over a bound, or wrong in a way that net/http lets pass.
func (x *exchange) checkHead(resp *http.Response) *Failure {
	switch {
	case resp.StatusCode < 100 || resp.StatusCode > 999: // +20, 000 and, over HTTP/2, 2000 are read as numbers
		return failf(Protocol, "not a valid HTTP answer: a status that is not 100 to 999")
	case x.early:
		return failf(Protocol, "not a valid HTTP answer: Transfer-Encoding, which HTTP/1.0 does not have") // RFC 9112 section 6.1
	}
	if resp.ProtoMajor == 2 {
		if wrong := malformed2(resp.Header); wrong != "" {
			return failf(Protocol, "not a valid HTTP/2 answer: %s", wrong)
		}
	}
	return checkHeader(resp.Header)
}

// malformed2 says what of a header HTTP/2 does not allow (RFC 9113 section 8.2.2 and 8.1.1), and net/http lets pass; empty is nothing.
func malformed2(h http.Header) string {
	for _, name := range []string{"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade"} {
		if _, is := h[name]; is {
			return "it has the header " + name
		}
	}
	lengths := h["Content-Length"]
	for _, length := range lengths {
		if _, ok := parseCount(length); !ok || length != lengths[0] {
			return "its Content-Length is no number, or there are several that differ"
		}
	}
	return ""
}

// checkHeader is a Failure where h is over a bound, or has a space where none may be (RFC 9112 section 5.1).
func checkHeader(h http.Header) *Failure {
	lines := 0
	for name, values := range h {
		if strings.HasSuffix(name, " ") || strings.HasSuffix(name, "\t") {
			return failf(Protocol, "not a valid HTTP answer: a space between a header's name and its colon")
		}
		lines += len(values)
	}
	switch {
	case headerBytes(h) > maxHeaderBytes:
		return headerTooLarge()
	case lines > maxHeaderLines:
		return failf(TooLarge, "the header has %d lines, over %d", lines, maxHeaderLines)
	}
	return nil
}

// interim counts the headers of interim answers (RFC 9110 section 15.2) as part of the answer's.
func (x *exchange) interim(_ int, h textproto.MIMEHeader) error {
	x.ahead += headerBytes(http.Header(h)) + len("HTTP/1.1 100 Continue\r\n\r\n")
	if x.ahead > maxHeaderBytes {
		return headerTooLarge()
	}
	return nil
}

func headerBytes(h http.Header) (bytes int) {
	for name, values := range h {
		for _, value := range values {
			bytes += len(name) + len(value) + len(": \r\n")
		}
	}
	return bytes
}

// overrun returns a Failure where what ended an HTTP/2 exchange before an answer is that its header was over net/http's bound;
// else nil. Those errors have no type: one is known by its identity, the others end the connection with a number (RFC 9113
// section 7) in the midst of a header, and so are known by how much of it had come: all that the bound allows, or, where a
// single value is too long for the decoder, at least a frame full.
func (x *exchange) overrun(err error) *Failure {
	if x.carrier == nil || x.conn != nil {
		return nil
	}
	var stream streamError
	if errors.As(err, &stream) {
		if known := listTooLong(); known == nil || stream.Cause != known {
			return nil
		}
		return headerTooLarge()
	}
	const protocol, compression, frame = 1, 9, 16 << 10
	code := reflect.ValueOf(innermost(err))
	if code.Kind() != reflect.Uint32 {
		return nil
	}
	switch came := x.carrier.received.Load() - x.carrier.bodies.Load() - x.before; {
	case code.Uint() == protocol && came >= maxHeaderBytes:
		return headerTooLarge()
	case code.Uint() == compression && came >= frame:
		return failf(TooLarge, "the header can't be decoded: it is over %d KiB, or broken", maxHeaderBytes>>10)
	}
	return nil
}

// listTooLong returns what net/http's HTTP/2 gives as the cause of a stream's end where a header is over the bound. It has no
// name, so one is provoked, once, over a connection in memory; nil where none came of that.
var listTooLong = sync.OnceValue(func() error {
	server := &overlong{asked: make(chan struct{}), gone: make(chan struct{})}
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Transport{Protocols: protocols, MaxResponseHeaderBytes: 1, ResponseHeaderTimeout: time.Second,
		DialContext: func(context.Context, string, string) (net.Conn, error) { return server, nil }}
	defer client.CloseIdleConnections()
	req := &http.Request{Method: http.MethodGet, URL: &url.URL{Scheme: "http", Host: "overlong.invalid"}, Header: make(http.Header)}
	resp, err := client.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{WroteHeaders: server.answer})))
	if err == nil {
		_ = resp.Body.Close() // there is none
		return nil
	}
	var stream streamError
	errors.As(err, &stream)
	return stream.Cause
})
