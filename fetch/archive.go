package fetch

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/redact"
)

// archive gives the exchange, which has ended with a, to Options.Archive, unless nothing was sent. Its error ends the
// run.
func (x *exchange) archive(a *judge.Answer, rec *Record) error {
	body := &x.body.capture.body
	defer func() { _ = body.to.Close() }() // it has been read
	if body.err != nil || x.call.ConnectedAt().IsZero() {
		return body.err
	}
	sent := x.proof.sent
	c := Capture{URL: x.to.URL, StartedAt: x.startedAt, EndedAt: x.endedAt, RemoteAddr: rec.RemoteAddr,
		RequestHead: x.call.RequestHead(x.body.capture.lines.LinesOf(sent, x.maskedHeader)),
		RequestBody: x.to.Body, Body: body.to,
		Conditional: sent["If-None-Match"] != nil || sent["If-Modified-Since"] != nil}
	if x.transport.HasProxyFor(&x.to.Target) {
		c.RemoteAddr = ""
	}
	if x.cache.conditions() != nil {
		c.Known = x.cache.lookup.requested
	}
	if resp := x.body.capture.response; resp != nil {
		c.Protocol, c.Status, c.Truncated = resp.Proto, resp.StatusCode, x.truncation(a)
		if c.ResponseHead = x.call.ResponseHead(); c.ResponseHead == nil {
			c.ResponseHead = madeHead(resp)
		}
		c.ResponseHead = redact.Secrets(c.ResponseHead, x.secrets())
	}
	err := x.options.Archive(&c)
	rec.CaptureID = c.ID
	return err
}

// truncation returns why the body of a response that was read up to a is not whole; empty: it is.
func (x *exchange) truncation(a *judge.Answer) Truncation {
	resp, body := x.body.capture.response, &x.body.capture.body
	switch {
	case !x.to.canHaveBody(resp.StatusCode), resp.Body == http.NoBody, body.end == io.EOF,
		resp.ContentLength >= 0 && body.to.Size() == resp.ContentLength:
		return ""
	case a.Failure == nil && body.end != nil:
		return TruncatedDisconnect
	case a.Failure == nil:
		return TruncatedLength
	}
	switch a.Failure.Kind {
	case failure.TooLarge:
		return TruncatedLength
	case failure.Timeout, failure.Stalled:
		return TruncatedTime
	case failure.Reset, failure.Truncated, failure.TLS:
		return TruncatedDisconnect
	}
	return TruncatedUnspecified
}

// maskedHeader returns the header of a request with its secrets masked.
func (x *exchange) maskedHeader(header http.Header) http.Header {
	var masked http.Header
	for name, values := range header {
		if !x.options.isSecretHeader(name) {
			continue
		}
		if masked == nil {
			masked = maps.Clone(header)
		}
		masked[name] = slices.Repeat([]string{redact.Placeholder}, len(values))
	}
	if masked == nil {
		return header
	}
	return masked
}

// madeHead returns the head of a response that has none of its own, as the archives of others have that of HTTP/2: with
// the status line of HTTP/1.1, and the names of fields in lower case.
func madeHead(resp *http.Response) []byte {
	lines := make([]string, 0, len(resp.Header))
	for name, values := range resp.Header {
		for _, value := range values {
			lines = append(lines, strings.ToLower(name)+": "+value+"\r\n")
		}
	}
	slices.Sort(lines)
	return []byte("HTTP/1.1 " + failure.StatusText(resp.StatusCode) + "\r\n" + strings.Join(lines, "") + "\r\n")
}
