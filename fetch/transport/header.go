package transport

import (
	"net/http"
	"strings"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
)

// maxHeaderLines is how many lines the header of a response may have, as many as curl allows.
const maxHeaderLines = 5000

// CheckHead returns the failure of a response whose head can't be accepted: it is over a bound, or invalid in a way
// that net/http accepts. Nil: it can be.
func (c *Call) CheckHead(resp *http.Response) *failure.Failure {
	switch {
	case c.usualHead, c.request2.Usual: // it is within all bounds
		return nil
	case resp.StatusCode < 100 || resp.StatusCode > 999: // +20, 000 and, over HTTP/2, 2000 are read as numbers
		return failure.New(failure.Protocol, "not a valid HTTP answer: a status that is not 100 to 999")
	case c.badTransferEncoding:
		// RFC 9112 section 6.1
		return failure.New(failure.Protocol, "not a valid HTTP answer: Transfer-Encoding, which HTTP/1.0 does not have")
	}
	if resp.ProtoMajor >= 2 {
		if wrong := malformedShared(resp.Header); wrong != "" {
			f := failure.New(failure.Protocol, "not a valid HTTP/%d answer: %s", resp.ProtoMajor, wrong)
			if resp.ProtoMajor == 2 && c.leaveHTTP2() { // nginx 1.22 passes on the Upgrade of an Apache behind it
				f.RetryAs = failure.Reset
			}
			return f
		}
	}
	return checkHeader(resp.Header)
}

// malformedShared says in words what in a header HTTP/2 and HTTP/3 do not allow (RFC 9113 sections 8.2.2 and 8.1.1, RFC
// 9114 sections 4.2 and 4.1.2) and packages h2 and h3 accept; "" is nothing.
func malformedShared(h http.Header) string {
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

// hasSpacedName reports whether a name in h ends with a space (RFC 9112 section 5.1).
func hasSpacedName(h http.Header) bool {
	for name := range h {
		if strings.HasSuffix(name, " ") {
			return true
		}
	}
	return false
}

// checkHeader returns a failure where h is over a bound, or has the name of a header that frames the body with a space
// behind it, which normalHead has left there; nil else.
func checkHeader(h http.Header) *failure.Failure {
	lines := 0
	for name, values := range h {
		if strings.HasSuffix(name, " ") {
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

// gotInterim counts the header of an interim response (RFC 9110 section 15.2) towards the bound on headers. Its error
// ends the exchange.
func (c *Call) gotInterim(h http.Header) error {
	c.interimBytes += HeaderBytes(h) + len("HTTP/1.1 100 Continue\r\n\r\n")
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
