package fetch

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/redact"
	"batchfetch/fetch/spool"
)

// A Capture is one exchange as it went over the wire, for Options.Archive. Redirects that are followed, attempts that
// are repeated and pages are each one of their own. The secrets of the request are masked in both heads, not in the
// bodies. It is the caller's, and valid until Archive returns.
type Capture struct {
	// ID is set by Archive: what it knows the response by, or the request where there is none. It becomes
	// Record.CaptureID.
	ID string
	// URL is what was requested. It may have userinfo and a fragment.
	URL *url.URL
	// StartedAt is when the exchange began, EndedAt when the response had come, or failed.
	StartedAt, EndedAt time.Time
	// RemoteAddr is host:port of the server; empty is not known, as behind a proxy.
	RemoteAddr string
	// Protocol is the version of the response, such as HTTP/1.1 or HTTP/2.0; empty is no response.
	Protocol string
	// RequestHead is the head of the request up to its empty line; RequestBody the body. That of a request over HTTP/2 is
	// what HTTP/1.1 would have sent.
	RequestHead, RequestBody []byte
	// Status is the status of the response, and ResponseHead its head up to its empty line: as it came over HTTP/1.1, made
	// of the status and the fields, in the order of their names, over HTTP/2. Nil is no response.
	Status       int
	ResponseHead []byte
	// Body is the body as it came, in its content codings and without those of the transfer. Truncated says why it is not
	// whole.
	Body      *spool.Buffer
	Truncated Truncation
	// Conditional says that the request asked whether a response is still valid (RFC 9110 section 13), Known when that one
	// was requested; zero is not known.
	Conditional bool
	Known       time.Time
}

// A Truncation is why a body was not read to its end. Empty: it was.
type Truncation string

// Why bodies are truncated: the reasons of WARC 1.1 section 5.13.
const (
	TruncatedLength      Truncation = "length"      // Options.MaxBody, or it was not needed
	TruncatedTime        Truncation = "time"        // a limit of time
	TruncatedDisconnect  Truncation = "disconnect"  // the connection ended
	TruncatedUnspecified Truncation = "unspecified" // all else
)

// capturedMemory is how much of the body of a Capture is held in memory, in bytes.
const capturedMemory = 1 << 20

// An exchangeCapture is the Capture of an exchange while its response is read.
type exchangeCapture struct {
	response *http.Response // nil: none has come
	body     capturedBody
}

// A capturedBody copies a body, as it is read, to a Buffer.
type capturedBody struct {
	in  io.Reader // nil: it has not been read
	to  *spool.Buffer
	end error // of in; io.EOF: it was read to its end
	err error // of to
}

// Read is io.Reader's.
func (b *capturedBody) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	b.end = err
	if b.err == nil {
		_, b.err = b.to.Write(p[:n])
	}
	return n, err
}

// captured returns a reader of the body of the response, in, that keeps it for the Capture.
func (x *exchange) captured(in io.Reader) io.Reader {
	if x.capture == nil {
		return in
	}
	x.capture.body.in = in
	return &x.capture.body
}

// archive gives the exchange, which has ended with a, to Options.Archive, unless nothing was sent. Its error ends the
// run.
func (x *exchange) archive(a *judge.Answer, rec *Record) error {
	body := &x.capture.body
	defer func() { _ = body.to.Close() }() // it has been read
	if body.err != nil || x.call.ConnectedAt().IsZero() {
		return body.err
	}
	conditional := x.proof.sent
	c := Capture{URL: x.to.URL, StartedAt: x.startedAt, EndedAt: x.endedAt, RemoteAddr: rec.RemoteAddr,
		RequestHead: x.call.RequestHead(x.maskedHeader()), RequestBody: x.to.Body, Body: body.to,
		Conditional: conditional["If-None-Match"] != nil || conditional["If-Modified-Since"] != nil}
	if x.transport.HasProxyFor(&x.to.Target) {
		c.RemoteAddr = ""
	}
	if x.cache.conditions() != nil {
		c.Known = x.cache.lookup.requested
	}
	if resp := x.capture.response; resp != nil {
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
	resp, body := x.capture.response, &x.capture.body
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

// maskedHeader returns the header of the request with its secrets masked.
func (x *exchange) maskedHeader() http.Header {
	header := x.proof.sent
	var masked http.Header
	for name, values := range header {
		if !x.isSecret(name) {
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
