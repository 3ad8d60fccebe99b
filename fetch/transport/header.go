package transport

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
)

// maxHeaderLines is how many lines the header of a response may have, as many as curl allows.
const maxHeaderLines = 5000

// maxHeaderList is net/http's bound on a header, in bytes. It is above what a header within the bounds here comes to as
// HTTP/2 counts, which adds 32 bytes a line (RFC 9113 section 6.5.2), so that whatever net/http refuses is over one of
// them.
const maxHeaderList = 512 << 10

// CheckHead returns the failure of a response whose head can't be accepted: it is over a bound, or invalid in a way
// that net/http accepts. Nil: it can be.
func (c *Call) CheckHead(resp *http.Response) *failure.Failure {
	switch {
	case c.usualHead: // it is within all bounds
		return nil
	case resp.StatusCode < 100 || resp.StatusCode > 999: // +20, 000 and, over HTTP/2, 2000 are read as numbers
		return failure.New(failure.Protocol, "not a valid HTTP answer: a status that is not 100 to 999")
	case c.badTransferEncoding:
		// RFC 9112 section 6.1
		return failure.New(failure.Protocol, "not a valid HTTP answer: Transfer-Encoding, which HTTP/1.0 does not have")
	}
	if resp.ProtoMajor == 2 {
		if wrong := malformedHTTP2(resp.Header); wrong != "" {
			return failure.New(failure.Protocol, "not a valid HTTP/2 answer: %s", wrong)
		}
	}
	return checkHeader(resp.Header)
}

// malformedHTTP2 says in words what in a header HTTP/2 does not allow (RFC 9113 sections 8.2.2 and 8.1.1) and net/http
// accepts; "" is nothing.
func malformedHTTP2(h http.Header) string {
	for _, name := range []string{"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade"} {
		if _, is := h[name]; is {
			return "it has the header " + name
		}
	}
	lengths := h["Content-Length"]
	for _, length := range lengths {
		if _, ok := ParseCount(length); !ok || length != lengths[0] {
			return "its Content-Length is no number, or there are several that differ"
		}
	}
	return ""
}

// checkHeader returns a failure where h is over a bound, or a name in it ends with a space (RFC 9112 section 5.1); nil
// else.
func checkHeader(h http.Header) *failure.Failure {
	lines := 0
	for name, values := range h {
		if strings.HasSuffix(name, " ") || strings.HasSuffix(name, "\t") {
			return failure.New(failure.Protocol, "not a valid HTTP answer: a space between a header's name and its colon")
		}
		lines += len(values)
	}
	switch {
	case HeaderBytes(h) > dial.MaxHeaderBytes:
		return dial.HeaderTooLarge()
	case lines > maxHeaderLines:
		return failure.New(failure.TooLarge, "the header has %d lines, over %d", lines, maxHeaderLines)
	}
	return nil
}

// gotInterim counts the header of an interim response (RFC 9110 section 15.2) towards the bound on headers. It is
// httptrace's Got1xxResponse; its error ends the exchange.
func (c *Call) gotInterim(_ int, h textproto.MIMEHeader) error {
	c.interimBytes += HeaderBytes(http.Header(h)) + len("HTTP/1.1 100 Continue\r\n\r\n")
	if c.interimBytes > dial.MaxHeaderBytes {
		return dial.HeaderTooLarge()
	}
	return nil
}

// HeaderBytes returns how many bytes h has as HTTP/1.1 writes it.
func HeaderBytes(h http.Header) (bytes int) {
	for name, values := range h {
		for _, value := range values {
			bytes += len(name) + len(value) + len(": \r\n")
		}
	}
	return bytes
}

// headerOverrun returns the failure for a header over net/http's bound, where err, which ended an HTTP/2 exchange
// before a response, means that; nil else. Those errors have no type. One is known by its identity. The others end the
// connection with an error code (RFC 9113 section 7) within a header, as early as a length is announced or an entry of
// the table is repeated too often. That of a broken header is the same, so that a long one is known by how much of it
// had come: a frame of 1000 bytes.
func (c *Call) headerOverrun(err error) *failure.Failure {
	if c.conn == nil || c.exclusive {
		return nil
	}
	var stream streamError
	if errors.As(err, &stream) {
		if known := listTooLong(); known == nil || stream.Cause != known {
			return nil
		}
		return dial.HeaderTooLarge()
	}
	const compression, frame = 9, 1000
	code := reflect.ValueOf(failure.Innermost(err))
	if code.Kind() != reflect.Uint32 || code.Uint() != protocolError && code.Uint() != compression {
		return nil
	}
	switch came := c.conn.OverheadBytes() - c.overheadBefore; {
	case code.Uint() == protocolError && came >= dial.MaxHeaderBytes:
		return dial.HeaderTooLarge()
	case came >= frame:
		return failure.New(failure.TooLarge,
			"the header can't be decoded: it is over %d KiB, or broken", dial.MaxHeaderBytes>>10)
	}
	return nil
}

// listTooLong returns the error that net/http's HTTP/2 has as the cause of a stream error where a header is over the
// bound; nil where it can't be had. That error is not exported, so an exchange over a connection in memory, made once,
// provokes it.
var listTooLong = sync.OnceValue(func() error {
	server := &longHeaderServer{requested: make(chan struct{}), closed: make(chan struct{})}
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Transport{Protocols: protocols, MaxResponseHeaderBytes: 1, ResponseHeaderTimeout: time.Second,
		DialContext: func(context.Context, string, string) (net.Conn, error) { return server, nil }}
	defer client.CloseIdleConnections()
	address := &url.URL{Scheme: "http", Host: "overlong.invalid"}
	req := &http.Request{Method: http.MethodGet, URL: address, Header: make(http.Header)}
	trace := &httptrace.ClientTrace{WroteHeaders: server.respond}
	resp, err := client.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err == nil {
		_ = resp.Body.Close() // the body is empty
		return nil
	}
	var stream streamError
	errors.As(err, &stream)
	return stream.Cause
})

// ParseCount parses a number of bytes, and reports whether it is one: digits alone (RFC 9110 sections 8.6 and 14.4).
func ParseCount(text string) (int64, bool) {
	n, err := strconv.ParseUint(text, 10, 63)
	return int64(n), err == nil //nolint:gosec // at most 63 bits
}
